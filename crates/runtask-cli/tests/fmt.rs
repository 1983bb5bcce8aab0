//! Tests `runtask fmt` as a process, beside the real terraform.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]
#![expect(dead_code, reason = "other tests use more of a place")]

mod place;
#[path = "place/terraform.rs"]
mod terraform;

use place::{Place, Said};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use terraform::terraform;

/// A tree with everything that is told apart: suffixes, hidden files, backups, directories, links, errors.
const TREE: &[(&str, &str)] = &[
    ("main.tf", "a   = 1\nbcd = 2\n"),
    ("b.tfvars", "x=1\n"),
    ("ok.tf", "a = 1\n"),
    ("c.tftest.hcl", "run \"x\" {\nvariables {\n}\n}\n"),
    ("d.tfmock.hcl", "a=1\n"),
    ("e.hcl", "a=1\n"),
    ("f.tf.json", "{}"),
    (".hidden.tf", "a=1\n"),
    ("backup.tf~", "a=1\n"),
    ("#lock.tf#", "a=1\n"),
    ("#open.tf", "a=1\n"),
    ("net/z.tf", "a=1\n"),
    ("net/deep/y.tf", "a=1\n"),
    ("net/.terraform/m.tf", "a=1\n"),
    ("m.tf/inside.tf", "a=1\n"),
    ("bom/bom.tf", "\u{feff}a=1\n"),
    ("crlf/crlf.tf", "a=1\r\nbcd=2\r\n"),
    ("bad/one.tf", "a = \n"),
    ("bad/two.tf", "b {\n"),
    ("bad/good.tf", "a=1\n"),
];

/// What the files of a directory hold.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if let Ok(content) = fs::read(entry.path()) {
                found.insert(entry.path().strip_prefix(directory).unwrap().to_owned(), content);
            }
        }
    }
    found
}

/// What `terraform fmt` says in a directory.
fn by_terraform(directory: &Path, arguments: &[&str], input: &[u8]) -> Said {
    let mut command = Command::new(terraform());
    command.arg("fmt").args(arguments).current_dir(directory).env_clear();
    command.env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
    // It starts `diff`.
    command.env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let said = child.wait_with_output().unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    Said { code: said.status.code().unwrap(), out: text(said.stdout), err: text(said.stderr) }
}

/// Where errors are, from what either says of them.
fn places(err: &str) -> Vec<&str> {
    err.lines()
        .filter(|it| it.starts_with("  on "))
        .map(|it| it.split(", in ").next().unwrap().trim_end_matches(':'))
        .collect()
}

#[test]
fn it_does_what_terraform_does() {
    let lines: &[&[&str]] = &[
        &[],
        &["-check"],
        &["-check", "-recursive"],
        &["-check", "-recursive", "net"],
        &["-recursive"],
        &["-list=false", "-recursive", "net"],
        &["-write=false"],
        &["-write=false", "-recursive", "net", "bad"],
        &["--write=0", "--list=T", "--recursive", "net"],
        &["-check", "-list=false"],
        &["-diff", "net"],
        &["-diff", "-write=false", "-list=false", "main.tf", "b.tfvars"],
        &["-check", "-diff", "."],
        &["-check", "-diff", "-recursive", "bad"],
        &["bad"],
        &["-recursive", "bad", "net"],
        &["./net/../net//deep"],
        &["net/.terraform"],
        &[".hidden.tf", "backup.tf~"],
        &["net/.terraform/m.tf", "main.tf"],
        &["nowhere"],
        &["net", "nowhere", "bom"],
        &["e.hcl", "net"],
        &["m.tf"],
        &["crlf", "bom"],
        &["-nonsense"],
        &["-list=maybe"],
    ];
    for line in lines {
        let (ours, theirs) = (Place::with(TREE), Place::with(TREE));
        let expected = by_terraform(theirs.path(), &[&["-no-color"], *line].concat(), b"");
        let arguments = [&["fmt"], *line].concat();
        let said = ours.run(&arguments);
        assert_eq!((said.code, &said.out), (expected.code, &expected.out), "{line:?}: {said:?}");
        assert_eq!(places(&said.err), places(&expected.err), "{line:?}");
        assert_eq!(contents(ours.path()), contents(theirs.path()), "{line:?}");
    }
}

