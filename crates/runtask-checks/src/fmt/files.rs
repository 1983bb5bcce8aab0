//! Finds the files that `terraform fmt -recursive` looks at, as it finds them, and copies them.

use runtask_process::PrivateDirectory;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What terraform formats, from 1.3 to 1.14. A terraform that does not know the later ones leaves them alone.
const SUFFIXES: [&str; 5] = [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl", ".tfquery.hcl"];

/// Whether `terraform fmt -recursive`, started at the root that `path` is relative to, looks at this file.
///
/// It goes by the name alone: the suffix, and that no part of the path is hidden (`.terraform`) or looks like an
/// editor's backup (`main.tf~`, `#main.tf#`).
///
/// Source: `fmtSupportedExts` in terraform's `internal/command/fmt.go`, `IsIgnoredFile` in `internal/configs`.
pub(super) fn is_formatted_file(path: &Path) -> bool {
    !path.components().any(|it| is_ignored(it.as_os_str()))
        && path.file_name().is_some_and(|it| suffix(it).is_some())
}

fn is_ignored(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b"~") || (name.starts_with(b"#") && name.ends_with(b"#"))
}

fn suffix(name: &OsStr) -> Option<&'static str> {
    SUFFIXES.into_iter().find(|it| name.as_encoded_bytes().ends_with(it.as_bytes()))
}

/// The largest file that is given to terraform.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A file that cannot be judged, and why, as in `main.tf cannot be read: it is …`.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) path: PathBuf,
    pub(super) reason: &'static str,
}

/// What a walk found; paths are relative to its root and sorted.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) readable: Vec<PathBuf>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// Finds the files below `root`. Only an unreadable root is an error.
pub(super) fn walk(root: &Path) -> io::Result<Files> {
    let mut files = Files::default();
    // By name: an open handle for each would be too many.
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        let entries = match fs::read_dir(root.join(&directory)) {
            Ok(entries) => entries,
            Err(error) if directory.as_os_str().is_empty() => return Err(error),
            Err(error) => {
                files.unreadable.push(Unreadable { path: directory, reason: reason(&error) });
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else {
                files
                    .unreadable
                    .push(Unreadable { path: directory, reason: "listing this directory failed" });
                break;
            };
            let name = entry.file_name();
            if is_ignored(&name) {
                continue;
            }
            let path = directory.join(&name);
            // Of the entry itself: a link to a directory is not followed.
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                directories.push(path);
            } else if suffix(&name).is_some() {
                match obstacle(&root.join(&path)) {
                    None => files.readable.push(path),
                    Some(reason) => files.unreadable.push(Unreadable { path, reason }),
                }
            }
        }
    }
    files.readable.sort();
    files.unreadable.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// What is in the way of reading this file as one reads a file.
fn obstacle(path: &Path) -> Option<&'static str> {
    match fs::metadata(path) {
        // Terraform needs many times the memory, and a minute for some files of less than a megabyte.
        Ok(it) if it.is_file() && it.len() > MAX_FILE_BYTES => Some("it is larger than 4 MiB"),
        Ok(it) if it.is_file() => None,
        Ok(it) if it.is_dir() => Some("it is a link to a directory"),
        // A pipe would be waited for, a device may never end.
        Ok(_) => Some("it is not a regular file"),
        Err(error) => Some(reason(&error)),
    }
}

fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "it is a link that leads nowhere",
        io::ErrorKind::PermissionDenied => "permission was denied",
        _ => "opening it failed",
    }
}

/// Files under names of our own, in a directory of our own, which is deleted when this is dropped.
///
/// Terraform then prints only names that we gave: those in the configuration can hold line breaks, terminal
/// codes, or what looks like one of terraform's own lines.
#[derive(Debug)]
pub(super) struct Copies {
    directory: PrivateDirectory,
    pub(super) files: Vec<Copy>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Copy {
    /// Its path below the root that was walked.
    pub(super) original: PathBuf,
    /// Its name in the directory of copies.
    pub(super) name: String,
}

impl Copies {
    /// Copies `files` from below `root`.
    pub(super) fn of(files: Files, root: &Path) -> io::Result<Self> {
        let directory = PrivateDirectory::new()?;
        let mut copies = Self { directory, files: Vec::new(), unreadable: files.unreadable };
        for (number, original) in files.readable.into_iter().enumerate() {
            let suffix = original.file_name().and_then(suffix).unwrap_or_default();
            let name = format!("{number:05}{suffix}");
            match File::open(root.join(&original)) {
                // Not `fs::copy`: that would keep a file read-only, and terraform is to write it.
                Ok(mut from) => {
                    let mut owner_alone = OpenOptions::new();
                    owner_alone.write(true).create_new(true).mode(0o600);
                    io::copy(&mut from, &mut owner_alone.open(copies.path().join(&name))?)?
                }
                Err(error) => {
                    copies.unreadable.push(Unreadable { path: original, reason: reason(&error) });
                    continue;
                }
            };
            copies.files.push(Copy { original, name });
        }
        Ok(copies)
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terraform_looks_at_some_names() {
        for path in [
            "main.tf",
            "a/b.tfvars",
            "a.tftest.hcl",
            "a.tfmock.hcl",
            "dir.tf/x.tf",
            "#y.tf",
            "a b.tf",
            "~a.tf",
        ] {
            assert!(is_formatted_file(Path::new(path)), "{path}");
        }
        for path in [
            "",
            "main",
            "main.tf.json",
            "a.hcl",
            ".tf",
            ".hidden.tf",
            "main.tf~",
            "#main.tf#",
            ".terraform/x/main.tf",
            "a~/main.tf",
            "#b#/main.tf",
            "a/.git/main.tf",
            "../main.tf",
            "./main.tf/",
        ] {
            assert!(!is_formatted_file(Path::new(path)), "{path}");
        }
    }
}
