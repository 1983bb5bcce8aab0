//! What `--help` says of every command, as people see it.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use std::process::{Command, Stdio};

/// What the command at `path` says of itself, where nothing is set and a line has 100 columns.
fn help(path: &[String]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runtask-runner"));
    command.args(path).arg("--help").env_clear().env("COLUMNS", "100").stdin(Stdio::null());
    let said = command.output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{path:?}: {said:?}");
    String::from_utf8(said.stdout).unwrap()
}

/// The commands that a help lists, but for `help` itself.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|it| *it != "Commands:").skip(1).take_while(|it| !it.is_empty());
    // What is said of a command may take more lines than one; those are indented further.
    let names = listed.filter_map(|it| it.strip_prefix("  ")?.split(' ').next());
    names.filter(|it| !["", "help"].contains(it)).map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself() {
    let commands = commands(&help(&[]));
    assert!(commands.len() > 5, "{commands:?}");
    insta::assert_snapshot!("runner", help(&[]));
    for command in commands {
        insta::assert_snapshot!(format!("runner-{command}"), help(&[command]));
    }
}
