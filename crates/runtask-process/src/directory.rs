//! Makes temporary directories that nobody else can read.

use crate::guard;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What the names of these directories begin with.
const PREFIX: &str = "runtask-";

/// A temporary directory for its owner alone (mode 0700), removed with all that is in it when this is dropped, and by
/// the guard when nobody lives to drop it.
#[derive(Debug)]
pub struct PrivateDirectory {
    /// There until it is dropped.
    directory: Option<TempDir>,
    path: PathBuf,
}

impl PrivateDirectory {
    /// Makes one where the system keeps temporary files.
    ///
    /// # Errors
    ///
    /// When that place is full, missing or not writable.
    pub fn new() -> io::Result<Self> {
        let owner_alone = Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix(PREFIX).permissions(owner_alone).tempdir()?;
        let path = directory.path().to_owned();
        guard::watch_directory(&path);
        Ok(Self { directory: Some(directory), path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        drop(self.directory.take());
        // Somebody who was killed may not be dead yet, and write. What cannot be removed even then, the guard tries again.
        if !self.path.exists() || guard::remove(&self.path) {
            guard::forget_directory(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_the_owner_can_look_into_it_and_it_goes_with_its_value() {
        let directory = PrivateDirectory::new().unwrap();
        let path = directory.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(path.join("main.tf"), "").unwrap();
        drop(directory);
        assert!(!path.exists());
    }
}