#[test]
fn links_are_followed_to_files_alone() {
    let place = || {
        let place = Place::with(&[("real/a.tf", "a=1\n"), ("x/b.txt", "a=1\n"), ("x/ok.tf", "a = 1\n")]);
        symlink("../real/a.tf", place.path().join("x/link.tf")).unwrap();
        symlink("b.txt", place.path().join("x/text.tf")).unwrap();
        symlink("../real", place.path().join("x/directory")).unwrap();
        place
    };
    let (ours, theirs) = (place(), place());
    let expected = by_terraform(theirs.path(), &["-recursive", "x"], b"");
    let said = ours.run(&["fmt", "-recursive", "x"]);
    assert_eq!((said.code, said.out), (expected.code, expected.out));
    assert_eq!(contents(ours.path()), contents(theirs.path()));
    assert!(ours.path().join("x/link.tf").is_symlink());
    for (target, reason) in [("nowhere", "a link that leads nowhere"), ("../real", "a link to a directory")] {
        let ours = place();
        symlink(target, ours.path().join("x/odd.tf")).unwrap();
        let said = ours.run(&["fmt", "x"]);
        assert_eq!((said.code, said.err), (2, format!("error: x/odd.tf: it is {reason}\n")));
        assert_eq!(said.out, "x/link.tf\nx/text.tf\n", "the others are written");
    }
    let ours = place();
    assert!(Command::new("mkfifo").arg(ours.path().join("x/pipe.tf")).status().unwrap().success());
    let said = ours.run(&["fmt", "-check", "x"]);
    assert_eq!((said.code, said.err.as_str()), (2, "error: x/pipe.tf: it is not a regular file\n"));
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let place = Place::with(&[]);
    for line in
        [&["-"][..], &["-check", "-"], &["-diff", "-"], &["-check", "-diff", "-"], &["-write=false", "-"]]
    {
        for input in ["a   = 1\nbcd = 2", "a = 1\n", "a = \n", ""] {
            let expected = by_terraform(place.path(), line, input.as_bytes());
            let said = place.run_on(&[&["fmt"], line].concat(), input.as_bytes());
            assert_eq!((said.code, said.out), (expected.code, expected.out), "{line:?} {input:?}");
        }
    }
    let said = place.run_on(&["fmt", "--stdin-filename", "net/a.tf", "-"], b"a =");
    assert_eq!(said.code, 2);
    assert!(said.err.contains("  on net/a.tf line 1:\n   1: a =\n"), "{}", said.err);
    let said = place.run_on(&["fmt", "--stdin-filename", "a.json", "-"], b"{}");
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert_eq!(place.run(&["fmt", "-", "a.tf"]).code, 2);
}

