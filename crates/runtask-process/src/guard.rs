//! Cleans up after a parent that was killed.
//!
//! The guard is this program started again with an argument. It has a process group of its own, so Ctrl-C does not
//! reach it, and reads one pipe: what process groups and directories there are, and which are gone. When the pipe
//! ends, nobody is left to write to it, and the guard kills and removes what is left, then ends.
//!
//! It is started when there is first something to guard. Whoever never calls [`enable`] has none.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing::warn;

/// The argument that makes a program the guard.
const ARGUMENT: &str = "process-guard";

/// What ends an entry: no path holds it.
const END: u8 = 0;

/// Where the program is; set by [`enable`].
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// The guard's input, once it was started; `None` where it could not be.
static GUARD: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();

/// Becomes the guard, if that is what the program was started for: to be called first thing in `main`, with the
/// program's first argument.
#[must_use]
pub fn run_if_asked(first_argument: Option<&OsStr>) -> Option<ExitCode> {
    (first_argument? == ARGUMENT).then(|| {
        clean_up(&left_behind(io::stdin().lock()));
        ExitCode::SUCCESS
    })
}

/// Has everything guarded from now on, by `program`, whose `main` calls [`run_if_asked`].
pub fn enable(program: PathBuf) {
    let _twice = PROGRAM.set(program);
}

pub(crate) fn watch_group(leader: Pid) {
    tell('+', 'g', leader.as_raw_nonzero().to_string().as_bytes());
}

pub(crate) fn forget_group(leader: Pid) {
    tell('-', 'g', leader.as_raw_nonzero().to_string().as_bytes());
}

pub(crate) fn watch_directory(path: &Path) {
    tell('+', 'd', path.as_os_str().as_bytes());
}

pub(crate) fn forget_directory(path: &Path) {
    tell('-', 'd', path.as_os_str().as_bytes());
}

/// Tells the guard one thing. It cannot wait for long: entries are short, and the guard does nothing but read.
fn tell(what: char, kind: char, name: &[u8]) {
    let Some(program) = PROGRAM.get() else { return };
    let guard = GUARD.get_or_init(|| match start(program) {
        Ok(stdin) => Some(Mutex::new(stdin)),
        Err(error) => {
            warn!(error = %error, "the guard could not be started: what is killed leaves its processes behind");
            None
        }
    });
    if let Some(stdin) = guard {
        let entry = [format!("{what}{kind}").as_bytes(), name, &[END]].concat();
        let mut stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a guard we are as well off as without one.
        let _nobody_reads = stdin.write_all(&entry);
    }
}

fn start(program: &Path) -> io::Result<ChildStdin> {
    #[expect(clippy::disallowed_methods, reason = "`Program` needs a guard, and this is the guard")]
    let mut command = Command::new(program);
    let mut child = command
        .arg(ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    child.stdin.take().ok_or_else(|| io::Error::other("it has no input"))
}

/// What is there and was not taken back, once the input has ended.
fn left_behind(input: impl Read) -> BTreeSet<(u8, Vec<u8>)> {
    let mut left = BTreeSet::new();
    for entry in BufReader::new(input).split(END).map_while(Result::ok) {
        match entry.as_slice() {
            [b'+', kind, name @ ..] => drop(left.insert((*kind, name.to_vec()))),
            [b'-', kind, name @ ..] => drop(left.remove(&(*kind, name.to_vec()))),
            _ => {}
        }
    }
    left
}

/// Kills groups first: who is dead writes no more files.
fn clean_up(left: &BTreeSet<(u8, Vec<u8>)>) {
    for (_, name) in left.iter().filter(|(kind, _)| *kind == b'g') {
        let leader = std::str::from_utf8(name).ok().and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            let _nobody = kill_process_group(leader, Signal::KILL);
        }
    }
    for (_, name) in left.iter().filter(|(kind, _)| *kind == b'd') {
        let _gone_already = fs::remove_dir_all(PathBuf::from(OsString::from_vec(name.clone())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Child;

    #[test]
    fn what_was_taken_back_is_not_left_behind() {
        let left = left_behind(&b"+g12\0+d/tmp/a b\0-g12\0+g13\0"[..]);
        let expected = [(b'd', b"/tmp/a b".to_vec()), (b'g', b"13".to_vec())];
        assert_eq!(left, BTreeSet::from(expected));
    }

    #[test]
    fn groups_are_killed_and_directories_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copies");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("main.tf"), "").unwrap();
        #[expect(clippy::disallowed_methods, reason = "what is killed here must not be guarded")]
        let mut command = Command::new("/bin/sh");
        let mut child: Child = command.args(["-c", "sleep 600 & wait"]).process_group(0).spawn().unwrap();
        let group = child.id().to_string();
        clean_up(&BTreeSet::from([(b'g', group.into_bytes()), (b'd', path.as_os_str().as_bytes().to_vec())]));
        assert!(!child.wait().unwrap().success());
        assert!(!path.exists());
    }
}
