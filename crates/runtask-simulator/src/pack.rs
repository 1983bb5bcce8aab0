//! Packs a directory as HCP Terraform's clients do (CLI, provider, API client).

use crate::ignore_rules::{IgnoreRules, Verdict};
use crate::tarball::{Entry, Tarball, flag};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Links to the outside that lead to links to the outside: so many, and it is a circle.
const DEPTH: usize = 32;

/// Packs `directory` into a tar.gz, as HCP Terraform's clients do before they upload a configuration.
///
/// No entry for the directory itself and no wrapping one; names without `./`; directories have entries; mode bits and
/// whole seconds are kept, owners are not. `.git/` and `.terraform/` are left out but for `.terraform/modules/`, then
/// the rules of `.terraformignore` apply. Links inside the directory stay as they are written, whether or not their
/// target exists; what lies outside is copied in their place. Sockets, FIFOs and devices are left out.
///
/// # Errors
///
/// When something in it cannot be read, or a link to the outside leads nowhere or in a circle.
pub fn pack(directory: &Path) -> io::Result<Vec<u8>> {
    pack_to(directory, Vec::new())
}

/// As [`pack`], into `out`, which is returned.
///
/// # Errors
///
/// As [`pack`], and when `out` cannot be written.
pub fn pack_to<W: Write>(directory: &Path, out: W) -> io::Result<W> {
    let root = fs::canonicalize(directory).map_err(at(directory))?;
    if !fs::metadata(&root).map_err(at(&root))?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("`{}` is no directory", directory.display()),
        ));
    }
    let file = root.join(".terraformignore");
    let rules = match fs::read(&file) {
        Ok(bytes) => IgnoreRules::new(&String::from_utf8_lossy(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => IgnoreRules::new(""),
        Err(error) => return Err(at(&file)(error)),
    };
    let mut packer = Packer { root: &root, rules, tarball: Tarball::new(out) };
    packer.walk(&Place {
        read_from: root.clone(),
        named: String::new(),
        judged_as: String::new(),
        depth: 0,
    })?;
    packer.tarball.finish()
}

struct Packer<'a, W: Write> {
    root: &'a Path,
    rules: IgnoreRules,
    tarball: Tarball<W>,
}

/// A directory on the way.
struct Place {
    read_from: PathBuf,
    /// Its name in the archive, with a slash at the end; empty for the root.
    named: String,
    /// The same below the link to the outside that led here, if one did: rules are applied to that.
    judged_as: String,
    depth: usize,
}

