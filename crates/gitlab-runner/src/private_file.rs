//! Files that hold secrets.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a new file for its owner alone; what was there before is gone, and never written through.
///
/// # Errors
///
/// When its directory is missing, or has no room.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(content)
}

/// Opens a file that a job may have made, without following a link or waiting for a pipe. `None` where there is none, or it
/// is something else than a file.
///
/// # Errors
///
/// When it cannot be read.
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::LOOP) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Reads such a file, up to `limit` bytes.
///
/// # Errors
///
/// When it is longer, or cannot be read.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut content = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {limit} bytes")));
    }
    Ok(Some(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_secret_is_for_its_owner_and_is_not_written_through_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("KEY");
        symlink(directory.path().join("elsewhere"), &path).unwrap();
        write(&path, b"x").unwrap();
        assert_eq!(std::fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[test]
    fn only_files_of_bounded_length_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("file"), "abc").unwrap();
        symlink("file", path("link")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        assert_eq!(read(&path("file"), 3).unwrap().unwrap(), b"abc");
        assert_eq!(read(&path("file"), 2).unwrap_err().to_string(), "it is longer than 2 bytes");
        for name in ["link", "pipe", "none", "."] {
            assert!(read(&path(name), 3).unwrap().is_none(), "{name}");
        }
    }
}
