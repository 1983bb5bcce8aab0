//! Runs the command on a terminal of so many columns, as people see it.

use crate::on_terminal::shown;
use crate::place::Place;
use crate::{EMPTY_PLAN, POLICIES, path};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A policy whose results have prose, code and tables.
fn place() -> Place {
    let policy = "package a\n\nimport rego.v1\n\nwarn contains {\"msg\": \"a message of more words than a narrow terminal has columns for, by far\", \
                  \"fix\": \"advice of more words than a narrow terminal has columns for, by far, as well\"} if true\n";
    Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)])
}

/// U-07: prose fits the terminal, errors too; in a pipe every line stays whole.
#[test]
fn prose_is_as_wide_as_the_terminal() {
    let place = place();
    let plan = path(EMPTY_PLAN);
    for columns in [60, 80, 160] {
        for arguments in [&["check", &*plan][..], &["check", &plan, "--color", "never", "--task", "none"]] {
            let shown = shown(&place, columns, &["NO_COLOR=1".to_owned()], arguments);
            // A path is one word.
            let words = shown.lines().filter(|it| !it.contains(&plan));
            assert!(words.clone().all(|it| it.chars().count() <= columns), "{columns}: {shown}");
            assert!(!shown.contains('\u{1b}'), "{shown}");
        }
    }
    let said = place.run(&["check", &plan]);
    assert!(
        said.out.contains("a message of more words than a narrow terminal has columns for, by far\n"),
        "{}",
        said.out
    );
    assert!(shown(&place, 80, &[], &["check", &plan]).contains("\u{1b}[32mpassed\u{1b}[0m"));
}

/// U-07: a person who waits is told that something is done; a program is not.
#[test]
fn there_is_a_sign_of_life_after_a_second() {
    let place = Place::with(&[("main.tf", "a = 1\n"), ("bin/terraform", "#!/bin/sh\nsleep 2\n")]);
    let terraform = place.path().join("bin/terraform");
    fs::set_permissions(&terraform, fs::Permissions::from_mode(0o755)).unwrap();
    let variable = |it: &Path| format!("RUNTASK_TERRAFORM={}", it.display());
    let shown = shown(&place, 80, &[variable(&terraform)], &["check"]);
    assert!(shown.contains("\nchecking…\n") && shown.contains("Format check passed"), "{shown}");
    let place = place.variable("RUNTASK_TERRAFORM", terraform.display().to_string());
    let said = place.run(&["check"]);
    assert_eq!((said.code, &*said.err), (0, "Task without a runtask.toml: default (fmt)\n"));
}
