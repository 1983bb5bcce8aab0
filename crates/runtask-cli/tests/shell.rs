//! What shells and `man` are told of the command.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

use std::fs;
use std::process::Command;

fn runtask(arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_runtask")).args(arguments).output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{arguments:?}: {said:?}");
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn bash_completes_a_command_and_its_option() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("runtask");
    fs::write(&script, runtask(&["completions", "bash"])).unwrap();
    let complete = |words: &str, last: &str| {
        let asked = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _runtask runtask '{last}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let said = Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
        assert!(said.status.success(), "{said:?}");
        String::from_utf8(said.stdout).unwrap()
    };
    assert_eq!(complete("runtask che", "che"), "check\n");
    assert!(complete("runtask fmt --rec", "--rec").contains("--recursive"));
}

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(runtask(&["completions", shell]).contains("simulate"), "{shell}");
    }
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("man1");
    runtask(&["man", below.to_str().unwrap()]);
    let read = |name: &str| fs::read_to_string(below.join(name)).unwrap();
    assert!(read("runtask.1").contains(".TH runtask 1"));
    assert!(read("runtask-policy-test.1").contains(".SH OPTIONS"));
    // A page that is there already is written again.
    runtask(&["man", below.to_str().unwrap()]);
}
