//! Unpacks archives where it can be seen what is written, and what must not be.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{ArchiveBuilder, Limit, Limits, Rule, UnpackError, Unpacked, unpack};

/// A destination inside a directory that must stay as it is.
pub(super) struct Place {
    outer: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let outer = TempDir::new().unwrap();
        fs::write(outer.path().join("sentinel"), "untouched").unwrap();
        Self { outer }
    }

    pub(super) fn destination(&self) -> PathBuf {
        self.outer.path().join("dest")
    }

    pub(super) fn unpack(&self, archive: impl AsRef<[u8]>) -> Result<Unpacked, UnpackError> {
        unpack(archive.as_ref(), &self.destination(), &Limits::default(), |_path| true)
    }

    /// Everything on disk: contents of files, `-> target` of links, `/` for directories.
    pub(super) fn listing(&self) -> BTreeMap<String, String> {
        let mut listing = BTreeMap::new();
        if self.destination().exists() {
            list(&self.destination(), "", &mut listing);
        }
        listing
    }

    #[track_caller]
    pub(super) fn assert_outside_untouched(&self) {
        let mut names: Vec<_> =
            fs::read_dir(self.outer.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        assert!(names == ["dest", "sentinel"] || names == ["sentinel"], "{names:?}");
        assert_eq!(fs::read(self.outer.path().join("sentinel")).unwrap(), b"untouched");
    }

    /// No link on disk resolves to anything outside.
    #[track_caller]
    pub(super) fn assert_links_stay_inside(&self) {
        let root = self.destination().canonicalize().unwrap();
        for (name, what) in self.listing() {
            if what.starts_with("-> ")
                && let Ok(resolved) = self.destination().join(&name).canonicalize()
            {
                assert!(resolved.starts_with(&root), "{name} {what} is {resolved:?}");
            }
        }
    }
}

fn list(directory: &Path, prefix: &str, listing: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_symlink() {
            listing.insert(name, format!("-> {}", path.read_link().unwrap().display()));
        } else if metadata.is_dir() {
            listing.insert(name.clone(), "/".into());
            list(&path, &format!("{name}/"), listing);
        } else {
            listing.insert(name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
}

#[track_caller]
pub(super) fn check(archive: ArchiveBuilder, expected: &[(&str, &str)]) -> Unpacked {
    let place = Place::new();
    let unpacked = place.unpack(archive.tar_gz().unwrap()).unwrap();
    let expected: BTreeMap<_, _> = expected.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(place.listing(), expected);
    place.assert_outside_untouched();
    unpacked
}

#[track_caller]
pub(super) fn check_refused(archive: ArchiveBuilder, expected: Rule) {
    for wanted in [true, false] {
        let place = Place::new();
        let archive = archive.clone().tar_gz().unwrap();
        let result = unpack(&archive[..], &place.destination(), &Limits::default(), |_path| wanted);
        match result {
            Err(UnpackError::Refused { rule, .. }) if rule == expected => {}
            other => panic!("{expected:?} (wanted: {wanted}) but was {other:?}"),
        }
        place.assert_outside_untouched();
    }
}

#[track_caller]
pub(super) fn check_limit(archive: ArchiveBuilder, limits: &Limits, expected: Limit, expected_value: u64) {
    let place = Place::new();
    let archive = archive.tar_gz().unwrap();
    match unpack(&archive[..], &place.destination(), limits, |_path| true) {
        Err(UnpackError::LimitExceeded { limit, value }) => {
            assert_eq!((limit, value), (expected, expected_value));
        }
        other => panic!("{expected:?} but was {other:?}"),
    }
    place.assert_outside_untouched();
}

pub(super) fn new() -> ArchiveBuilder {
    ArchiveBuilder::new()
}
