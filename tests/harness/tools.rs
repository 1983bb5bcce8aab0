//! Finds the tools that `make setup` sets up.

use std::path::{Path, PathBuf};

/// The path of a tool: from `RUNTASK_TOOLS`, else from `.tools/bin`, else from `PATH`.
///
/// # Panics
///
/// If it is nowhere.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the Makefile says through the environment where tools are")]
pub fn tool(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::var_os("RUNTASK_TOOLS").map(PathBuf::from).into_iter();
    let mut files = directories.chain([own]).chain(std::env::split_paths(&path)).map(|it| it.join(name));
    files.find(|it| it.is_file()).unwrap_or_else(|| panic!("there is no {name}; `make setup` sets it up"))
}

/// The CLI configuration that says where terraform gets its providers: `make setup` writes it.
///
/// # Panics
///
/// If it is not there.
#[must_use]
pub fn terraform_settings() -> PathBuf {
    let file = tool("terraform").with_file_name("terraform.tfrc");
    assert!(file.is_file(), "{} is not there; `make setup` makes it", file.display());
    file
}
