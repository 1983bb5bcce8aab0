//! Empties a directory that a hostile job may have filled.
//!
//! It follows no links, stays on its device, opens what was locked, and needs neither recursion nor long paths: what is deep
//! is moved up before it is removed.

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, fchmod, openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Removes everything in `directory`, and says how much could not be removed: what belongs to others, is mounted there, or
/// is made as fast as it is removed. The directory itself stays.
///
/// # Errors
///
/// When the directory is missing, or cannot be read.
pub fn wipe(directory: &Path) -> io::Result<usize> {
    let stat = rustix::fs::lstat(directory)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        // A job may have locked it, too. Where it is not ours, as `/tmp` mostly is, it could not.
        let mode = Mode::from_raw_mode(stat.st_mode) | Mode::RWXU;
        let _not_ours = rustix::fs::chmod(directory, mode);
    }
    let root = openat(CWD, directory, OPEN, Mode::empty())?;
    let mut wipe = Wipe { device: rustix::fs::fstat(&root)?.st_dev, moved: 0, root };
    // Each round removes one level of what is there, and moves the next one up.
    loop {
        let round = wipe.round()?;
        if round.left == 0 && round.moved == 0 || round.removed + round.moved == 0 {
            return Ok(round.left);
        }
    }
}

struct Wipe {
    root: OwnedFd,
    device: u64,
    /// How many directories were moved up so far; their names.
    moved: u64,
}

/// What became of what was found.
#[derive(Default)]
struct Round {
    removed: usize,
    moved: usize,
    left: usize,
}

impl Round {
    fn count<T>(&mut self, removed: Result<T, Errno>) {
        match removed {
            Ok(_) => self.removed += 1,
            Err(_) => self.left += 1,
        }
    }
}

impl Wipe {
    /// Removes what is in the root, and what is one level below it.
    fn round(&mut self) -> io::Result<Round> {
        let mut round = Round::default();
        for (name, is_directory) in entries(self.root.as_fd())? {
            if is_directory {
                self.empty(&name, &mut round);
                round.count(unlinkat(&self.root, &name, AtFlags::REMOVEDIR));
            } else {
                round.count(unlinkat(&self.root, &name, AtFlags::empty()));
            }
        }
        Ok(round)
    }

    /// Empties a directory of the root: what is in it is removed, or moved up.
    fn empty(&mut self, name: &CStr, round: &mut Round) {
        let Ok(directory) = self.unlock(self.root.as_fd(), name) else { return };
        for (name, is_directory) in entries(directory.as_fd()).unwrap_or_default() {
            if !is_directory {
                round.count(unlinkat(&directory, &name, AtFlags::empty()));
                continue;
            }
            // Whoever moves a directory has to be able to write to it.
            let unlocked = self.unlock(directory.as_fd(), &name);
            match unlocked.and_then(|_| self.move_up(directory.as_fd(), &name)) {
                Ok(()) => round.moved += 1,
                Err(_) => round.left += 1,
            }
        }
    }

    /// Opens a directory, whatever its mode was.
    fn unlock(&self, parent: BorrowedFd<'_>, name: &CStr) -> Result<OwnedFd, Errno> {
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if stat.st_dev != self.device || FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(Errno::XDEV);
        }
        let open = || openat(parent, name, OPEN, Mode::empty());
        let opened = match open() {
            Err(Errno::ACCESS) => {
                // It is no link, as was just seen, and nobody is left to make it one.
                rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty())?;
                open()?
            }
            opened => opened?,
        };
        fchmod(&opened, Mode::RWXU)?;
        Ok(opened)
    }

    fn move_up(&mut self, parent: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
        loop {
            self.moved += 1;
            let new = format!(".wiped-{}", self.moved);
            match renameat_with(parent, name, &self.root, new.as_str(), RenameFlags::NOREPLACE) {
                // A job may have made such a name, too.
                Err(Errno::EXIST) => {}
                moved => return moved,
            }
        }
    }
}

/// What is in a directory, and whether it is a directory too.
fn entries(directory: BorrowedFd<'_>) -> io::Result<Vec<(CString, bool)>> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        let is_directory = match entry.file_type() {
            FileType::Unknown => statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|it| FileType::from_raw_mode(it.st_mode) == FileType::Directory),
            kind => kind == FileType::Directory,
        };
        entries.push((name.to_owned(), is_directory));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    #[test]
    fn whatever_a_job_has_made_is_gone_and_nothing_else() {
        let outside = TempDir::new().unwrap();
        fs::write(outside.path().join("precious"), "x").unwrap();
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir_all(path("locked/inner/deep")).unwrap();
        fs::write(path("locked/inner/deep/file"), "x").unwrap();
        fs::write(path("locked/read-only"), "x").unwrap();
        symlink(outside.path(), path("locked/inner/out")).unwrap();
        symlink(outside.path(), path("out")).unwrap();
        symlink("loop", path("loop")).unwrap();
        // A name that the wiping itself would like to use.
        fs::create_dir_all(path(".wiped-1/.wiped-2")).unwrap();
        fs::create_dir(path("a b\n*")).unwrap();
        rustix::fs::mknodat(CWD, path("pipe"), FileType::Fifo, Mode::empty(), 0).unwrap();
        for (name, mode) in
            [("locked/read-only", 0o0), ("locked/inner/deep", 0o0), ("locked/inner", 0o500), ("locked", 0o0)]
        {
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        assert_eq!(wipe(directory.path()).unwrap(), 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(outside.path().join("precious")).unwrap(), "x");
    }

    #[test]
    fn what_is_deeper_than_any_path_is_gone_too() {
        let directory = TempDir::new().unwrap();
        let mut parent = openat(CWD, directory.path(), OPEN, Mode::empty()).unwrap();
        let name = "d".repeat(200);
        for _ in 0..3000 {
            rustix::fs::mkdirat(&parent, &name, Mode::RWXU).unwrap();
            parent = openat(&parent, &name, OPEN, Mode::empty()).unwrap();
        }
        drop(parent);
        assert_eq!(wipe(directory.path()).unwrap(), 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let directory = TempDir::new().unwrap();
        wipe(&directory.path().join("none")).unwrap_err();
        symlink("/", directory.path().join("link")).unwrap();
        wipe(&directory.path().join("link")).unwrap_err();
    }
}
