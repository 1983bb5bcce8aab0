//! Tests `runtask scanners`, `check --sarif` and the check `scanner`, as people meet them.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

mod place;

use place::{Place, repository_text};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const FIXTURES: &str = "crates/runtask-scanners/tests/fixtures";

/// A task with a scanner of one's own, which says what it sees and then prints a report.
const SCANNER: &str = "[tasks.default]\nchecks = [\"scanner\"]\n[[tasks.default.scanner]]\nname = \"own\"\nprofile = \"sarif\"\n\
                       program = \"bin/own\"\narguments = [\"{input}\"]\n";

fn fixture(name: &str) -> String {
    repository_text(&format!("{FIXTURES}/{name}"))
}

/// A directory with that task, and its scanner.
fn place(script: &str) -> Place {
    let place = Place::with(&[
        ("runtask.toml", SCANNER),
        ("configuration/main.tf", "locals {}\n"),
        ("configuration/.checkov.yaml", "skip-check: [all]\n"),
        ("configuration/trivy.yaml", "exit-code: 0\n"),
        ("configuration/.semgrepignore", "*\n"),
        ("configuration/.tflint.hcl", "config {}\n"),
        ("bin/own", &format!("#!/bin/sh\n{script}\n")),
        ("report.sarif", &fixture("by-hand/tflint.sarif")),
    ]);
    fs::set_permissions(place.path().join("bin/own"), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// F-09: what a tool has found elsewhere goes through the same thresholds and renderings.
#[test]
fn a_file_of_another_tool_is_judged() {
    let place = Place::with(&[
        ("tflint.sarif", &fixture("by-hand/tflint.sarif")),
        ("bad.sarif", &fixture("semgrep/bad-rules.sarif")),
        ("none.sarif", &fixture("trivy/broken.sarif")),
        ("broken.sarif", "{"),
    ]);
    let codes = |arguments: &[&str]| place.run(&[&["check", "--sarif"], arguments].concat()).code;
    assert_eq!(codes(&["tflint.sarif"]), 1);
    assert_eq!(codes(&["tflint.sarif", "--fail-on", "critical"]), 0);
    assert_eq!(codes(&["tflint.sarif", "--fail-on", "never"]), 0);
    assert_eq!(codes(&["none.sarif", "--fail-on", "any"]), 0);
    assert_eq!(codes(&["bad.sarif", "--fail-on", "never"]), 2);
    assert_eq!(codes(&["broken.sarif"]), 2);
    assert_eq!(codes(&["nowhere.sarif"]), 2);
    assert_eq!(codes(&["tflint.sarif", "--sarif", "bad.sarif"]), 1);
    assert_eq!(codes(&["tflint.sarif", "."]), 2);
    let said = place
        .run_on(&["check", "--sarif", "-", "--format", "github"], fixture("by-hand/tflint.sarif").as_bytes());
    assert!(said.out.contains("::error file=modules/web/main.tf,line=7"), "{}", said.out);
    let said = place.run(&["check", "--sarif", "tflint.sarif", "--sarif", "bad.sarif", "--json"]);
    let result: Value = serde_json::from_str(&said.out).unwrap();
    insta::assert_snapshot!(result["checks"][0]["headline"], @r#""tflint: 6 findings; bad.sarif: the scanner could not check: One of these properties is missing: 'message'; invalid configuration file found (1 configs were invalid)""#);
}

/// Our own SARIF, read back, has the same findings at the same places. Where nobody knows a line, it says the first one.
#[test]
fn our_own_sarif_is_read_as_it_was_written() {
    let place = Place::with(&[("tflint.sarif", &fixture("by-hand/tflint.sarif"))]);
    let findings = |said: &str| -> Vec<Value> {
        let result: Value = serde_json::from_str(said).unwrap();
        let findings = result["checks"][0]["findings"].as_array().unwrap().clone();
        let line = |it: &Value| it["line"].as_u64().unwrap_or(1);
        let seen = |it: &Value| {
            serde_json::json!([it["code"], it["level"], it["subject"]["file"], line(&it["subject"])])
        };
        findings.iter().map(seen).collect()
    };
    let first = place.run(&["check", "--sarif", "tflint.sarif", "--json"]);
    let sarif = place.run(&["check", "--sarif", "tflint.sarif", "--format", "sarif"]);
    let again = place.run_on(&["check", "--sarif", "-", "--json"], sarif.out.as_bytes());
    assert_eq!(findings(&first.out).len(), 6);
    assert_eq!(findings(&again.out), findings(&first.out));
}

#[test]
fn scanners_are_listed_with_what_is_installed() {
    let place = Place::with(&[("bin/tflint", "")]);
    let tflint = place.path().join("bin/tflint");
    fs::set_permissions(&tflint, fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.variable("PATH", tflint.parent().unwrap().to_str().unwrap());
    let said = place.run(&["scanners", "--json"]);
    let all: Value = serde_json::from_str(&said.out).unwrap();
    let installed = all.as_array().unwrap().iter().filter(|it| it["path"].is_string());
    let installed: Vec<_> =
        installed.map(|it| (it["name"].as_str().unwrap(), it["path"].as_str().unwrap())).collect();
    assert_eq!(installed, [("tflint", tflint.to_str().unwrap())]);
    let said = place.run(&["scanners"]);
    assert!(said.out.contains(&format!("  program    {}\n", tflint.display())), "{}", said.out);
    assert!(said.out.contains("not installed: there is no `checkov` on PATH or in /opt/bin"), "{}", said.out);
}

/// A run of HCP Terraform: the scanner is given code, and none of the settings that came with it.
#[test]
fn a_run_is_scanned() {
    let script =
        "find \"$1\" -type f | sed \"s|$1/||\" > seen; cat seen >&2; cp seen \"$OUT\"; cat \"$REPORT\"";
    let place = place(script);
    let (seen, report) = (place.path().join("seen"), place.path().join("report.sarif"));
    let text = format!("{SCANNER}environment = [\"OUT\", \"REPORT\"]\n");
    fs::write(place.path().join("runtask.toml"), text).unwrap();
    let place = place.variable("OUT", seen.to_str().unwrap()).variable("REPORT", report.to_str().unwrap());
    for command in ["check", "simulate"] {
        let said = place.run(&[command, "configuration"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains("own: 6 findings in 1 file"), "{}", said.out);
        assert_eq!(fs::read_to_string(&seen).unwrap(), "main.tf\n", "{command}");
        fs::remove_file(&seen).unwrap();
    }
}

/// F-09: the example is one that can be run; what is not installed has not passed.
#[test]
fn the_common_stack_can_be_run() {
    let example = |name: &str| repository_text(&format!("examples/common-stack/{name}"));
    let place = Place::with(&[("runtask.toml", &example("runtask.toml")), ("main.tf", &example("main.tf"))]);
    let said = place.run(&["check", ".", "--task", "lint"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(
        said.out.contains("Scanner tflint could not run: tflint cannot run: there is no program tflint"),
        "{}",
        said.out
    );
    let said = place.run(&["check", "--task", "plan", "--plan", "-"]);
    assert!(
        said.err.starts_with("Task of runtask.toml: plan (plan-summary, policy, cost)\n"),
        "{}",
        said.err
    );
}

/// What could not be checked is no pass, for whoever asks.
#[test]
fn a_scanner_that_says_nothing_fails_the_run() {
    let place = place("exit 0");
    let said = place.run(&["check", "configuration"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("Scanner own could not run: own wrote no output"), "{}", said.out);
    assert_eq!(said.err, "Task of runtask.toml: default (scanner)\n");
    let said = place.run(&["simulate", "configuration"]);
    assert_eq!(said.code, 1, "{said:?}");
    let said = place.variable("RUNTASK_ON_ERROR", "passed").run(&["check", "configuration"]);
    assert_eq!(said.code, 0, "{said:?}");
}
