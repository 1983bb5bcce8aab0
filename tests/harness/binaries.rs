//! Builds the binaries under test before they run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::cargo::forget_package;

/// The path of a binary of this workspace, as fresh as the sources.
///
/// The first call in a process builds all of them, in the profile and the target directory of the test.
///
/// # Panics
///
/// If the build fails, or there is no such binary.
pub fn binary(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let binary = DIRECTORY.get_or_init(build).join(name);
    assert!(binary.is_file(), "the workspace has no binary `{name}`: {} is missing", binary.display());
    binary
}

/// Builds all binaries; returns where they are.
#[expect(clippy::disallowed_methods, reason = "Cargo says through the environment which one of it runs")]
fn build() -> PathBuf {
    // target/[<triple>/]<profile>/deps/it-0123456789abcdef
    let test = std::env::current_exe().unwrap();
    let directory = test.ancestors().nth(2).unwrap();
    let profile = match last_part(directory) {
        "debug" => "dev",
        other => other,
    };
    let parent = directory.parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    forget_package(&mut command);
    command.args(["build", "--quiet", "--locked", "--workspace", "--bins", "--profile", profile]);
    // Cargo marks the target directory itself; what lies between is the triple it was asked to build for.
    if parent.join("CACHEDIR.TAG").is_file() {
        command.arg("--target-dir").arg(parent);
    } else {
        command.arg("--target-dir").arg(parent.parent().unwrap()).args(["--target", last_part(parent)]);
    }
    let status = command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).status().unwrap();
    assert!(status.success(), "the binaries do not build: {command:?} ended with {status}");
    directory.to_owned()
}

fn last_part(path: &Path) -> &str {
    path.file_name().and_then(|it| it.to_str()).unwrap()
}
