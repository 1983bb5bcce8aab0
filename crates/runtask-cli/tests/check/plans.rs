//! Plans as people make them: in the encodings of their terminals, and files that are something else.

use crate::place::{Place, repository_text};
use crate::{EMPTY_PLAN, PUBLIC_PLAN, SHIPPED, terraform};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// P-03: what PowerShell's `>` writes, and an editor.
#[test]
fn a_plan_in_any_encoding_has_the_same_findings() {
    let plan = repository_text(PUBLIC_PLAN);
    let place = Place::with(&[
        ("runtask.toml", SHIPPED),
        ("plan.json", &plan),
        ("marked.json", &format!("\u{feff}{plan}")),
    ]);
    let utf16: Vec<u8> = "\u{feff}"
        .chars()
        .chain(plan.chars())
        .flat_map(|it| {
            it.encode_utf16(&mut [0; 2]).iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<_>>()
        })
        .collect();
    fs::write(place.path().join("utf16.json"), &utf16).unwrap();
    let expected = place.run(&["check", "plan.json"]);
    assert_eq!(expected.code, 1, "{expected:?}");
    for said in [
        place.run(&["check", "marked.json"]),
        place.run(&["check", "utf16.json"]),
        place.run_on(&["check", "-"], &utf16),
    ] {
        assert_eq!((said.code, &said.out, &said.err), (1, &expected.out, &expected.err));
    }
}

/// P-03: the error says what it is, and what to type.
#[test]
fn a_file_that_is_no_plan_is_named() {
    let place = Place::with(&[("main.tf", "resource \"terraform_data\" \"one\" {}\n")])
        .variable("RUNTASK_CHECKS", "plan-summary");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(terraform());
        command.args(arguments).current_dir(place.path()).env("CHECKPOINT_DISABLE", "1");
        let output = command.env("TF_CLI_CONFIG_FILE", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output.stdout
    };
    run(&["init"]);
    let log = run(&["plan", "-json", "-out=saved"]);
    let plan = run(&["show", "-json", "saved"]);
    let for_people = run(&["show", "-no-color", "saved"]);
    let wrapped = [&b"[command]/usr/bin/terraform-bin show -json saved\n"[..], &plan].concat();
    let said = |content: &[u8]| {
        fs::write(place.path().join("plan.json"), content).unwrap();
        let (check, simulate) =
            (place.run(&["check", "plan.json"]), place.run(&["simulate", "--plan", "plan.json"]));
        assert_eq!((check.code, simulate.code, &*check.out), (2, 2, ""), "{check:?} {simulate:?}");
        let reason = |it: &str| it.split_once("because: ").unwrap().1.trim_end().to_owned();
        assert_eq!(reason(&check.err), reason(&simulate.err));
        reason(&check.err)
    };
    assert_eq!(place.run_on(&["check", "-"], &plan).code, 0);
    let show = "`terraform show -json FILE`";
    assert_eq!(said(b""), format!("the plan is empty: {show} prints one, and nothing where it fails"));
    assert_eq!(
        said(&log),
        format!(
            "this is the log of `terraform plan -json` and not the plan: save that with `terraform plan -out=FILE`, and \
             give what {show} prints"
        )
    );
    assert!(
        said(&wrapped).starts_with("the plan begins at line 2, and what stands before it is not JSON: keep")
    );
    assert_eq!(said(&for_people), format!("the plan is not JSON: give what {show} prints"));
    // `check` converts one that is named.
    fs::copy(place.path().join("saved"), place.path().join("plan.json")).unwrap();
    let simulate = place.run(&["simulate", "--plan", "plan.json"]);
    assert!(simulate.err.contains("this is a saved plan and not JSON"), "{}", simulate.err);
}

/// S-09: the limit is for the JSON too, which may be many times the file that it is made of; what is more is not kept.
#[test]
fn a_saved_plan_has_the_limit_as_json() {
    let place = Place::with(&[("plan", "PK\x03\x04"), ("terraform", "#!/bin/sh\nexec yes '{}'\n")]);
    let script = place.path().join("terraform");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.variable("RUNTASK_TERRAFORM", script.to_str().unwrap());
    let place =
        place.variable("RUNTASK_MAX_PLAN_BYTES", "1000000").variable("RUNTASK_CHECKS", "plan-summary");
    let said = place.run(&["check", "plan"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the plan is larger than 1000000 bytes, the limit of RUNTASK_MAX_PLAN_BYTES"),
        "{}",
        said.err
    );
}

/// P-02: whichever check reads it.
#[test]
fn a_plan_that_ended_with_an_error_fails() {
    let plan = repository_text("tests/fixtures/plans/errored/plan.json");
    let place = Place::with(&[("runtask.toml", SHIPPED), ("plan.json", &plan)]);
    let said = place.run(&["check", "plan.json"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("The plan ended with an error, and what it does not hold was not checked"));
    assert_eq!(place.run_on(&["check", "-"], repository_text(EMPTY_PLAN).as_bytes()).code, 0);
}
