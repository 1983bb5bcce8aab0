//! Writes a formatted file in place of the one that was read.
//!
//! As terraform does it, the file keeps its inode, its mode and its links. That cannot be done at one stroke, so the new
//! content is written beside the file first: a full disk is noticed before anything is lost, and whoever is killed in the
//! middle finds the whole file there.

use super::show::Problem;
use runtask_findings::shown_path;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The end of the name of a file beside another that is being written.
const SUFFIX: &str = ".runtask-fmt";

/// Writes `after` to a file that holds `before`.
///
/// # Errors
///
/// Why it was not written; the file is as it was before.
pub(super) fn replace(path: &Path, before: &[u8], after: &[u8]) -> Result<(), Problem> {
    let beside = beside(path);
    let unwritten = |error: &io::Error| Problem::unwritable(path, error);
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(|error| unwritten(&error))?;
    let mut now = Vec::new();
    file.read_to_end(&mut now).and_then(|_| file.rewind()).map_err(|error| unwritten(&error))?;
    if now != before {
        let reason = "it was changed by somebody else just now, and is left as it is: run this again";
        return Err(Problem::new(path, reason.to_owned()));
    }
    let is_kept = match keep(&beside, after) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Problem::new(
                path,
                format!(
                    "an earlier run was killed while it wrote this file, and has left the whole of it in {}: \
                     compare the two, keep the better one, and remove the other",
                    shown_path(&beside)
                ),
            ));
        }
        // A directory in which no file can be made may hold files that can be written.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            false
        }
        Err(error) => return Err(unwritten(&error)),
    };
    overwrite_or_restore(&mut file, path, before, after, is_kept.then_some(&*beside))
}

/// Writes into the file, which is `path`, or else what was there before. `beside` holds `after` meanwhile, and stays where
/// neither can be written: then nothing else is whole.
fn overwrite_or_restore(
    file: &mut File,
    path: &Path,
    before: &[u8],
    after: &[u8],
    beside: Option<&Path>,
) -> Result<(), Problem> {
    let mut outcome = Ok(());
    if let Err(error) = overwrite(file, after) {
        if overwrite(file, before).is_err()
            && let Some(beside) = beside
        {
            let reason = format!("{error}; what it should hold is in {}", shown_path(beside));
            return Err(Problem::new(path, reason));
        }
        outcome = Err(Problem::unwritable(path, &error));
    }
    if let Some(beside) = beside {
        let _found_by_the_next_run = fs::remove_file(beside);
    }
    outcome
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(SUFFIX);
    path.with_file_name(name)
}

fn keep(beside: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(content).inspect_err(|_full| {
        let _found_by_the_next_run = fs::remove_file(beside);
    })
}

fn overwrite(file: &mut File, content: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(content)?;
    file.set_len(u64::try_from(content.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use tempfile::TempDir;

    #[test]
    fn mode_inode_and_links_stay() {
        let directory = TempDir::new().unwrap();
        let (file, hard, soft) = (
            directory.path().join("a.tf"),
            directory.path().join("hard.tf"),
            directory.path().join("soft.tf"),
        );
        fs::write(&file, "long before").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(&file, &hard).unwrap();
        symlink("a.tf", &soft).unwrap();
        let before = fs::metadata(&file).unwrap();
        replace(&soft, b"long before", b"after").unwrap();
        let after = fs::metadata(&file).unwrap();
        assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
        assert_eq!(fs::read_to_string(&hard).unwrap(), "after");
        assert!(soft.is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "nothing is left beside it");
    }

    #[test]
    fn the_only_whole_copy_is_kept() {
        let directory = TempDir::new().unwrap();
        let (file, beside) = (directory.path().join("a.tf"), directory.path().join(".a.tf.runtask-fmt"));
        fs::write(&file, "before").unwrap();
        fs::write(&beside, "after").unwrap();
        // Nothing can be written through this, as on a disk that has failed.
        let mut broken = File::open(&file).unwrap();
        let problem = overwrite_or_restore(&mut broken, &file, b"before", b"after", Some(&beside));
        assert!(problem.unwrap_err().reason.contains(".a.tf.runtask-fmt"));
        assert_eq!(fs::read_to_string(&beside).unwrap(), "after");
    }

    #[test]
    fn what_somebody_else_has_written_is_left_alone() {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("a.tf");
        fs::write(&file, "newer").unwrap();
        assert!(replace(&file, b"older", b"after").unwrap_err().reason.contains("run this again"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "newer");
    }

    #[test]
    fn what_a_killed_run_has_left_is_told_and_kept() {
        let directory = TempDir::new().unwrap();
        let (file, left) = (directory.path().join("a.tf"), directory.path().join(".a.tf.runtask-fmt"));
        fs::write(&file, "half").unwrap();
        fs::write(&left, "whole").unwrap();
        let problem = replace(&file, b"half", b"after").unwrap_err();
        assert!(problem.reason.contains(".a.tf.runtask-fmt"), "{problem:?}");
        assert_eq!(
            (fs::read_to_string(&file).unwrap(), fs::read_to_string(&left).unwrap()),
            ("half".into(), "whole".into())
        );
    }
}
