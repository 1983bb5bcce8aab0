//! Unpacks an archive to disk.
//!
//! Each entry is judged and entered in [`Names`] before anything is done on disk for it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, OpenOptionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use crate::{
    Limit, Limits, Rule, UnpackError,
    entry::{self, Entry},
    names::{self, Kind, Names},
    stream::Stream,
};

/// What came out of an archive.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// Entries in the archive, whether wanted, unwanted or skipped.
    pub entries: u64,
    /// Regular files written.
    pub files_written: u64,
    /// Symbolic links written.
    pub links_written: u64,
    /// Bytes read from the source.
    pub compressed_bytes: u64,
    /// Bytes after decompression, as [`Limits::max_unpacked_bytes`] counts them.
    pub unpacked_bytes: u64,
    /// The one top-level directory below which everything in the archive lies, if there is one.
    pub wrapping_directory: Option<PathBuf>,
    names: Names,
}

impl Unpacked {
    /// Whether `path`, relative to the destination, is a directory of the archive; the root is.
    ///
    /// Says so also for a directory in which nothing was wanted, which therefore is not on disk. Says no for a
    /// symbolic link to a directory, and for any `path` that is absolute or has a `..` in it.
    pub fn contains_directory(&self, path: &Path) -> bool {
        let generous = Limits { max_path_bytes: usize::MAX, max_depth: usize::MAX, ..Limits::default() };
        match names::clean(path.as_os_str().as_bytes(), &generous) {
            Ok(name) if name.is_empty() => !path.is_absolute(),
            Ok(name) => self.names.get(&name).is_some_and(|it| it.kind == Kind::Directory),
            Err(_not_a_name) => false,
        }
    }
}

/// Unpacks `archive`, a tar.gz, into `destination`, which is created if missing and best is new or empty.
///
/// `wanted` is asked for each regular file and symbolic link, by its path relative to `destination`. What is not
/// wanted is read past, but judged by the same rules. Directories are created only to hold what is wanted:
/// [`Unpacked::contains_directory`] knows the others. Of entries with one name the last one wins.
/// Files named `._*` (AppleDouble), entries without a name, and the root's own entry are skipped.
///
/// The whole source is read, so that its checksum is verified; what follows the end of the tar archive is ignored.
///
/// # Errors
///
/// After any error the destination holds a part of the archive and should be removed.
/// [`UnpackError::Refused`], [`UnpackError::LimitExceeded`], [`UnpackError::NotGzip`] and [`UnpackError::Corrupt`]
/// are the archive's fault and stay so when repeated; [`UnpackError::Read`] and [`UnpackError::Truncated`] may be
/// the transport's; [`UnpackError::Write`] is the destination's.
pub fn unpack<R: Read>(
    archive: R,
    destination: &Path,
    limits: &Limits,
    wanted: impl Fn(&Path) -> bool,
) -> Result<Unpacked, UnpackError> {
    fs::create_dir_all(destination).map_err(|source| write_failed(destination, source))?;
    let mut stream = Stream::new(archive, limits);
    let mut tree = Tree { destination, names: Names::new(limits), files_written: 0, links_written: 0 };
    let mut top = Top::Nothing;
    let mut entries = 0;
    while let Some(entry) = entry::next(&mut stream, limits)? {
        entries += 1;
        if entries > limits.max_entries {
            return Err(UnpackError::LimitExceeded { limit: Limit::Entries, value: limits.max_entries });
        }
        let name = names::clean(&entry.name, limits)?;
        let is_skipped = if name.is_empty() {
            if entry.kind != Kind::Directory && !entry.name.is_empty() {
                return Err(Rule::KindConflict.broken_by(&entry.name));
            }
            true
        } else {
            // macOS's tar puts extended attributes there: hashicorp/go-slug#119.
            entry.kind == Kind::File && names::base(&name).starts_with(b"._")
        };
        if is_skipped {
            stream.contents(entry.size, |_skipped| Ok(()))?;
            continue;
        }
        top.add(&name, entry.kind);
        tree.add(&entry, &name, &mut stream, limits, &wanted)?;
    }
    stream.drain()?;
    Ok(Unpacked {
        entries,
        files_written: tree.files_written,
        links_written: tree.links_written,
        compressed_bytes: stream.compressed_bytes(),
        unpacked_bytes: stream.unpacked_bytes(),
        wrapping_directory: match top {
            Top::One(directory) => Some(names::as_path(&directory).to_owned()),
            Top::Nothing | Top::Several => None,
        },
        names: tree.names,
    })
}

