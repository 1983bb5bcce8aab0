//! Finds the real terraform.

use crate::place::repository;
use std::path::PathBuf;

/// The terraform that tests run: on `PATH`, or where `make setup` puts it.
#[expect(clippy::disallowed_methods, reason = "a test has no settings file; it looks where a shell would")]
#[expect(clippy::expect_used, reason = "helpers of tests may end a test")]
pub(crate) fn terraform() -> PathBuf {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&directories).chain([repository(".tools/bin")]);
    let found = directories.map(|it| it.join("terraform")).find(|it| it.is_file());
    found.expect("this test needs terraform: run `make setup`")
}
