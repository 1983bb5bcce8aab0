//! `runtask runner` becomes the program beside it.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn runner_becomes_the_program_beside_runtask_and_says_where_it_is_missing() {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtask = directory.path().join("runtask");
    std::fs::hard_link(env!("CARGO_BIN_EXE_runtask"), &runtask).unwrap();
    let run = |arguments: &[&str]| Command::new(&runtask).args(arguments).env_clear().output().unwrap();
    let missing = run(&["runner", "run"]);
    assert_eq!(missing.status.code(), Some(2));
    let words = String::from_utf8(missing.stderr).unwrap();
    assert!(words.contains("runtask-runner is neither beside runtask nor on PATH"), "{words}");

    let program = directory.path().join("runtask-runner");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$@\"\nexit 7\n").unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    for (arguments, given) in [
        (&["runner", "--help"][..], "--help|"),
        (&["--json", "runner", "start", "runner", "--region=x"][..], "--json|start|runner|--region=x|"),
    ] {
        let said = run(arguments);
        assert_eq!((said.status.code(), String::from_utf8(said.stdout).unwrap().as_str()), (Some(7), given));
    }
}