/// What lies directly in the root.
enum Top {
    Nothing,
    /// Only this directory.
    One(Vec<u8>),
    /// More than one directory, or something else.
    Several,
}

impl Top {
    fn add(&mut self, name: &[u8], kind: Kind) {
        let first = names::parents(name).next();
        let directory = first.or(if kind == Kind::Directory { Some(name) } else { None });
        match (&*self, directory) {
            (Self::Several, _) => {}
            (Self::Nothing, Some(directory)) => *self = Self::One(directory.to_vec()),
            (Self::One(one), Some(directory)) if one == directory => {}
            (Self::Nothing | Self::One(_), _) => *self = Self::Several,
        }
    }
}

/// The destination with what was put into it.
struct Tree<'a> {
    destination: &'a Path,
    names: Names,
    files_written: u64,
    links_written: u64,
}

impl Tree<'_> {
    fn add<R: Read>(
        &mut self,
        entry: &Entry,
        name: &[u8],
        stream: &mut Stream<R>,
        limits: &Limits,
        wanted: impl Fn(&Path) -> bool,
    ) -> Result<(), UnpackError> {
        if entry.kind == Kind::Link {
            if entry.target.len() > limits.max_path_bytes {
                let value = limits.max_path_bytes as u64;
                return Err(UnpackError::LimitExceeded { limit: Limit::PathBytes, value });
            }
            self.names.judge_target(name, &entry.target)?;
        }
        let is_replacing = self.names.enter(name, entry.kind)?;
        if entry.kind == Kind::Directory {
            return Ok(());
        }
        let path = self.destination.join(names::as_path(name));
        if !wanted(names::as_path(name)) {
            if is_replacing {
                fs::remove_file(&path).map_err(|source| write_failed(&path, source))?;
            }
            return stream.contents(entry.size, |_unwanted| Ok(()));
        }
        self.make_parents(name)?;
        if entry.kind == Kind::Link {
            let target = names::as_path(&entry.target);
            replacing(&path, name, || symlink(target, &path))?;
            self.links_written += 1;
        } else {
            let mut file = replacing(&path, name, || create_new(&path))?;
            stream.contents(entry.size, |slice| {
                file.write_all(slice).map_err(|source| write_failed(&path, source))
            })?;
            self.files_written += 1;
        }
        self.names.set_on_disk(name, true);
        Ok(())
    }

    /// Creates the directories that hold `name`; all of them are in `names`.
    fn make_parents(&mut self, name: &[u8]) -> Result<(), UnpackError> {
        let is_on_disk = |names: &Names, it: &[u8]| names.get(it).is_some_and(|it| it.on_disk);
        if names::parent(name).is_none_or(|parent| is_on_disk(&self.names, parent)) {
            return Ok(());
        }
        for parent in names::parents(name) {
            if is_on_disk(&self.names, parent) {
                continue;
            }
            let path = self.destination.join(names::as_path(parent));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    // Not of this archive, or one that differs only in case where the file system ignores that.
                    let metadata = path.symlink_metadata().map_err(|source| write_failed(&path, source))?;
                    if metadata.is_symlink() {
                        return Err(Rule::ThroughLink.broken_by(name));
                    }
                    if !metadata.is_dir() {
                        return Err(Rule::KindConflict.broken_by(name));
                    }
                }
                other => other.map_err(|source| write_failed(&path, source))?,
            }
            self.names.set_on_disk(parent, true);
        }
        Ok(())
    }
}

/// Runs `create`, which must fail if there is something at `path`; that is then removed, unless it is a directory.
fn replacing<T>(path: &Path, name: &[u8], create: impl Fn() -> io::Result<T>) -> Result<T, UnpackError> {
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata = path.symlink_metadata().map_err(|source| write_failed(path, source))?;
            if metadata.is_dir() {
                return Err(Rule::KindConflict.broken_by(name));
            }
            fs::remove_file(path).and_then(|()| create())
        }
        other => other,
    }
    .map_err(|source| write_failed(path, source))
}

/// `O_EXCL` also does not follow a symbolic link in the last component.
fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write_failed(path: &Path, source: io::Error) -> UnpackError {
    UnpackError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
