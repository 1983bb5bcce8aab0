//! Goes through an archive from its first entry to its last: each is judged, entered in [`Names`], and only then handed on.

use std::{
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::{
    Limit, Limits, Rule, UnpackError, entry,
    names::{self, Kind, Names},
    stream::Stream,
};

/// What an archive holds.
#[derive(Debug, Clone)]
pub struct Unpacked {
    /// Entries in the archive, whether wanted, unwanted or skipped.
    pub entries: u64,
    /// Regular files that were wanted.
    pub files: u64,
    /// Symbolic links that were wanted.
    pub links: u64,
    /// Bytes read from the source.
    pub compressed_bytes: u64,
    /// Bytes after decompression, as [`Limits::max_unpacked_bytes`] counts them.
    pub unpacked_bytes: u64,
    /// The one top-level directory below which everything in the archive lies, if there is one.
    pub wrapping_directory: Option<PathBuf>,
    names: Names,
}

impl Unpacked {
    /// Whether `path`, relative to the archive's root, is a directory of the archive; the root is.
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

/// A file or link that was judged and entered.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// A regular file of so many bytes, which come next in the stream and are to be read to their end.
    File { size: u64 },
    /// A symbolic link, which leads nowhere out of the archive.
    Link { target: &'a Path },
}

/// What becomes of a name that begins with `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rooted {
    /// It is refused.
    Refused,
    /// The slash counts for nothing.
    Relative,
}

/// Goes through `archive`, a tar.gz, to its end. `take` is given each file and link with its cleaned name, and says whether
/// it was wanted; the fourth of what it is given says whether an earlier file or link of that name is on disk.
pub(crate) fn go_through<R: Read>(
    archive: R,
    limits: &Limits,
    rooted: Rooted,
    mut take: impl FnMut(Item<'_>, &[u8], &mut Stream<R>, (&mut Names, bool)) -> Result<bool, UnpackError>,
) -> Result<Unpacked, UnpackError> {
    let mut stream = Stream::new(archive, limits);
    let mut names = Names::new(limits);
    let mut top = Top::Nothing;
    let (mut entries, mut files, mut links) = (0, 0, 0);
    while let Some(entry) = entry::next(&mut stream, limits)? {
        entries += 1;
        if entries > limits.max_entries {
            return Err(UnpackError::LimitExceeded { limit: Limit::Entries, value: limits.max_entries });
        }
        let written = match rooted {
            Rooted::Refused => &entry.name[..],
            Rooted::Relative => entry.name.strip_prefix(b"/").unwrap_or(&entry.name),
        };
        let name = names::clean(written, limits)?;
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
        if entry.kind == Kind::Link {
            if entry.target.len() > limits.max_path_bytes {
                let value = limits.max_path_bytes as u64;
                return Err(UnpackError::LimitExceeded { limit: Limit::PathBytes, value });
            }
            names.judge_target(&name, &entry.target)?;
        }
        let is_replacing = names.enter(&name, entry.kind)?;
        let (item, count) = match entry.kind {
            Kind::Directory | Kind::Passed => continue,
            Kind::File => (Item::File { size: entry.size }, &mut files),
            Kind::Link => (Item::Link { target: names::as_path(&entry.target) }, &mut links),
        };
        *count += u64::from(take(item, &name, &mut stream, (&mut names, is_replacing))?);
    }
    stream.drain()?;
    Ok(Unpacked {
        entries,
        files,
        links,
        compressed_bytes: stream.compressed_bytes(),
        unpacked_bytes: stream.unpacked_bytes(),
        wrapping_directory: match top {
            Top::One(directory) => Some(names::as_path(&directory).to_owned()),
            Top::Nothing | Top::Several => None,
        },
        names,
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
