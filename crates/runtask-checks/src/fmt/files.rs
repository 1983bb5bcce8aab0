//! Finds the files that `terraform fmt -recursive` looks at, as it finds them, and reads them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use terraform_fmt::is_ignored;

/// What terraform formats, from 1.3 to 1.14. A terraform that does not know the later ones leaves them alone.
const SUFFIXES: [&str; 5] = [".tf", ".tfvars", ".tftest.hcl", ".tfmock.hcl", ".tfquery.hcl"];

/// Whether `terraform fmt -recursive`, started at the root that `path` is relative to, looks at this file.
///
/// It goes by the name alone: the suffix, and that no part of the path is hidden (`.terraform`) or looks like an
/// editor's backup (`main.tf~`, `#main.tf#`).
///
/// Source: `fmtSupportedExts` in terraform's `internal/command/fmt.go`, `IsIgnoredFile` in `internal/configs`.
pub(super) fn is_formatted_file(path: &Path) -> bool {
    !path.components().any(|it| is_ignored(it.as_os_str().as_encoded_bytes()))
        && path.file_name().is_some_and(|it| suffix(it).is_some())
}

/// The suffix for which terraform formats a file of this name.
pub(super) fn suffix(name: &OsStr) -> Option<&'static str> {
    SUFFIXES.into_iter().find(|it| name.as_encoded_bytes().ends_with(it.as_bytes()))
}

/// The largest file that is judged. Terraform needs many times the memory, and a minute for some files of less than a
/// megabyte.
pub(super) const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Why a file with more than [`MAX_FILE_BYTES`] is not judged.
pub(super) const TOO_LARGE: &str = "it is larger than 4 MiB";
/// Why a link that leads to no file is not judged.
pub(super) const LEADS_NOWHERE: &str = "it is a link that leads nowhere";
/// Why a link that leads to a directory is not judged.
pub(super) const TO_DIRECTORY: &str = "it is a link to a directory";
/// Why a file is not judged that cannot be opened, for whatever reason.
pub(super) const OPENING_FAILED: &str = "opening it failed";

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
            if is_ignored(name.as_encoded_bytes()) {
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
        Ok(it) if it.is_file() && it.len() > MAX_FILE_BYTES => Some(TOO_LARGE),
        Ok(it) if it.is_file() => None,
        Ok(it) if it.is_dir() => Some(TO_DIRECTORY),
        // A pipe would be waited for, a device may never end.
        Ok(_) => Some("it is not a regular file"),
        Err(error) => Some(reason(&error)),
    }
}

/// Reads a file that may be judged.
///
/// # Errors
///
/// Why it cannot be, although nothing was in the way before.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, &'static str> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| reason(&error))?;
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content);
    read.map_err(|error| reason(&error))?;
    if content.len() as u64 > MAX_FILE_BYTES { Err(TOO_LARGE) } else { Ok(content) }
}

fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => LEADS_NOWHERE,
        io::ErrorKind::PermissionDenied => "permission was denied",
        _ => OPENING_FAILED,
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
