//! Reads and writes `runtask.lock`, which pins each source that `runtask.toml` names.

use crate::digest::Digest;
use crate::revision::Revision;
use crate::source::Source;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Its name; it lies beside the file of tasks.
pub const LOCK_FILE: &str = "runtask.lock";

/// The largest lock that is read.
const MAX_LOCK_BYTES: usize = 1 << 20;

/// The version that is written, and the only one that is read.
const VERSION: &str = "1";

const HEAD: &str = "\
# Pins the sources that `paths` and `data` of runtask.toml name. Written by `runtask policy update`: commit it, and change
# nothing by hand.
";

/// What the lock says of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The source.
    pub source: Source,
    /// Which state of it is meant.
    pub revision: Revision,
    /// What it holds.
    pub digest: Digest,
}

/// `runtask.lock`: a pin for each source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<String, Pin>,
}

/// Why a lock cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It is there, and cannot be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not what was written.
    #[error("{}:{line}: {problem}; `runtask policy update` writes it anew", .path.display())]
    Broken {
        /// Its path.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: &'static str,
    },
}

/// What is wrong, and the byte at which it stands.
type Problem = (usize, &'static str);

impl Lock {
    /// Reads the lock at `path`; one that is not there pins nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not as it was written.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Read { path: path.to_owned(), source };
        let broken = |line, problem| LockError::Broken { path: path.to_owned(), line, problem };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_LOCK_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > MAX_LOCK_BYTES {
            return Err(broken(1, "it has more than 1 MiB"));
        }
        let text = String::from_utf8(bytes).map_err(|_no_text| broken(1, "it is not UTF-8"))?;
        Self::parse(&text).map_err(|(offset, problem)| {
            let before = text.as_bytes().get(..offset).unwrap_or_default();
            broken(1 + before.iter().filter(|it| **it == b'\n').count(), problem)
        })
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let table = DeTable::parse(text).map_err(|error| {
            (error.span().map_or(0, |it| it.start), "it is not TOML (two changes that met?)")
        })?;
        let table = table.get_ref();
        only(table, &["version", "source"])?;
        let version = table.get("version").ok_or((0, "`version` is missing"))?;
        if version.get_ref().as_integer().map(|it| it.as_str()) != Some(VERSION) {
            return Err((version.span().start, "another release of runtask has written it: use that one"));
        }
        let mut lock = Self::default();
        let Some(sources) = table.get("source") else { return Ok(lock) };
        let wrong = (sources.span().start, "`source` is no list of tables");
        for entry in sources.get_ref().as_array().ok_or(wrong)?.iter() {
            let pin = pin(entry)?;
            if lock.get(&pin.source).is_some() {
                return Err((entry.span().start, "a source is there twice"));
            }
            lock.set(pin);
        }
        Ok(lock)
    }

    /// What it says of a source.
    #[must_use]
    pub fn get(&self, source: &Source) -> Option<&Pin> {
        self.pins.get(source.as_str())
    }

    /// Pins a source.
    pub fn set(&mut self, pin: Pin) {
        self.pins.insert(pin.source.as_str().to_owned(), pin);
    }

    /// Keeps the pins of these sources alone; the sources of the others.
    pub fn retain(&mut self, sources: &[Source]) -> Vec<Source> {
        let is_named = |it: &Pin| sources.contains(&it.source);
        let gone = self.pins.values().filter(|it| !is_named(it)).map(|it| it.source.clone()).collect();
        self.pins.retain(|_, it| is_named(it));
        gone
    }

    /// All pins, in the order of their sources.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.pins.values()
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        for Pin { source, revision, digest } in self.pins.values() {
            // None of the three can hold a quote, a backslash or a control character.
            let _infallible = write!(
                text,
                "\n[[source]]\nsource = \"{source}\"\nrevision = \"{revision}\"\ndigest = \"{digest}\"\n"
            );
        }
        text
    }
}

