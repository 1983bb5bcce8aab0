//! Finds programs by their names.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a Lambda layer's programs are.
///
/// Source: AWS Lambda, "Packaging your layer content": layers are unpacked below `/opt`.
const LAYER: &str = "/opt/bin";

/// The program called `name`: in a directory of `path`, which is written as `PATH` is, or else of a Lambda layer.
///
/// Relative entries of `path`, an empty one among them, are passed over: they would run what a checkout brings along.
#[must_use]
pub fn find_program(name: &str, path: &str) -> Option<PathBuf> {
    let directories = std::env::split_paths(path).filter(|it| it.is_absolute());
    let directories = directories.chain([PathBuf::from(LAYER)]);
    directories.map(|it| it.join(name)).find(|it| is_program(it))
}

/// Whether it is a file that somebody may run.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    #[test]
    fn a_program_is_found_in_absolute_directories_only() {
        let directory = tempfile::tempdir().unwrap();
        let tool = directory.path().join("tool");
        fs::write(&tool, "").unwrap();
        fs::set_permissions(&tool, Permissions::from_mode(0o755)).unwrap();
        let here = directory.path().to_str().unwrap();
        assert_eq!(find_program("tool", &format!("/nonexistent:{here}")), Some(tool.clone()));
        assert_eq!(find_program("tool", &format!(":.:{}", here.trim_start_matches('/'))), None);
        fs::set_permissions(&tool, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find_program("tool", here), None);
    }
}
