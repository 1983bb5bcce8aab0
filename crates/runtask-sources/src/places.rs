//! Finds what a source holds on this machine, and holds it against the lock.

use crate::content::{Content, ContentError};
use crate::digest::Digest;
use crate::lock::{LOCK_FILE, Lock, LockError, Pin};
use crate::source::Source;
use runtask_log::Chain;
use std::path::{Path, PathBuf};

/// The directory beside `runtask.toml` in which a package for Lambda has the content of sources.
pub const PACKED: &str = "runtask.shared";

/// Where the files are that `runtask.toml` names: its own directory, and for sources the cache.
#[derive(Debug, Clone)]
pub struct Places {
    /// The directory of the file.
    directory: PathBuf,
    /// Where fetched content is kept; `None` where nobody says.
    cache: Option<PathBuf>,
}

/// Why the content of a source is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlacesError {
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nobody has said which state of it is meant.
    #[error("{origin} is not in {LOCK_FILE}: run `runtask policy update`")]
    NotLocked {
        /// The source.
        origin: String,
    },
    /// It was never fetched here.
    #[error("{origin} is not in the cache: run `runtask policy fetch`")]
    NotKept {
        /// The source.
        origin: String,
    },
    /// It is there, and is not what was fetched.
    #[error(
        "{} is not what {LOCK_FILE} pins for {origin}{}: remove it, and fetch or pack it again",
        .path.display(),
        .reason.as_ref().map(|it| format!(" ({})", Chain(it))).unwrap_or_default()
    )]
    Changed {
        /// The source.
        origin: String,
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it, where it is not only another content.
        reason: Option<Box<ContentError>>,
    },
}

impl Places {
    /// Beside a file of tasks in this directory, and in this cache.
    #[must_use]
    pub fn new(directory: &Path, cache: Option<PathBuf>) -> Self {
        Self { directory: directory.to_owned(), cache }
    }

    /// Where relative paths begin.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where fetched content is kept.
    #[must_use]
    pub fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// The lock.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.directory.join(LOCK_FILE)
    }

    /// What the lock says of a source.
    ///
    /// # Errors
    ///
    /// When it says nothing, or cannot be used.
    pub fn pin(&self, source: &Source) -> Result<Pin, PlacesError> {
        let lock = Lock::read(&self.lock_file())?;
        lock.get(source).cloned().ok_or_else(|| PlacesError::NotLocked { origin: source.to_string() })
    }

    /// What the lock says that a source holds: from where it was packed beside the file, or else from the cache.
    ///
    /// # Errors
    ///
    /// When it is not there, or is not that.
    pub fn content(&self, source: &Source) -> Result<Content, PlacesError> {
        let Pin { digest, .. } = self.pin(source)?;
        let origin = || source.to_string();
        let path = self.kept(digest).ok_or_else(|| PlacesError::NotKept { origin: origin() })?;
        match Content::read(&path) {
            Ok(content) if content.digest() == digest => Ok(content),
            Ok(_other) => Err(PlacesError::Changed { origin: origin(), path, reason: None }),
            Err(error) => Err(PlacesError::Changed { origin: origin(), path, reason: Some(Box::new(error)) }),
        }
    }

    /// The directory in which there is content that should have this digest.
    #[must_use]
    pub fn kept(&self, digest: Digest) -> Option<PathBuf> {
        let packed = self.directory.join(PACKED).join(name(digest));
        let cached = self.cache.as_ref().map(|it| it.join(name(digest)));
        [Some(packed), cached].into_iter().flatten().find(|it| it.symlink_metadata().is_ok())
    }

    /// The directory of the cache for content of this digest, whether there or not.
    #[must_use]
    pub fn cached(&self, digest: Digest) -> Option<PathBuf> {
        self.cache.as_ref().map(|it| it.join(name(digest)))
    }

    /// The path that content of this digest has in a package, relative to the file's directory.
    #[must_use]
    pub fn packed(digest: Digest) -> PathBuf {
        Path::new(PACKED).join(name(digest))
    }
}

/// The name of a directory with content of this digest. It has no colon, which not every system can have.
fn name(digest: Digest) -> String {
    format!("sha256-{}", digest.digits())
}

/// Where fetched content is kept: below `RUNTASK_CACHE_DIR`, else `$XDG_CACHE_HOME/runtask`, else `~/.cache/runtask`. `None`
/// where the environment says none of these.
///
/// Source: XDG Base Directory Specification, which has relative paths ignored.
pub fn cache_directory(lookup: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| lookup(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let absolute = |name: &str| set(name).filter(|it| it.is_absolute());
    let directory = set("RUNTASK_CACHE_DIR")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|it| it.join("runtask")))
        .or_else(|| absolute("HOME").map(|it| it.join(".cache/runtask")));
    directory.map(|it| it.join("policies"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;
    use std::fs;

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let cache = |pairs: &[(&str, &str)]| {
            let found =
                cache_directory(|name| pairs.iter().find(|it| it.0 == name).map(|it| it.1.to_owned()));
            found.map(|it| it.to_str().unwrap().to_owned())
        };
        let all = [("RUNTASK_CACHE_DIR", "/a"), ("XDG_CACHE_HOME", "/b"), ("HOME", "/c")];
        assert_eq!(cache(&all).as_deref(), Some("/a/policies"));
        assert_eq!(cache(&all[1..]).as_deref(), Some("/b/runtask/policies"));
        assert_eq!(cache(&all[2..]).as_deref(), Some("/c/.cache/runtask/policies"));
        assert_eq!(
            cache(&[("XDG_CACHE_HOME", "b"), ("HOME", "/c")]).as_deref(),
            Some("/c/.cache/runtask/policies")
        );
        assert_eq!(cache(&[("HOME", "")]), None);
    }

    /// Whoever changes the cache, or what was packed, changes nothing that is asked.
    #[test]
    fn content_is_held_against_the_lock_wherever_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let places = Places::new(directory.path(), Some(directory.path().join("cache")));
        let source: Source = "git::https://h/a.git".parse().unwrap();
        let error = || places.content(&source).unwrap_err().to_string();
        assert_eq!(error(), "git::https://h/a.git is not in runtask.lock: run `runtask policy update`");
        let mut content = Content::default();
        content.add("a.rego", b"package a".to_vec()).unwrap();
        let mut lock = Lock::default();
        let revision = Revision::commit(&"a".repeat(40)).unwrap();
        lock.set(Pin { source: source.clone(), revision, digest: content.digest() });
        fs::write(places.lock_file(), lock.text()).unwrap();
        assert_eq!(error(), "git::https://h/a.git is not in the cache: run `runtask policy fetch`");
        for place in [
            places.cached(content.digest()).unwrap(),
            directory.path().join(Places::packed(content.digest())),
        ] {
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("a.rego"), "package a").unwrap();
            assert_eq!(places.content(&source).unwrap(), content);
            fs::write(place.join("b.rego"), "package b").unwrap();
            let said = error();
            assert!(
                said.contains("is not what runtask.lock pins for git::https://h/a.git: remove it"),
                "{said}"
            );
            fs::remove_file(place.join("b.rego")).unwrap();
            std::os::unix::fs::symlink("a.rego", place.join("b.rego")).unwrap();
            assert!(error().contains("(holds the link b.rego"), "{}", error());
            fs::remove_file(place.join("b.rego")).unwrap();
            fs::write(place.join("a.rego"), "package b").unwrap();
            assert!(error().contains("is not what runtask.lock pins"));
            fs::write(place.join("a.rego"), "package a").unwrap();
        }
    }
}
