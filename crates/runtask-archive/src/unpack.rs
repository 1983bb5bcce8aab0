//! Unpacks an archive to disk.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::{
    Limits, Rule, UnpackError, Unpacked,
    entries::{Item, Rooted, go_through},
    names::{self, Names},
    stream::Stream,
};

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
    go_through(archive, limits, Rooted::Refused, |item, name, stream, (names, is_replacing)| {
        let mut tree = Tree { destination, names };
        let is_wanted = wanted(names::as_path(name));
        if is_wanted {
            tree.add(&item, name, stream)?;
        } else {
            if is_replacing {
                let path = tree.path(name);
                fs::remove_file(&path).map_err(|source| write_failed(&path, source))?;
            }
            if let Item::File { size } = item {
                stream.contents(size, |_unwanted| Ok(()))?;
            }
        }
        Ok(is_wanted)
    })
}

/// The destination, and the names of what was put into it.
struct Tree<'a> {
    destination: &'a Path,
    names: &'a mut Names,
}

impl Tree<'_> {
    fn path(&self, name: &[u8]) -> PathBuf {
        self.destination.join(names::as_path(name))
    }

    fn add<R: Read>(
        &mut self,
        item: &Item<'_>,
        name: &[u8],
        stream: &mut Stream<R>,
    ) -> Result<(), UnpackError> {
        self.make_parents(name)?;
        let path = self.path(name);
        match item {
            Item::Link { target } => replacing(&path, name, || symlink(target, &path))?,
            Item::File { size } => {
                let mut file = replacing(&path, name, || create_new(&path))?;
                stream.contents(*size, |slice| {
                    file.write_all(slice).map_err(|source| write_failed(&path, source))
                })?;
            }
        }
        self.names.set_on_disk(name, true);
        Ok(())
    }

    /// Creates the directories that hold `name`; all of them are in `names`.
    fn make_parents(&mut self, name: &[u8]) -> Result<(), UnpackError> {
        let is_on_disk = |names: &Names, it: &[u8]| names.get(it).is_some_and(|it| it.on_disk);
        if names::parent(name).is_none_or(|parent| is_on_disk(self.names, parent)) {
            return Ok(());
        }
        for parent in names::parents(name) {
            if is_on_disk(self.names, parent) {
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
