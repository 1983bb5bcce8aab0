//! Reads the content of a source out of an archive.

use anyhow::Context;
use runtask_archive::{Limits, Receiver, read_rooted};
use runtask_sources::{Content, ContentError};
use std::io::Read;
use std::path::Path;

/// Bytes of an archive, as it is fetched.
pub(super) const MAX_ARCHIVE_BYTES: u64 = 64 << 20;

/// What an archive may ask for. More than what counts, because it may hold other things.
const LIMITS: Limits = Limits {
    max_compressed_bytes: MAX_ARCHIVE_BYTES,
    max_unpacked_bytes: 256 << 20,
    max_entries: 100_000,
    max_path_bytes: 1024,
    max_depth: 64,
};

/// Adds what `directory` of an archive (tar.gz) holds.
///
/// # Errors
///
/// When the archive is refused, or what it holds is.
pub(super) fn add(content: &mut Content, archive: impl Read, directory: &str) -> anyhow::Result<()> {
    let mut taking = Taking { content, directory, file: None, problem: None };
    read_rooted(archive, &LIMITS, &mut taking).context("the archive was refused")?;
    match taking.problem {
        None => Ok(()),
        Some(problem) => Err(problem).context("the archive was refused"),
    }
}

/// The path below `directory`, `None` of what lies elsewhere.
pub(super) fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    match directory {
        "" => Some(path),
        _ => path.strip_prefix(directory)?.strip_prefix('/'),
    }
}

struct Taking<'a> {
    content: &'a mut Content,
    directory: &'a str,
    /// The file that comes.
    file: Option<(String, Vec<u8>)>,
    /// What was wrong first; after that, nothing is taken.
    problem: Option<ContentError>,
}

impl Taking<'_> {
    fn note(&mut self, result: Result<(), ContentError>) -> bool {
        self.problem = self.problem.take().or(result.err());
        self.problem.is_none()
    }
}

impl Receiver for Taking<'_> {
    fn begin(&mut self, path: &Path, size: u64) -> bool {
        let text = path.to_string_lossy();
        let Some(inner) = below(&text, self.directory).filter(|it| Content::counts(it)) else { return false };
        let admitted = match path.to_str() {
            Some(_) => self.content.admit(inner, size),
            None => Err(ContentError::Name { path: inner.to_owned() }),
        };
        self.file = Some((inner.to_owned(), Vec::new()));
        self.problem.is_none() && self.note(admitted)
    }

    fn contents(&mut self, bytes: &[u8]) {
        if let Some((_, content)) = &mut self.file {
            content.extend_from_slice(bytes);
        }
    }

    fn end(&mut self) {
        if let Some((path, bytes)) = self.file.take() {
            let added = self.content.add(&path, bytes);
            self.note(added);
        }
    }

    fn link(&mut self, path: &Path, _target: &Path) -> bool {
        let text = path.to_string_lossy();
        // The directory itself, or one above it, may be one as well.
        let is_above = below(self.directory, &text).is_some() || *text == *self.directory;
        let result = match below(&text, self.directory) {
            Some(inner) => Content::link(inner),
            None if is_above => Err(ContentError::Link { path: text.into_owned() }),
            None => Ok(()),
        };
        self.note(result);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_archive::ArchiveBuilder;

    fn read(archive: ArchiveBuilder, directory: &str) -> Result<Vec<String>, String> {
        let mut content = Content::default();
        let archive = archive.tar_gz().unwrap();
        add(&mut content, &archive[..], directory).map_err(|error| format!("{error:#}"))?;
        Ok(content
            .files()
            .map(|(path, bytes)| format!("{path}={}", String::from_utf8_lossy(bytes)))
            .collect())
    }

    /// As `opa build` writes it, with names that begin with a slash.
    #[test]
    fn a_bundle_of_opa_is_read() {
        let bundle = || {
            ArchiveBuilder::new()
                .file("/data.json", "{}")
                .file("/aws/a.rego", "package a")
                .file("/.manifest", "{}")
                .file("/README.md", "x")
        };
        assert_eq!(
            read(bundle(), ""),
            Ok(vec!["aws/a.rego=package a".to_owned(), "data.json={}".to_owned()])
        );
        assert_eq!(read(bundle(), "aws"), Ok(vec!["a.rego=package a".to_owned()]));
    }

    #[test]
    fn hostile_archives_are_refused() {
        let error = |archive: ArchiveBuilder, directory: &str| read(archive, directory).unwrap_err();
        let new = ArchiveBuilder::new;
        for (said, expected) in [
            (error(new().file("../a.rego", ""), ""), "a name must not contain `..`"),
            (error(new().file("//a/../../b.rego", ""), ""), "a name must not contain `..`"),
            (error(new().symlink("a.rego", "/etc/passwd"), ""), "a symbolic link's target must be relative"),
            (error(new().symlink("a.rego", "../../etc"), ""), "must not lead out of the archive"),
            (error(new().symlink("common", "aws"), ""), "holds the link common"),
            (error(new().symlink("p/common", "../aws"), "p"), "holds the link common"),
            (error(new().file("q/a.rego", "").symlink("p", "q"), "p/r"), "holds the link p"),
            (error(new().entry(b'1', "a.rego", "b.rego", ""), ""), "hard links are not allowed"),
            (error(new().file("a.rego", "1").file("a.rego", "2"), ""), "holds a.rego twice"),
            (error(new().file("a\\b.rego", ""), ""), "not every system can have"),
            (error(new().file("a.rego", vec![b'0'; 33 << 20]), ""), "a source may have 32 MiB"),
            (error(new().file("a.md", vec![b'0'; 257 << 20]), ""), "bytes once unpacked"),
        ] {
            assert!(said.contains(expected), "{said}");
        }
    }
}
