//! What every command has in common, and what `--help` says of each, as people see it. That every command has a snapshot,
//! `arguments.rs` tests.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use std::process::{Command, Output, Stdio};

/// What comes of the command at `path` with an option more, where nothing is set but how wide a line is.
fn run(path: &[String], option: &str, columns: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runtask"));
    command.args(path).arg(option).env_clear().env("COLUMNS", columns).stdin(Stdio::null());
    command.output().unwrap()
}

/// What the command at `path` says of itself.
fn help(path: &[String], columns: &str) -> String {
    let said = run(path, "--help", columns);
    assert!(said.status.success() && said.stderr.is_empty(), "{path:?}: {said:?}");
    String::from_utf8(said.stdout).unwrap()
}

/// The way to every command, beginning with none.
fn paths() -> Vec<Vec<String>> {
    let mut paths = vec![Vec::new()];
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        let names = commands(&help(&path, "100"));
        paths.extend(names.into_iter().map(|it| [&path[..], &[it]].concat()));
        at += 1;
    }
    paths
}

/// The commands that a help lists, but for `help` itself, and `runner`, a program with snapshots of its own.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|it| *it != "Commands:").skip(1).take_while(|it| !it.is_empty());
    // What is said of a command may take more lines than one; those are indented further.
    let names = listed.filter_map(|it| it.strip_prefix("  ")?.split(' ').next());
    names.filter(|it| !["", "help", "runner"].contains(it)).map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    for path in paths() {
        let name = ["runtask".to_owned()].iter().chain(&path).cloned().collect::<Vec<_>>().join("-");
        insta::assert_snapshot!(name, help(&path, "100"));
    }
}

#[test]
fn every_command_has_the_same_options_and_fits_into_the_terminal() {
    let paths = paths();
    assert!(paths.len() > 25, "{paths:?}");
    for path in paths {
        let help = help(&path, "60");
        for option in ["--json", "--color <WHEN>", "--log <LEVEL>", "--log-format <FORMAT>", "-h, --help"] {
            assert!(help.contains(option), "{path:?} has no {option}:\n{help}");
        }
        assert!(!help.contains('\u{1b}'), "{path:?} is coloured in a pipe:\n{help}");
        // What is to be typed stays in one line.
        let (options, _examples) = help.split_once("\nOptions of every command:").unwrap();
        let is_wide = |line: &&str| line.chars().count() > 60 && !line.starts_with("Usage: ");
        let wide: Vec<&str> = options.lines().filter(is_wide).collect();
        assert!(wide.is_empty(), "{path:?}: {wide:#?}");
    }
}

/// With the exit code that says that it could not be done; that of `fmt` is terraform's.
#[test]
fn every_command_refuses_what_it_does_not_know_in_the_same_words() {
    for path in paths() {
        let said = run(&path, "--no-such-option", "80");
        let code = if path == ["fmt"] { 1 } else { 2 };
        let error = String::from_utf8(said.stderr).unwrap();
        assert_eq!((said.status.code(), &*said.stdout), (Some(code), &b""[..]), "{path:?}: {error}");
        assert!(error.starts_with("error: ") && error.contains("--no-such-option"), "{path:?}: {error}");
        assert!(error.contains("--help") && !error.contains('\u{1b}'), "{path:?}: {error}");
    }
}
