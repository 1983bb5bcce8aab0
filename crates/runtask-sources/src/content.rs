//! Holds what a source has: its files of policies and data, in memory, within bounds.

use crate::digest::Digest;
use runtask_findings::printable;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that all files of a source may have.
pub const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Files that a source may have.
pub const MAX_FILES: usize = 10_000;
/// Directories inside each other.
pub const MAX_DEPTH: usize = 32;
/// Bytes of a file's path.
pub const MAX_PATH_BYTES: usize = 1024;

/// The ends of the names of files that policies are, or can read.
const EXTENSIONS: [&str; 5] = [".rego", ".json", ".yaml", ".yml", ".toml"];
/// Entries of a directory on disk that are looked at, files that do not count among them.
const MAX_ENTRIES: usize = 10 * MAX_FILES;

/// The files of a source: their paths, with `/` between names, and their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

/// Why something cannot be the content of a source. The texts go on after its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A link, of which nobody could say what it leads to tomorrow.
    #[error("holds the link {}, and links are not followed: put the file itself there", printable(.path))]
    Link {
        /// Its path.
        path: String,
    },
    /// Something that is neither a file nor a directory.
    #[error("holds {}, which is neither a file nor a directory", printable(.path))]
    Strange {
        /// Its path.
        path: String,
    },
    /// A name that not every system can have, or that leads elsewhere.
    #[error("holds {}, a name that not every system can have: rename it", printable(.path))]
    Name {
        /// The path.
        path: String,
    },
    /// Two files of one name.
    #[error("holds {} twice", printable(.path))]
    Twice {
        /// The path.
        path: String,
    },
    /// More than any set of policies should be.
    #[error(
        "is too much: a source may have {} MiB in {MAX_FILES} files, {MAX_DEPTH} directories deep; name a directory of it behind `//`",
        MAX_BYTES / 1024 / 1024
    )]
    TooMuch,
    /// Nothing that could be asked or read.
    #[error("holds no policies and no data there: files that end in .rego, .json, .yaml, .yml or .toml")]
    Empty,
    /// The disk.
    #[error("cannot be read: {}", printable(&.path.to_string_lossy()))]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What is different between two contents: paths, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// What only the second one has.
    pub added: Vec<String>,
    /// What both have, with other bytes.
    pub changed: Vec<String>,
    /// What only the first one has.
    pub removed: Vec<String>,
}

impl Content {
    /// Whether a file counts, by its path: policies, and what they can read, unless it is hidden.
    #[must_use]
    pub fn counts(path: &str) -> bool {
        !is_hidden(path) && EXTENSIONS.iter().any(|it| path.ends_with(it))
    }

    /// Says that there is a link. Hidden ones are left out, as hidden files are.
    ///
    /// # Errors
    ///
    /// If it is not hidden: a directory behind it would be missing, and its rules with it.
    pub fn link(path: &str) -> Result<(), ContentError> {
        if is_hidden(path) { Ok(()) } else { Err(ContentError::Link { path: path.to_owned() }) }
    }

    /// Makes room for a file of so many bytes before they are read.
    ///
    /// # Errors
    ///
    /// If it is too much, or its name is none that every system can have.
    pub fn admit(&self, path: &str, bytes: u64) -> Result<(), ContentError> {
        let is_name = |it: &str| !it.is_empty() && it != "." && it != ".." && it.len() <= 255;
        let is_strange = |it: char| it.is_control() || it == '\\';
        if path.len() > MAX_PATH_BYTES || path.contains(is_strange) || !path.split('/').all(is_name) {
            return Err(ContentError::Name { path: path.to_owned() });
        }
        if self.files.contains_key(path) {
            return Err(ContentError::Twice { path: path.to_owned() });
        }
        let is_too_much = self.files.len() >= MAX_FILES
            || path.split('/').count() > MAX_DEPTH
            || self.bytes.saturating_add(bytes) > MAX_BYTES;
        if is_too_much { Err(ContentError::TooMuch) } else { Ok(()) }
    }

    /// Adds a file.
    ///
    /// # Errors
    ///
    /// As [`Content::admit`].
    pub fn add(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), ContentError> {
        self.admit(path, bytes.len() as u64)?;
        self.bytes += bytes.len() as u64;
        self.files.insert(path.to_owned(), bytes);
        Ok(())
    }

    /// Takes the content for whole.
    ///
    /// # Errors
    ///
    /// If there is nothing in it.
    pub fn finish(self) -> Result<Self, ContentError> {
        if self.files.is_empty() { Err(ContentError::Empty) } else { Ok(self) }
    }

    /// Reads a directory on disk.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or holds what a source may not.
    pub fn read(directory: &Path) -> Result<Self, ContentError> {
        let mut reading = Reading { content: Self::default(), entries: 0 };
        reading.walk(directory, "", 0)?;
        reading.content.finish()
    }

    /// The files, in the order of their paths' bytes.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The bytes of one.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The digest of names and bytes, however they came: SHA-256 of a line for each file, in the order of the paths' bytes,
    /// with the SHA-256 of its bytes in hexadecimal digits, two spaces, its path, and a line feed. `sha256sum` prints such lines.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut listing = String::new();
        for (path, bytes) in &self.files {
            let _infallible = writeln!(listing, "{}  {path}", Digest::of(bytes).digits());
        }
        Digest::of(listing.as_bytes())
    }

    /// What is different in `other`.
    #[must_use]
    pub fn changes(&self, other: &Self) -> Changes {
        let paths = |of: &Self, keep: &dyn Fn(&str, &[u8]) -> bool| {
            of.files().filter(|(path, bytes)| keep(path, bytes)).map(|(path, _)| path.to_owned()).collect()
        };
        Changes {
            added: paths(other, &|path, _| self.file(path).is_none()),
            changed: paths(other, &|path, bytes| self.file(path).is_some_and(|it| it != bytes)),
            removed: paths(self, &|path, _| other.file(path).is_none()),
        }
    }
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|it| it.starts_with('.'))
}

