//! Judges names, and remembers what the archive has used each for so far.
//!
//! Names are remembered by fingerprint: an archive of 100 000 entries with names of a kilobyte each would otherwise
//! take 100 MB. The fingerprint is SipHash with keys of this process, so an archive cannot be built to collide, and
//! by chance two of 100 000 names do so once in a few thousand million archives.

use std::{
    collections::{HashMap, hash_map::RandomState},
    ffi::OsStr,
    hash::BuildHasher,
    os::unix::ffi::OsStrExt,
    path::Path,
};

use crate::{Limit, Limits, Rule, UnpackError};

/// Longest component, in bytes, that Linux and macOS file systems take.
const MAX_COMPONENT_BYTES: usize = 255;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing yet, but a link's target passes through it and out again: it must not become a link.
    Passed,
    /// A directory, by its own entry or because something lies in it.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    pub(crate) kind: Kind,
    pub(crate) on_disk: bool,
    /// See [`Kind::Passed`]; stays with the name whatever it becomes.
    passed: bool,
}

/// Every name of the archive so far.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// Bytes instead of `u64`, so that a name takes 11 bytes and not 16.
    by_fingerprint: HashMap<[u8; 8], Name>,
    keys: RandomState,
    max: u64,
}

impl Names {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { by_fingerprint: HashMap::new(), keys: RandomState::new(), max: limits.max_entries }
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<Name> {
        self.by_fingerprint.get(&self.fingerprint(name)).copied()
    }

    pub(crate) fn set_on_disk(&mut self, name: &[u8], on_disk: bool) {
        let fingerprint = self.fingerprint(name);
        if let Some(name) = self.by_fingerprint.get_mut(&fingerprint) {
            name.on_disk = on_disk;
        }
    }

    /// Enters `name` as `kind`, and every parent of it as a directory. Returns whether an earlier file or link of
    /// that name is on disk.
    pub(crate) fn enter(&mut self, name: &[u8], kind: Kind) -> Result<bool, UnpackError> {
        for parent in unknown_parents(self, name) {
            match self.get(parent).map(|it| it.kind) {
                Some(Kind::Link) => return Err(Rule::ThroughLink.broken_by(name)),
                Some(Kind::File) => return Err(Rule::KindConflict.broken_by(name)),
                Some(Kind::Directory) => {}
                Some(Kind::Passed) | None => self.put(parent, Kind::Directory)?,
            }
        }
        let before = self.get(name);
        match before.map(|it| it.kind) {
            Some(Kind::Directory) if kind == Kind::Directory => return Ok(false),
            Some(Kind::Directory) => return Err(Rule::KindConflict.broken_by(name)),
            Some(Kind::File | Kind::Link) if kind == Kind::Directory => {
                return Err(Rule::KindConflict.broken_by(name));
            }
            _ => {}
        }
        if kind == Kind::Link && before.is_some_and(|it| it.passed) {
            return Err(Rule::EscapingLinkTarget.broken_by(name));
        }
        self.put(name, kind)?;
        Ok(before.is_some_and(|it| it.on_disk))
    }

