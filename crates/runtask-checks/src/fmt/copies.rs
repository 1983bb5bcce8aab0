//! Copies of files, for terraform to format.

use super::files::suffix;
use runtask_process::PrivateDirectory;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Files under names of our own, in a directory of our own, which is deleted when this is dropped.
///
/// Terraform then prints only names that we gave: those in the configuration can hold line breaks, terminal
/// codes, or what looks like one of terraform's own lines.
#[derive(Debug)]
pub(super) struct Copies {
    directory: PrivateDirectory,
    pub(super) files: Vec<Copy>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Copy {
    /// The path of the file that it is a copy of.
    pub(super) original: PathBuf,
    /// Its name in the directory of copies.
    pub(super) name: String,
}

impl Copies {
    /// None so far.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { directory: PrivateDirectory::new()?, files: Vec::new() })
    }

    /// Copies a file.
    pub(super) fn add(&mut self, original: PathBuf, content: &[u8]) -> io::Result<()> {
        let suffix = original.file_name().and_then(suffix).unwrap_or_default();
        let name = format!("{:05}{suffix}", self.files.len());
        let mut owner_alone = OpenOptions::new();
        owner_alone.write(true).create_new(true).mode(0o600);
        owner_alone.open(self.path().join(&name))?.write_all(content)?;
        self.files.push(Copy { original, name });
        Ok(())
    }

    /// What is in a copy now.
    pub(super) fn read(&self, copy: &Copy) -> io::Result<Vec<u8>> {
        fs::read(self.path().join(&copy.name))
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}