impl<W: Write> Packer<'_, W> {
    fn walk(&mut self, place: &Place) -> io::Result<()> {
        let directory = &place.read_from;
        let mut names: Vec<_> = fs::read_dir(directory)
            .and_then(|it| it.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>())
            .map_err(at(directory))?;
        names.sort();
        for name in names {
            self.one(place, &name)?;
        }
        Ok(())
    }

    fn one(&mut self, place: &Place, name: &OsStr) -> io::Result<()> {
        let path = place.read_from.join(name);
        let Some(name) = name.to_str() else {
            let problem = format!("`{}` has a name that is not UTF-8", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        };
        let metadata = fs::symlink_metadata(&path).map_err(at(&path))?;
        let named = format!("{}{name}", place.named);
        let judged_as = format!("{}{name}", place.judged_as);
        // A rule without a slash at its end leaves a directory's own entry out, not what is in it.
        let mut kept = self.rules.verdict(&judged_as) == Verdict::Kept;

        let kind = metadata.file_type();
        if kind.is_dir() {
            let place = Place {
                read_from: path,
                named: format!("{named}/"),
                judged_as: format!("{judged_as}/"),
                depth: place.depth,
            };
            match self.rules.verdict(&place.judged_as) {
                Verdict::Kept => {}
                Verdict::LeftOut => kept = false,
                Verdict::LeftOutWhole if kept => return Ok(()),
                Verdict::LeftOutWhole => kept = false,
            }
            if kept {
                self.tarball.entry(&entry(flag::DIRECTORY, &place.named, &metadata), 0, io::empty())?;
            }
            return self.walk(&place);
        }
        if !kept {
            return Ok(());
        }
        if kind.is_file() {
            return self.file(&path, &named);
        }
        if kind.is_symlink() {
            return self.link(&path, named, &metadata, place.depth);
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, named: &str) -> io::Result<()> {
        let file = File::open(path).map_err(at(path))?;
        let metadata = file.metadata().map_err(at(path))?;
        self.tarball.entry(&entry(flag::FILE, named, &metadata), metadata.len(), file).map_err(at(path))
    }

    fn link(&mut self, path: &Path, named: String, metadata: &Metadata, depth: usize) -> io::Result<()> {
        let target = fs::read_link(path).map_err(at(path))?;
        let parent = path.parent().unwrap_or(self.root);
        if lexically(&parent.join(&target)).starts_with(self.root) {
            let mut entry = entry(flag::LINK, &named, metadata);
            entry.target = target.to_string_lossy().into_owned().into_bytes();
            return self.tarball.entry(&entry, 0, io::empty());
        }
        let outside = fs::canonicalize(path).map_err(at(path))?;
        let metadata = fs::metadata(&outside).map_err(at(&outside))?;
        if metadata.is_dir() {
            if depth == DEPTH {
                return Err(io::Error::other(format!("`{}` leads in a circle", path.display())));
            }
            let place = Place {
                read_from: outside,
                named: format!("{named}/"),
                judged_as: String::new(),
                depth: depth + 1,
            };
            return self.walk(&place);
        }
        if metadata.is_file() { self.file(&outside, &named) } else { Ok(()) }
    }
}

fn entry(flag: u8, named: &str, metadata: &Metadata) -> Entry {
    let modified = metadata.modified().ok().and_then(|it| it.duration_since(SystemTime::UNIX_EPOCH).ok());
    // Rounded, as Go's tar writer does.
    let modified = modified.map_or(0, |it| (it + Duration::from_millis(500)).as_secs());
    Entry { flag, name: named.into(), target: Vec::new(), mode: mode(metadata), modified }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

/// A path without `.` and `..`, by its letters alone: its target need not exist.
fn lexically(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// Names the path in an error: the operating system does not.
fn at(path: &Path) -> impl FnOnce(io::Error) -> io::Error + use<> {
    let path = path.display().to_string();
    move |error| io::Error::new(error.kind(), format!("`{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    fn directory(files: &[(&str, &str)]) -> TempDir {
        let directory = TempDir::new().unwrap();
        for (name, contents) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if !name.ends_with('/') {
                fs::write(path, contents).unwrap();
            }
        }
        directory
    }

    /// Type flag, name, target or contents.
    fn entries(directory: &Path) -> Vec<(char, String, String)> {
        let bytes = pack(directory).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let read = |entry: io::Result<tar::Entry<'_, GzDecoder<&[u8]>>>| {
            let mut entry = entry.unwrap();
            let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let target = entry.link_name_bytes().map(|it| String::from_utf8(it.into_owned()).unwrap());
            let mut contents = String::new();
            io::Read::read_to_string(&mut entry, &mut contents).unwrap();
            (char::from(entry.header().as_bytes()[156]), name, target.unwrap_or(contents))
        };
        archive.entries().unwrap().map(read).collect()
    }

    fn names(directory: &Path) -> Vec<String> {
        entries(directory).into_iter().map(|(_, name, _)| name).collect()
    }

    #[test]
    fn a_directory_comes_back_as_it_was() {
        let directory =
            directory(&[("main.tf", "a = 1\n"), ("modules/vpc/main.tf", "b = 2\n"), ("empty/.keep", "")]);
        fs::remove_file(directory.path().join("empty/.keep")).unwrap();
        let file = |name: &str, contents: &str| ('0', name.to_owned(), contents.to_owned());
        let folder = |name: &str| ('5', name.to_owned(), String::new());
        assert_eq!(
            entries(directory.path()),
            [
                folder("empty/"),
                file("main.tf", "a = 1\n"),
                folder("modules/"),
                folder("modules/vpc/"),
                file("modules/vpc/main.tf", "b = 2\n"),
            ]
        );
    }

    #[test]
    fn modes_and_whole_seconds_are_kept_and_owners_are_not() {
        let directory = directory(&[("run.sh", "")]);
        let path = directory.path().join("run.sh");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4750)).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_700)).unwrap();
        let bytes = pack(directory.path()).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        let header = entry.header();
        assert_eq!((header.mode().unwrap(), header.mtime().unwrap()), (0o750, 1_600_000_001));
        assert_eq!((header.uid().unwrap(), header.username().unwrap()), (0, Some("")));
    }

    #[test]
    fn defaults_and_terraformignore_decide() {
        let directory = directory(&[
            (".git/config", ""),
            (".terraform/providers/p", ""),
            (".terraform/modules/modules.json", "{}"),
            (".terraform/modules/vpc/main.tf", ""),
            (".terraform.lock.hcl", ""),
            (".terraformignore", "*.md\n!/README.md\n/tmp/\nsecret\n"),
            ("README.md", ""),
            ("docs/a.md", ""),
            ("secret/inside", ""),
            ("tmp/x", ""),
            ("live/tmp/x", ""),
        ]);
        assert_eq!(
            names(directory.path()),
            [
                // As the original: what is in it comes, the directories' own entries do not.
                ".terraform/modules/modules.json",
                ".terraform/modules/vpc/",
                ".terraform/modules/vpc/main.tf",
                ".terraform.lock.hcl",
                ".terraformignore",
                "README.md",
                "docs/",
                "live/",
                "live/tmp/",
                "live/tmp/x",
                "secret/inside",
            ]
        );
    }

    #[test]
    fn links_inside_stay_and_links_outside_are_copied() {
        let outside = directory(&[("shared/a.tf", "a\n"), ("one.tf", "1\n"), ("shared/deep/b.tf", "b\n")]);
        let inside = directory(&[("env/main.tf", "")]);
        let link = |target: &Path, name: &str| symlink(target, inside.path().join(name)).unwrap();
        link(Path::new("../env/../env/main.tf"), "env/up.tf");
        link(Path::new("nowhere"), "dangling");
        link(&outside.path().join("one.tf"), "one.tf");
        link(&outside.path().join("shared"), "shared");
        let here = fs::canonicalize(inside.path()).unwrap().join("env/main.tf");
        link(&here, "absolute.tf");
        let entry = |flag: char, name: &str, rest: &str| (flag, name.to_owned(), rest.to_owned());
        assert_eq!(
            entries(inside.path()),
            [
                entry('2', "absolute.tf", here.to_str().unwrap()),
                entry('2', "dangling", "nowhere"),
                entry('5', "env/", ""),
                entry('0', "env/main.tf", ""),
                entry('2', "env/up.tf", "../env/../env/main.tf"),
                entry('0', "one.tf", "1\n"),
                entry('0', "shared/a.tf", "a\n"),
                entry('5', "shared/deep/", ""),
                entry('0', "shared/deep/b.tf", "b\n"),
            ]
        );
    }

    #[test]
    fn a_link_to_nowhere_outside_and_a_circle_are_errors() {
        let inside = directory(&[("main.tf", "")]);
        symlink("/nonexistent/runtask", inside.path().join("gone")).unwrap();
        let error = pack(inside.path()).unwrap_err().to_string();
        assert!(error.contains("gone"), "{error}");

        let outside = directory(&[("x/y", "")]);
        let inside = directory(&[]);
        symlink(outside.path().join("x"), inside.path().join("x")).unwrap();
        symlink(outside.path(), outside.path().join("x/again")).unwrap();
        let error = pack(inside.path()).unwrap_err().to_string();
        assert!(error.contains("circle"), "{error}");
    }

    #[test]
    fn sockets_and_fifos_are_left_out() {
        let directory = directory(&[("main.tf", "")]);
        let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        assert_eq!(names(directory.path()), ["main.tf"]);
    }

    #[test]
    fn long_names_fit() {
        let split = format!("{}/main.tf", "d".repeat(120));
        let pax = format!("{}.tf", "f".repeat(200));
        let directory = directory(&[(&split, "1"), (&pax, "2"), ("größe.tf", "3")]);
        let names = names(directory.path());
        assert!(names.contains(&split) && names.contains(&pax) && names.contains(&"größe.tf".to_owned()));
    }
}
