//! What a terraform that is not to be trusted can read of the command that starts it.

use crate::place::Place;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

const KEY: &str = "a-key-that-nobody-else-may-have-1234";

/// S-08: neither environment nor memory, although both have the same user. Root reads everything, and so the command is
/// run without the rights that make it so, as in a container.
#[cfg(target_os = "linux")]
#[test]
fn terraform_cannot_read_the_environment_of_the_command() {
    let place = Place::with(&[("main.tf", "")]);
    let script = place.path().join("terraform");
    let read = "cat /proc/$PPID/environ > environ; cat /proc/$PPID/cmdline > cmdline; (exec 3< /proc/$PPID/mem) && echo open > mem";
    fs::write(&script, format!("#!/bin/sh\ncd {}\n{read}\n", place.path().display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();

    let is_root = Path::new("/proc/self").metadata().unwrap().uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-sys_ptrace,-perfmon,-sys_admin"]).arg(place.program());
        command
    } else {
        Command::new(place.program())
    };
    command.args(["check", "."]).current_dir(place.path());
    let environment = [("HMAC_KEY", KEY), ("PATH", "/usr/bin:/bin")];
    command.env_clear().envs(environment).env("RUNTASK_TERRAFORM", &script);
    let output = command.output().unwrap();

    let file = |name: &str| fs::read(place.path().join(name)).unwrap();
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(String::from_utf8_lossy(&file("cmdline")).contains("check"), "it did not run: {}", said());
    assert_eq!(String::from_utf8_lossy(&file("environ")), "", "its parent's environment");
    assert!(!place.path().join("mem").exists(), "its parent's memory");
}