#[test]
fn what_terraform_loses_is_told_where_it_is_written() {
    let place = Place::with(&[("a.tf", "a = 1\nresource \"a$b\" \"c\" {}\nb = z[true]\n")]);
    let said = place.run(&["fmt", "-check"]);
    assert_eq!((said.code, said.err.as_str()), (3, ""));
    let said = place.run(&["fmt"]);
    insta::assert_snapshot!(said.err, @"
    warning: a.tf line 2: a label with `$` or `%` in it is dropped (terraform does the same)
    warning: a.tf line 3: a constant index is dropped, and what is left cannot be read any more (terraform does the same)
    ");
    let theirs = Place::with(&[("a.tf", "a = 1\nresource \"a$b\" \"c\" {}\nb = z[true]\n")]);
    by_terraform(theirs.path(), &[], b"");
    assert_eq!(contents(place.path()), contents(theirs.path()));
}

#[test]
fn opentofu_formats_files_of_its_own() {
    let files =
        [("a.tf", "a=1\n"), ("b.tofu", "a=1\n"), ("c.tofutest.hcl", "a=1\n"), ("d.tfmock.hcl", "a=1\n")];
    assert_eq!(Place::with(&files).run(&["fmt"]).out, "a.tf\nd.tfmock.hcl\n");
    assert_eq!(Place::with(&files).run(&["fmt", "--flavour", "tofu"]).out, "a.tf\nb.tofu\nc.tofutest.hcl\n");
}

#[test]
fn programs_read_json() {
    let place = Place::with(TREE);
    let said = place.run(&["fmt", "-recursive", "-diff", "--json", "bad", "net", "ok.tf"]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    let files: BTreeMap<_, _> = value["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["status"].as_str().unwrap()))
        .collect();
    let expected = [
        ("bad/good.tf", "written"),
        ("bad/one.tf", "unparsable"),
        ("bad/two.tf", "unparsable"),
        ("net/deep/y.tf", "written"),
        ("net/z.tf", "written"),
        ("ok.tf", "formatted"),
    ];
    assert_eq!((said.code, files), (2, BTreeMap::from(expected)));
    let one = value["files"].as_array().unwrap().iter().find(|it| it["path"] == "bad/one.tf").unwrap();
    assert_eq!(one["errors"][0]["summary"], "Invalid expression");
    assert_eq!((&one["errors"][0]["line"], &one["errors"][0]["column"]), (&1.into(), &5.into()));
}

#[test]
fn a_file_in_doubt_is_left_alone_and_told() {
    let doubtful = "a=1\nresource \"\u{378}\" \"b\" {}\n";
    let place = Place::with(&[("a.tf", doubtful), ("b.tf", "a=1\n")]);
    let said = place.run(&["fmt"]);
    assert_eq!((said.code, said.out.as_str()), (2, "b.tf\n"));
    assert_eq!(fs::read_to_string(place.path().join("a.tf")).unwrap(), doubtful);
    insta::assert_snapshot!(said.err, @"error: a.tf: line 2: there are characters in a label whose normal form is not certain; ask terraform about this file");
}

/// Root writes it all the same.
#[test]
fn a_file_that_cannot_be_written_is_told() {
    let place = Place::with(&[("a.tf", "a=1\n")]);
    fs::set_permissions(place.path().join("a.tf"), fs::Permissions::from_mode(0o400)).unwrap();
    let said = place.run(&["fmt"]);
    let written = fs::read_to_string(place.path().join("a.tf")).unwrap() == "a = 1\n";
    assert_eq!((said.code, said.out.is_empty()), if written { (0, false) } else { (2, true) });
}

#[test]
fn it_can_be_compared_with_terraform() {
    let program = terraform().display().to_string();
    let place = Place::with(TREE).variable("RUNTASK_TERRAFORM", program);
    let before = contents(place.path());
    let said = place.run(&["fmt", "--compare", "-recursive"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "14 files: 14 the same as by terraform, 0 different, 0 not sure\n")
    );
    assert_eq!(contents(place.path()), before);

    let place = Place::with(TREE);
    let fake = place.path().join("fake");
    fs::write(&fake, "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let place = place.variable("RUNTASK_TERRAFORM", fake.display().to_string());
    let said = place.run(&["fmt", "--compare", "main.tf", "ok.tf", "bad/one.tf"]);
    assert_eq!(said.code, 3);
    insta::assert_snapshot!(said.out, @"
    bad/one.tf:1: terraform would leave it alone, the native formatter finds Invalid expression on line 1
    3 files: 2 the same as by terraform, 1 different, 0 not sure
    ");
    let said = Place::with(TREE).run(&["fmt", "--compare"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("terraform is neither on PATH nor at /opt/bin/terraform"), "{}", said.err);
}