    /// Judges the target of the link `name`, which may exist, come later in the archive, or never.
    ///
    /// Staying inside the root word by word is not enough: after `s -> .`, the target `s/..` is the root's parent.
    /// Leading `..` are harmless, since the link's own parents are directories and stay so. A `..` after a name is
    /// harmless if that name is no link, so such names are entered as [`Kind::Passed`]. Every link being so,
    /// following one never climbs above what its words say.
    pub(crate) fn judge_target(&mut self, name: &[u8], target: &[u8]) -> Result<(), UnpackError> {
        if target.is_empty() {
            return Err(Rule::EmptyLinkTarget.broken_by(name));
        }
        if target.contains(&0) {
            return Err(Rule::NulInName.broken_by(name));
        }
        if target.starts_with(b"/") {
            return Err(Rule::AbsoluteLinkTarget.broken_by(name));
        }
        let words = || target.split(|it| *it == b'/').filter(|it| !it.is_empty() && *it != b".");
        let mut climbs_left = words().filter(|it| *it == b"..").count();
        let mut path = parent(name).unwrap_or_default().to_vec();
        for word in words() {
            if word == b".." {
                if path.is_empty() {
                    return Err(Rule::EscapingLinkTarget.broken_by(name));
                }
                path.truncate(parent(&path).map_or(0, <[u8]>::len));
                climbs_left -= 1;
                continue;
            }
            if climbs_left == 0 {
                break;
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(word);
            match self.get(&path) {
                Some(Name { kind: Kind::Link, .. }) => {
                    return Err(Rule::EscapingLinkTarget.broken_by(name));
                }
                Some(Name { passed: true, .. } | Name { kind: Kind::Directory, .. }) => {}
                Some(Name { kind, .. }) => {
                    let fingerprint = self.fingerprint(&path);
                    debug_assert_ne!(kind, Kind::Passed);
                    if let Some(known) = self.by_fingerprint.get_mut(&fingerprint) {
                        known.passed = true;
                    }
                }
                None => self.put(&path, Kind::Passed)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, name: &[u8], kind: Kind) -> Result<(), UnpackError> {
        let fingerprint = self.fingerprint(name);
        let passed =
            kind == Kind::Passed || self.by_fingerprint.get(&fingerprint).is_some_and(|it| it.passed);
        self.by_fingerprint.insert(fingerprint, Name { kind, on_disk: false, passed });
        if self.by_fingerprint.len() as u64 > self.max {
            return Err(UnpackError::LimitExceeded { limit: Limit::Entries, value: self.max });
        }
        Ok(())
    }

    fn fingerprint(&self, name: &[u8]) -> [u8; 8] {
        self.keys.hash_one(name).to_ne_bytes()
    }
}

/// `raw` without `.` components and superfluous slashes; empty for the root itself.
pub(crate) fn clean(raw: &[u8], limits: &Limits) -> Result<Vec<u8>, UnpackError> {
    if raw.contains(&0) {
        return Err(Rule::NulInName.broken_by(raw));
    }
    let mut name = Vec::with_capacity(raw.len());
    let mut depth = 0_usize;
    for component in raw.split(|it| *it == b'/') {
        match component {
            b"" | b"." => continue,
            b".." => return Err(Rule::ParentInName.broken_by(raw)),
            _ if component.len() > MAX_COMPONENT_BYTES => return Err(Rule::LongComponent.broken_by(raw)),
            _ => {}
        }
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(component);
        depth += 1;
    }
    // Packers that name the root `/` exist: hashicorp/go-slug#116.
    if raw.starts_with(b"/") && !name.is_empty() {
        return Err(Rule::AbsoluteName.broken_by(raw));
    }
    if name.len() > limits.max_path_bytes {
        return Err(UnpackError::LimitExceeded {
            limit: Limit::PathBytes,
            value: limits.max_path_bytes as u64,
        });
    }
    if depth > limits.max_depth {
        return Err(UnpackError::LimitExceeded { limit: Limit::Depth, value: limits.max_depth as u64 });
    }
    Ok(name)
}

/// The cleaned `name` as a path.
pub(crate) fn as_path(name: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(name))
}

/// The directory that holds the cleaned `name`, unless that is the root.
pub(crate) fn parent(name: &[u8]) -> Option<&[u8]> {
    name.iter().rposition(|it| *it == b'/').and_then(|at| name.get(..at))
}

/// The last component of the cleaned `name`.
pub(crate) fn base(name: &[u8]) -> &[u8] {
    name.rsplit(|it| *it == b'/').next().unwrap_or_default()
}

/// All directories that hold the cleaned `name`, outermost first, without the root.
pub(crate) fn parents(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.iter().enumerate().filter(|(_at, it)| **it == b'/').filter_map(|(at, _slash)| name.get(..at))
}

/// [`parents`], or nothing when the nearest one is a known directory, as its own parents then are.
fn unknown_parents<'name>(
    names: &Names,
    name: &'name [u8],
) -> impl Iterator<Item = &'name [u8]> + use<'name> {
    let is_known =
        parent(name).is_none_or(|parent| names.get(parent).is_some_and(|it| it.kind == Kind::Directory));
    parents(if is_known { b"" } else { name })
}
