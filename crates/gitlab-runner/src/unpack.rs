//! Unpacks the artifacts of another job over what is there.
//!
//! An archive is a stranger's: nothing is written outside of the project's directory, nor through a link, whoever made it,
//! and no more than its limits allow.

use flate2::bufread::GzDecoder;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use zip::ZipArchive;

/// What is read of an entry at a time.
const CHUNK: usize = 64 * 1024;

/// The longest target of a link.
const MAX_TARGET_BYTES: u64 = 4096;

/// What an archive may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnpackLimits {
    /// Files, directories and links in it.
    pub(crate) entries: usize,
    /// Bytes of all of them, unpacked.
    pub(crate) bytes: u64,
    /// Unpacked bytes for each packed one, beyond [`FREE_BYTES`].
    pub(crate) ratio: u64,
}

/// What may be packed as well as it likes: a log of blanks is no bomb.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

impl Default for UnpackLimits {
    /// 200 000 entries, 8 GiB, and 100 bytes for each one.
    fn default() -> Self {
        Self { entries: 200_000, bytes: 8 * 1024 * 1024 * 1024, ratio: 100 }
    }
}

/// Why an archive was not unpacked. The texts are for the job's log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UnpackError {
    #[error("it is packed with zstd, which this runner does not know")]
    Zstd,
    #[error("it is no archive that this runner knows")]
    Unknown,
    #[error("it is damaged")]
    Damaged(#[source] io::Error),
    #[error("it has more than {0} entries")]
    Entries(usize),
    #[error("it is larger than {0} bytes")]
    Bytes(u64),
    #[error("an entry leaves the project's directory")]
    Outside,
    #[error("an entry is written through a link")]
    ThroughLink,
    #[error("an entry is encrypted or packed in a way that this runner does not know")]
    Entry(#[source] zip::result::ZipError),
    #[error("there was no time left to unpack it")]
    OutOfTime,
    #[error("{} could not be written", .path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Unpacks a zip archive, or members of gzip, into `project`, and says how many entries there were. It stops as soon as
/// `is_over` says so.
pub(crate) fn unpack(
    mut archive: File,
    project: &Path,
    limits: &UnpackLimits,
    is_over: &dyn Fn() -> bool,
) -> Result<usize, UnpackError> {
    let packed = archive.metadata().map_err(UnpackError::Damaged)?.len();
    let mut start = Vec::new();
    archive.rewind().map_err(UnpackError::Damaged)?;
    (&mut archive).take(4).read_to_end(&mut start).map_err(UnpackError::Damaged)?;
    archive.rewind().map_err(UnpackError::Damaged)?;
    let most = FREE_BYTES.saturating_add(packed.saturating_mul(limits.ratio)).min(limits.bytes);
    let mut target = Target { project, left: most, most, is_over };
    match start.as_slice() {
        [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => unzip(archive, &mut target, limits),
        [0x1f, 0x8b, ..] => gunzip(BufReader::new(archive), &mut target, limits),
        [0x28, 0xb5, 0x2f, 0xfd] => Err(UnpackError::Zstd),
        _ => Err(UnpackError::Unknown),
    }
}

fn unzip(archive: File, target: &mut Target<'_>, limits: &UnpackLimits) -> Result<usize, UnpackError> {
    let mut archive =
        ZipArchive::new(BufReader::new(archive)).map_err(|it| UnpackError::Damaged(it.into()))?;
    let entries = archive.len();
    if entries > limits.entries {
        return Err(UnpackError::Entries(limits.entries));
    }
    for index in 0..entries {
        let mut entry = archive.by_index(index).map_err(UnpackError::Entry)?;
        let path = below(&entry.name().map_err(UnpackError::Entry)?)?;
        let mode = entry.unix_mode().unwrap_or(if entry.is_dir() { 0o755 } else { 0o644 }) & 0o777;
        if entry.is_dir() {
            target.make_directories(&path)?;
        } else if entry.is_symlink() {
            let mut text = String::new();
            let read = (&mut entry).take(MAX_TARGET_BYTES).read_to_string(&mut text);
            read.map_err(UnpackError::Damaged)?;
            target.write_link(&path, &text)?;
        } else {
            target.write_file(&path, mode, &mut entry)?;
        }
    }
    Ok(entries)
}

fn gunzip(
    mut archive: impl BufRead,
    target: &mut Target<'_>,
    limits: &UnpackLimits,
) -> Result<usize, UnpackError> {
    let mut entries = 0;
    while !archive.fill_buf().map_err(UnpackError::Damaged)?.is_empty() {
        if entries == limits.entries {
            return Err(UnpackError::Entries(limits.entries));
        }
        let mut member = GzDecoder::new(&mut archive);
        let name = member.header().and_then(|it| it.filename()).map(String::from_utf8_lossy);
        let name = name.ok_or(UnpackError::Unknown)?.into_owned();
        // A name in there has no directory.
        if name.contains('/') {
            return Err(UnpackError::Outside);
        }
        target.write_file(&below(&name)?, 0o644, &mut member)?;
        entries += 1;
    }
    Ok(entries)
}

/// The path of an entry, which has to stay below where it is unpacked.
fn below(name: &str) -> Result<PathBuf, UnpackError> {
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(UnpackError::Outside);
            }
        }
    }
    if path.as_os_str().is_empty() || name.contains('\0') { Err(UnpackError::Outside) } else { Ok(path) }
}

struct Target<'a> {
    project: &'a Path,
    left: u64,
    most: u64,
    is_over: &'a dyn Fn() -> bool,
}

impl Target<'_> {
    /// Makes what is missing of a path, each part of which is then a directory and no link.
    fn make_directories(&self, path: &Path) -> Result<(), UnpackError> {
        let mut full = self.project.to_owned();
        for part in path.components() {
            full.push(part);
            match fs::symlink_metadata(&full) {
                Ok(it) if it.is_dir() => {}
                Ok(it) if it.is_symlink() => return Err(UnpackError::ThroughLink),
                Ok(_) => return Err(write_error(path)(io::ErrorKind::NotADirectory.into())),
                Err(_) => fs::create_dir(&full).map_err(write_error(path))?,
            }
        }
        Ok(())
    }

    /// Makes room for something at a path: its directories, and nothing at the path itself.
    fn make_room(&self, path: &Path) -> Result<PathBuf, UnpackError> {
        if let Some(parent) = path.parent() {
            self.make_directories(parent)?;
        }
        let full = self.project.join(path);
        match fs::remove_file(&full) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(path)(error)),
            _ => Ok(full),
        }
    }

    fn write_link(&self, path: &Path, target: &str) -> Result<(), UnpackError> {
        let full = self.make_room(path)?;
        symlink(target, full).map_err(write_error(path))
    }

    fn write_file(&mut self, path: &Path, mode: u32, from: &mut impl Read) -> Result<(), UnpackError> {
        let full = self.make_room(path)?;
        // `create_new` opens nothing that is there, and so no link.
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(full).map_err(write_error(path))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            if (self.is_over)() {
                return Err(UnpackError::OutOfTime);
            }
            let read = from.read(&mut chunk).map_err(UnpackError::Damaged)?;
            let Some(bytes) = chunk.get(..read).filter(|it| !it.is_empty()) else { break };
            self.left = self.left.checked_sub(read as u64).ok_or(UnpackError::Bytes(self.most))?;
            file.write_all(bytes).map_err(write_error(path))?;
        }
        file.set_permissions(Permissions::from_mode(mode)).map_err(write_error(path))
    }
}

fn write_error(path: &Path) -> impl FnOnce(io::Error) -> UnpackError {
    |source| UnpackError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