/// Reads a directory within limits.
struct Reading {
    content: Content,
    entries: usize,
}

impl Reading {
    fn walk(&mut self, directory: &Path, above: &str, depth: usize) -> Result<(), ContentError> {
        let failed = |source| ContentError::Read { path: directory.to_owned(), source };
        if depth > MAX_DEPTH {
            return Err(ContentError::TooMuch);
        }
        for entry in fs::read_dir(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(ContentError::TooMuch);
            }
            let name = entry.file_name().into_string();
            let name = name.map_err(|it| ContentError::Name { path: it.to_string_lossy().into_owned() })?;
            let path = if above.is_empty() { name } else { format!("{above}/{name}") };
            // Of the entry itself, and not of what a link leads to.
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                Content::link(&path)?;
            } else if kind.is_dir() {
                if !is_hidden(&path) {
                    self.walk(&entry.path(), &path, depth + 1)?;
                }
            } else if Content::counts(&path) {
                if !kind.is_file() {
                    return Err(ContentError::Strange { path });
                }
                self.file(&entry.path(), &path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, real: &Path, path: &str) -> Result<(), ContentError> {
        let failed = |source| ContentError::Read { path: real.to_owned(), source };
        self.content.admit(path, 0)?;
        let left = MAX_BYTES - self.content.bytes;
        let mut bytes = Vec::new();
        File::open(real).and_then(|it| it.take(left + 1).read_to_end(&mut bytes)).map_err(failed)?;
        self.content.add(path, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(files: &[(&str, &str)]) -> Content {
        let mut content = Content::default();
        for (path, text) in files {
            content.add(path, text.as_bytes().to_vec()).unwrap();
        }
        content
    }

    /// As docs/policies.md says: `sha256sum` of what `sha256sum` prints.
    #[test]
    fn the_digest_is_that_of_a_listing() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let files = content(&[("b/a.rego", ""), ("a.rego", "abc"), ("b.json", "abc")]);
        let listing = format!("{abc}  a.rego\n{abc}  b.json\n{none}  b/a.rego\n");
        assert_eq!(files.digest(), Digest::of(listing.as_bytes()));
    }

    #[test]
    fn names_and_bytes_and_nothing_else_decide_the_digest() {
        let first = content(&[("a.rego", "1"), ("b.rego", "2")]);
        assert_eq!(first.digest(), content(&[("b.rego", "2"), ("a.rego", "1")]).digest());
        for other in
            [&[("a.rego", "1")][..], &[("a.rego", "2"), ("b.rego", "1")], &[("a.rego", "1"), ("c.rego", "2")]]
        {
            assert_ne!(first.digest(), content(other).digest());
        }
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a.rego"), "1").unwrap();
        fs::write(directory.path().join("b.rego"), "2").unwrap();
        // None of these counts.
        fs::write(directory.path().join("README.md"), "3").unwrap();
        fs::write(directory.path().join(".c.rego"), "3").unwrap();
        fs::create_dir(directory.path().join(".git")).unwrap();
        fs::write(directory.path().join(".git/c.rego"), "3").unwrap();
        std::os::unix::fs::symlink("/etc", directory.path().join(".link")).unwrap();
        assert_eq!(Content::read(directory.path()).unwrap().digest(), first.digest());
    }

    #[test]
    fn links_and_strange_names_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = |directory: &Path| Content::read(directory).unwrap_err().to_string();
        assert!(error(directory.path()).starts_with("holds no policies and no data there"));
        fs::write(directory.path().join("a.rego"), "").unwrap();
        std::os::unix::fs::symlink("..", directory.path().join("common")).unwrap();
        assert_eq!(
            error(directory.path()),
            "holds the link common, and links are not followed: put the file itself there"
        );
        fs::remove_file(directory.path().join("common")).unwrap();
        fs::write(directory.path().join("a\nb.rego"), "").unwrap();
        assert!(error(directory.path()).contains("a name that not every system can have"));
        for path in
            ["", "/a.rego", "../a.rego", "a/../b.rego", "a//b.rego", "a\\b.rego", "./a.rego", "a\0.rego"]
        {
            assert!(matches!(Content::default().admit(path, 0), Err(ContentError::Name { .. })), "{path}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused_before_it_is_read() {
        let deep = "d/".repeat(MAX_DEPTH) + "a.rego";
        assert!(matches!(Content::default().admit(&deep, 0), Err(ContentError::TooMuch)));
        assert!(matches!(Content::default().admit("a.rego", MAX_BYTES + 1), Err(ContentError::TooMuch)));
        let mut many = Content::default();
        for number in 0..MAX_FILES {
            many.add(&format!("{number}.rego"), Vec::new()).unwrap();
        }
        assert!(matches!(many.add("a.rego", Vec::new()), Err(ContentError::TooMuch)));
        assert!(matches!(many.add("1.rego", Vec::new()), Err(ContentError::Twice { .. })));
    }

    #[test]
    fn changes_are_told_by_path() {
        let before = content(&[("a.rego", "1"), ("b.rego", "1"), ("c.rego", "1")]);
        let after = content(&[("b.rego", "2"), ("c.rego", "1"), ("d.rego", "1")]);
        let changes = before.changes(&after);
        assert_eq!(
            (changes.added, changes.changed, changes.removed),
            (vec!["d.rego".to_owned()], vec!["b.rego".to_owned()], vec!["a.rego".to_owned()],)
        );
    }
}
