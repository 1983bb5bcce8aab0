//! Holds a file of tasks as it came, from disk or from elsewhere.

use runtask_tasks::MAX_FILE_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A tasks' file, read.
#[derive(Debug, Clone)]
pub struct TasksFile {
    /// Its name in messages.
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    /// Where its relative paths begin.
    pub(crate) directory: PathBuf,
}

impl TasksFile {
    /// Reads it from disk; its relative paths are below its own directory.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut content = Vec::new();
        File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut content)?;
        let directory = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { name: path.display().to_string(), content, directory })
    }

    /// From elsewhere; its relative paths are below `directory`.
    #[must_use]
    pub fn fetched(name: &str, content: Vec<u8>, directory: &Path) -> Self {
        Self { name: name.to_owned(), content, directory: directory.to_owned() }
    }
}
