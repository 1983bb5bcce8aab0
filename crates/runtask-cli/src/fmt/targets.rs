//! Chooses the files that `terraform fmt` would look at.

use super::show::Problem;
use runtask_findings::shown_path;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use terraform_fmt::{Flavour, Version, is_ignored};

/// Of every suffix that any version formats.
const NEWEST: Version = Version::new(u32::MAX, 0);

/// The files to format, in terraform's order, and what is wrong with the others.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) files: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
}

/// The files that `targets` stand for.
pub(super) fn choose(targets: &[PathBuf], recursive: bool, flavour: Flavour) -> Chosen {
    let here = [PathBuf::from(".")];
    let targets = if targets.is_empty() { &here } else { targets };
    let mut chosen = Chosen::default();
    for target in targets {
        match fs::metadata(target) {
            Ok(it) if it.is_dir() => chosen.add_directory(&named(target), recursive, flavour),
            Ok(_) => {
                // One that is named is not asked whether it is hidden or a backup.
                let name = target.file_name().unwrap_or(target.as_os_str()).as_encoded_bytes();
                if flavour.suffixes(NEWEST).any(|it| name.ends_with(it.as_bytes())) {
                    chosen.add_file(named(target));
                } else {
                    chosen.problems.push(Problem::new(target, not_formatted(target, flavour)));
                }
            }
            Err(error) => {
                chosen.problems.push(Problem::unreadable(target, &error));
                // As terraform, which looks at no target behind it.
                break;
            }
        }
    }
    let mut seen = BTreeSet::new();
    chosen.files.retain(|it| seen.insert(it.clone()));
    chosen
}

impl Chosen {
    /// The files of a directory, by name; those of the directories in it where their names stand.
    fn add_directory(&mut self, directory: &Path, recursive: bool, flavour: Flavour) {
        // What is left of each directory, the last name first.
        let mut open = vec![(directory.to_owned(), self.names(directory))];
        while let Some((directory, names)) = open.last_mut() {
            let Some((name, is_directory)) = names.pop() else {
                open.pop();
                continue;
            };
            let path = joined(directory, &name);
            if is_directory {
                if recursive {
                    let names = self.names(&path);
                    open.push((path, names));
                }
            } else if is_formatted(&name, flavour) {
                self.add_file(path);
            }
        }
    }

    /// The names in a directory that are not ignored, the last one first, and whether each is a directory itself. A link to
    /// one is not.
    fn names(&mut self, directory: &Path) -> Vec<(OsString, bool)> {
        let read = || -> io::Result<Vec<(OsString, bool)>> {
            let mut names = Vec::new();
            for entry in
                fs::read_dir(if directory.as_os_str().is_empty() { Path::new(".") } else { directory })?
            {
                let entry = entry?;
                if !is_ignored(entry.file_name().as_encoded_bytes()) {
                    names.push((entry.file_name(), entry.file_type()?.is_dir()));
                }
            }
            names.sort_by(|one, other| other.0.as_encoded_bytes().cmp(one.0.as_encoded_bytes()));
            Ok(names)
        };
        read().unwrap_or_else(|error| {
            self.problems.push(Problem::unreadable(directory, &error));
            Vec::new()
        })
    }

    /// A file, unless reading it would not end, or it is none.
    fn add_file(&mut self, path: PathBuf) {
        match fs::metadata(&path) {
            Ok(it) if it.is_file() => self.files.push(path),
            Ok(it) if it.is_dir() => {
                self.problems.push(Problem::new(&path, "it is a link to a directory".to_owned()));
            }
            Ok(_) => self.problems.push(Problem::new(&path, "it is not a regular file".to_owned())),
            Err(error) => self.problems.push(Problem::unreadable(&path, &error)),
        }
    }
}

/// Whether a file of this name is formatted when its directory is.
pub(super) fn is_formatted(name: &OsStr, flavour: Flavour) -> bool {
    terraform_fmt::is_formatted(name.as_encoded_bytes(), flavour, NEWEST)
}

/// Why a file that was named is not formatted.
pub(super) fn not_formatted(path: &Path, flavour: Flavour) -> String {
    let suffixes: Vec<_> = flavour.suffixes(NEWEST).collect();
    format!("{} is not formatted by its name: only {} are", shown_path(path), suffixes.join(", "))
}

/// A target as terraform calls it: relative to the directory here, and without `.` and `..` where that is possible.
fn named(target: &Path) -> PathBuf {
    let Ok(here) = std::env::current_dir() else { return target.to_owned() };
    let mut absolute = PathBuf::new();
    for component in here.join(target).components() {
        match component {
            Component::ParentDir => drop(absolute.pop()),
            Component::CurDir => {}
            other => absolute.push(other),
        }
    }
    let mut up = PathBuf::new();
    for above in here.ancestors() {
        if let Ok(below) = absolute.strip_prefix(above) {
            return up.join(below);
        }
        up.push("..");
    }
    absolute
}

fn joined(directory: &Path, name: &OsStr) -> PathBuf {
    if directory.as_os_str().is_empty() { PathBuf::from(name) } else { directory.join(name) }
}
