//! Lets programs that Cargo has started start Cargo.

use std::process::Command;

/// What Cargo tells a program about the program's own package begins so.
const OF_THE_PACKAGE: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// Keeps from `command` what Cargo has told this program about its package.
///
/// There are build scripts that depend on it, that of ring for one: Cargo runs them again when it is started with other
/// words than before, and then compiles all that depends on them, which is half of the workspace, and once more when the
/// next build is started from a shell.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_of_package =
            name.to_str().is_some_and(|it| OF_THE_PACKAGE.iter().any(|of| it.starts_with(of)));
        if is_of_package {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_a_package_is_not_passed_on() {
        let said = |command: &mut Command| String::from_utf8(command.output().unwrap().stdout).unwrap();
        let (mut env, mut forgetful) = (Command::new("env"), Command::new("env"));
        forget_package(&mut forgetful);
        assert!(said(&mut env).contains("CARGO_PKG_NAME=runtask-tests"));
        let passed_on = said(&mut forgetful);
        assert!(!OF_THE_PACKAGE.iter().any(|it| passed_on.contains(it)), "{passed_on}");
        assert!(passed_on.contains("PATH="));
    }
}
