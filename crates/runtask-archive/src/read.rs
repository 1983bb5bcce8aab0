//! Reads an archive without a disk.

use std::{io::Read, path::Path};

use crate::{
    Limits, UnpackError, Unpacked,
    entries::{Item, Rooted, go_through},
    names,
};

/// Takes the files and links of an archive as they come. Of entries with one name the last one counts: what came before is
/// to be forgotten.
pub trait Receiver {
    /// A regular file of `size` bytes begins at `path`, which is relative to the archive's root. Says whether it is wanted;
    /// of one that is not, nothing more is told.
    fn begin(&mut self, path: &Path, size: u64) -> bool;

    /// The next bytes of the file that has begun.
    fn contents(&mut self, bytes: &[u8]);

    /// The file that has begun is whole.
    fn end(&mut self);

    /// A symbolic link from `path` to `target`, which does not lead out of the archive. Says whether it is wanted.
    fn link(&mut self, path: &Path, target: &Path) -> bool;
}

/// Reads `archive`, a tar.gz, to its end, and hands what it holds to `receiver`. The rules are those of
/// [`unpack`](crate::unpack()).
///
/// # Errors
///
/// As [`unpack`](crate::unpack()), without [`UnpackError::Write`]. What `receiver` has by then is a part of the archive.
pub fn read<R: Read>(
    archive: R,
    limits: &Limits,
    receiver: &mut impl Receiver,
) -> Result<Unpacked, UnpackError> {
    read_as(archive, limits, Rooted::Refused, receiver)
}

/// As [`read`], of an archive whose names may begin with `/`, which counts for nothing: so OPA writes its bundles.
///
/// # Errors
///
/// As [`read`].
pub fn read_rooted<R: Read>(
    archive: R,
    limits: &Limits,
    receiver: &mut impl Receiver,
) -> Result<Unpacked, UnpackError> {
    read_as(archive, limits, Rooted::Relative, receiver)
}

fn read_as<R: Read>(
    archive: R,
    limits: &Limits,
    rooted: Rooted,
    receiver: &mut impl Receiver,
) -> Result<Unpacked, UnpackError> {
    go_through(archive, limits, rooted, |item, name, stream, _names| {
        let path = names::as_path(name);
        let size = match item {
            Item::Link { target } => return Ok(receiver.link(path, target)),
            Item::File { size } => size,
        };
        let is_wanted = receiver.begin(path, size);
        stream.contents(size, |slice| {
            if is_wanted {
                receiver.contents(slice);
            }
            Ok(())
        })?;
        if is_wanted {
            receiver.end();
        }
        Ok(is_wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArchiveBuilder, Rule};

    /// OPA's bundles have such names. One slash counts for nothing, and nothing else is let through with it.
    #[test]
    fn a_name_may_begin_with_a_slash_where_that_is_said() {
        let read_with = |name: &str| {
            let archive = ArchiveBuilder::new().directory("/").file(name, "1").tar_gz().unwrap();
            let mut log = Log::default();
            read_rooted(&archive[..], &Limits::default(), &mut log).map(|_| log.0)
        };
        assert!(read_with("/a/b.tf").unwrap().starts_with("a/b.tf (1)"));
        for (name, expected) in [("//a", Rule::AbsoluteName), ("/../a", Rule::ParentInName)] {
            let error = read_with(name).unwrap_err();
            assert!(
                matches!(error, UnpackError::Refused { rule, .. } if rule == expected),
                "{name}: {error}"
            );
        }
    }

    /// Writes down what it is told, and wants no file whose name ends in `.md`.
    #[derive(Default)]
    struct Log(String);

    impl Receiver for Log {
        fn begin(&mut self, path: &Path, size: u64) -> bool {
            self.0.push_str(&format!("{} ({size}): ", path.display()));
            path.extension().is_none_or(|it| it != "md")
        }

        fn contents(&mut self, bytes: &[u8]) {
            self.0.push_str(str::from_utf8(bytes).unwrap());
        }

        fn end(&mut self) {
            self.0.push('\n');
        }

        fn link(&mut self, path: &Path, target: &Path) -> bool {
            self.0.push_str(&format!("{} -> {}\n", path.display(), target.display()));
            true
        }
    }

    #[test]
    fn a_receiver_is_told_of_files_and_links() {
        let archive = ArchiveBuilder::new()
            .directory("empty")
            .file("net/./main.tf", "a = 1")
            .file("README.md", "unwanted")
            .symlink("main.tf", "net/main.tf")
            .file("._main.tf", "skipped")
            .file("net/main.tf", "a = 2");
        let mut log = Log::default();
        let unpacked = read(&archive.tar_gz().unwrap()[..], &Limits::default(), &mut log).unwrap();
        let expected =
            "net/main.tf (5): a = 1\nREADME.md (8): main.tf -> net/main.tf\nnet/main.tf (5): a = 2\n";
        assert_eq!(log.0, expected);
        assert_eq!((unpacked.entries, unpacked.files, unpacked.links), (6, 2, 1));
        assert!(unpacked.contains_directory(Path::new("empty")));
    }

    #[test]
    fn the_rules_are_those_of_unpacking() {
        let archive = ArchiveBuilder::new().file("a", "x").file("../evil", "x").tar_gz().unwrap();
        let error = read(&archive[..], &Limits::default(), &mut Log::default()).unwrap_err();
        assert!(matches!(error, UnpackError::Refused { rule: Rule::ParentInName, .. }), "{error}");
        let archive = ArchiveBuilder::new().file("a", vec![b'x'; 5000]).tar_gz().unwrap();
        let limits = Limits { max_unpacked_bytes: 5000, ..Limits::default() };
        let error = read(&archive[..], &limits, &mut Log::default()).unwrap_err();
        assert!(matches!(error, UnpackError::LimitExceeded { .. }), "{error}");
    }
}