fn pin(entry: &Spanned<DeValue<'_>>) -> Result<Pin, Problem> {
    let place = entry.span().start;
    let table = entry.get_ref().as_table().ok_or((place, "`source` is no list of tables"))?;
    only(table, &["source", "revision", "digest"])?;
    let text = |key, missing| {
        let value = table.get(key).ok_or((place, missing))?;
        let at = value.span().start;
        Ok((value.get_ref().as_str().ok_or((at, missing))?, at))
    };
    let (source, at) = text("source", "`source` is missing")?;
    let source: Source = source.parse().map_err(|_none| (at, "`source` is none that is fetched"))?;
    let (revision, at) = text("revision", "`revision` is missing")?;
    let revision = Revision::read(revision, source.location())
        .map_err(|_none| (at, "`revision` is none that such a source can have"))?;
    let (digest, at) = text("digest", "`digest` is missing")?;
    let digest =
        digest.parse().map_err(|_none| (at, "`digest` is not `sha256:` and 64 hexadecimal digits"))?;
    Ok(Pin { source, revision, digest })
}

/// Refuses other keys: whoever wrote one meant something by it.
fn only(table: &DeTable<'_>, keys: &[&str]) -> Result<(), Problem> {
    match table.keys().find(|it| !keys.contains(&it.get_ref().as_ref())) {
        Some(other) => Err((other.span().start, "this key is none of a lock")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        let mut lock = Lock::default();
        for (source, revision) in [
            ("s3://bucket/a.tgz", "version:1"),
            ("git::https://h/a.git//p?ref=v1", "0123456789abcdef0123456789abcdef01234567"),
        ] {
            let source: Source = source.parse().unwrap();
            let revision = Revision::read(revision, source.location()).unwrap();
            lock.set(Pin { source, revision, digest: Digest::of(b"abc") });
        }
        lock
    }

    #[test]
    fn what_is_written_is_sorted_and_read_again() {
        let text = lock().text();
        let expected = "\
# Pins the sources that `paths` and `data` of runtask.toml name. Written by `runtask policy update`: commit it, and change
# nothing by hand.
version = 1

[[source]]
source = \"git::https://h/a.git//p?ref=v1\"
revision = \"0123456789abcdef0123456789abcdef01234567\"
digest = \"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"

[[source]]
source = \"s3://bucket/a.tgz\"
revision = \"version:1\"
digest = \"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"
";
        assert_eq!(text, expected);
        assert_eq!(Lock::parse(&text), Ok(lock()));
    }

    #[test]
    fn what_was_changed_by_hand_is_told_with_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_FILE);
        assert_eq!(Lock::read(&path).unwrap(), Lock::default());
        let good = lock().text();
        for (from, to, line, problem) in [
            ("version = 1", "version = 2", 3, "another release of runtask has written it: use that one"),
            ("version = 1", "", 1, "`version` is missing"),
            ("version = 1", "version = 1\nforce = true", 4, "this key is none of a lock"),
            ("git::", "hg::", 6, "`source` is none that is fetched"),
            ("0123456789abcdef", "--upload-pack=xx", 7, "`revision` is none that such a source can have"),
            ("sha256:ba78", "sha256:BA78", 8, "`digest` is not `sha256:` and 64 hexadecimal digits"),
            (
                "s3://bucket/a.tgz",
                "git::https://h/a.git//p?ref=v1",
                12,
                "`revision` is none that such a source can have",
            ),
            ("[[source]]", "<<<<<<< HEAD\n[[source]]", 5, "it is not TOML (two changes that met?)"),
            ("digest =", "digset =", 8, "this key is none of a lock"),
        ] {
            std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
            let error = Lock::read(&path).unwrap_err().to_string();
            let expected =
                format!("{}:{line}: {problem}; `runtask policy update` writes it anew", path.display());
            assert_eq!(error, expected, "{from} to {to}");
        }
        let twice = format!("{good}{}", good.split_once("1\n").unwrap().1);
        std::fs::write(&path, twice).unwrap();
        assert!(Lock::read(&path).unwrap_err().to_string().contains("a source is there twice"));
    }
}
