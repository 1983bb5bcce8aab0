//! Opens a plan that a command line names.

use anyhow::Context;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// A plan, or other JSON, in a file; `-` is stdin, and a stream is copied into a file.
pub(crate) fn plan_file(path: &Path) -> anyhow::Result<File> {
    if path == Path::new("-") {
        return copied(io::stdin().lock(), u64::MAX).context("stdin cannot be read");
    }
    let unreadable = || format!("{} cannot be read", path.display());
    let file = File::open(path).with_context(unreadable)?;
    if file.metadata().with_context(unreadable)?.is_file() {
        return Ok(file);
    }
    copied(file, u64::MAX).with_context(unreadable)
}

/// A file with what a stream says, as far as a limit of bytes and a byte more.
pub(crate) fn copied(stream: impl Read, limit: u64) -> anyhow::Result<File> {
    let temporary = std::env::temp_dir();
    let mut file = tempfile::tempfile()
        .with_context(|| format!("no file for it can be made in {}", temporary.display()))?;
    io::copy(&mut stream.take(limit.saturating_add(1)), &mut file)?;
    file.rewind()?;
    Ok(file)
}
