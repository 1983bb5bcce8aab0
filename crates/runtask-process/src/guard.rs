//! Cleans up after a parent that was killed.
//!
//! The guard is this program started again with an argument. It has a process group of its own, so Ctrl-C does not
//! reach it, takes no notice of the signals that end programs politely, and reads one pipe: what process groups and
//! directories there are, and which are gone. When the pipe ends, nobody is left to write to it, and the guard kills
//! and removes what is left, then ends.
//!
//! It is started when there is first something to guard, and again where it was killed. Whoever never calls [`enable`]
//! has none.
//!
//! A program runs before anybody can say which process group it leads. So it bears a mark in its environment, which the
//! guard knows until it knows the group: whoever bears it when the pipe ends is killed too (Linux only).

use crate::table;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

/// The argument that makes a program the guard.
const ARGUMENT: &str = "process-guard";

/// The variable that marks what is guarded.
pub(crate) const MARK: &str = "PROCESS_GUARD_MARK";

/// What ends an entry: no path holds it.
const END: u8 = 0;

/// How often killing, and removing a directory, is tried, and the pause between: those who write to it were killed, but may
/// not be dead yet.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// What this process guards.
static GUARDED: Mutex<Option<Guarded>> = Mutex::new(None);

/// A process group, as the text of its leader's id, a directory, or the value of [`MARK`].
type Entry = (Kind, Vec<u8>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Group,
    Marked,
    Directory,
}

/// What there is to clean up, and who is told of it.
#[derive(Debug)]
struct Guarded {
    program: PathBuf,
    held: BTreeSet<Entry>,
    guard: Option<Guard>,
    /// Pipes to guards that do not read. They stay open: such a guard may go on, and must not take us for dead.
    stuck: Vec<Guard>,
}

/// A guard that was started, and the pipe that it reads.
#[derive(Debug)]
struct Guard {
    id: u32,
    pipe: ChildStdin,
}

/// Becomes the guard, if that is what the program was started for: to be called first thing in `main`, with the
/// program's first argument.
#[must_use]
pub fn run_if_asked(first_argument: Option<&OsStr>) -> Option<ExitCode> {
    (first_argument? == ARGUMENT).then(|| {
        outlive_polite_signals();
        clean_up(&left_behind(io::stdin().lock()));
        ExitCode::SUCCESS
    })
}

/// Has everything guarded from now on, by `program`, whose `main` calls [`run_if_asked`].
pub fn enable(program: PathBuf) {
    let guarded = Guarded { program, held: BTreeSet::new(), guard: None, stuck: Vec::new() };
    lock().get_or_insert(guarded);
}

/// The processes that guard this one.
pub(crate) fn ids() -> Vec<u32> {
    let guarded = lock();
    let guards = guarded.iter().flat_map(|it| it.guard.iter().chain(&it.stuck));
    guards.map(|it| it.id).collect()
}

/// A program that is being started, and whose group the guard does not know yet.
#[derive(Debug)]
pub(crate) struct Starting {
    /// The value of [`MARK`] for it.
    pub(crate) mark: String,
}

impl Starting {
    /// Tells the guard of a program before it is started; nothing where there is no guard.
    pub(crate) fn told() -> Option<Self> {
        if lock().is_none() {
            return None;
        }
        // Ids of processes come again, so there is more to a mark.
        let mark = format!("{}-{:x}", std::process::id(), RandomState::new().hash_one(0));
        watch(marked(&mark));
        Some(Self { mark })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        forget(&marked(&self.mark));
    }
}

pub(crate) fn watch_group(leader: Pid) {
    watch(group(leader));
}

pub(crate) fn forget_group(leader: Pid) {
    forget(&group(leader));
}

pub(crate) fn watch_directory(path: &Path) {
    watch((Kind::Directory, path.as_os_str().as_bytes().to_vec()));
}

pub(crate) fn forget_directory(path: &Path) {
    forget(&(Kind::Directory, path.as_os_str().as_bytes().to_vec()));
}

fn marked(mark: &str) -> Entry {
    (Kind::Marked, mark.as_bytes().to_vec())
}

fn group(leader: Pid) -> Entry {
    (Kind::Group, leader.as_raw_nonzero().to_string().into_bytes())
}

fn watch(entry: Entry) {
    if let Some(guarded) = lock().as_mut() {
        let line = line(b'+', &entry);
        guarded.held.insert(entry);
        guarded.tell(&line);
    }
}

fn forget(entry: &Entry) {
    if let Some(guarded) = lock().as_mut() {
        guarded.held.remove(entry);
        guarded.tell(&line(b'-', entry));
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<Guarded>> {
    GUARDED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line(sign: u8, (kind, name): &Entry) -> Vec<u8> {
    let kind = match kind {
        Kind::Group => b'g',
        Kind::Marked => b'm',
        Kind::Directory => b'd',
    };
    [&[sign, kind], name.as_slice(), &[END]].concat()
}

impl Guarded {
    /// Tells the guard one thing, or a new guard everything. It never waits: entries are short, and a guard that does not
    /// read them is none.
    fn tell(&mut self, line: &[u8]) {
        if let Some(guard) = self.guard.as_mut() {
            match guard.pipe.write_all(line) {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stuck.extend(self.guard.take())
                }
                Err(_) => self.guard = None,
            }
            warn!("the guard is gone, and another one is started");
        }
        let everything: Vec<u8> = self.held.iter().flat_map(|it| self::line(b'+', it)).collect();
        let started =
            start(&self.program).and_then(|mut guard| guard.pipe.write_all(&everything).map(|()| guard));
        match started {
            Ok(guard) => self.guard = Some(guard),
            Err(error) => {
                warn!(error = %error, "there is no guard: should this be killed, its processes are left behind");
            }
        }
    }
}

fn start(program: &Path) -> io::Result<Guard> {
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
    let pipe = child.stdin.take().ok_or_else(|| io::Error::other("it has no input"))?;
    rustix::io::ioctl_fionbio(&pipe, true)?;
    Ok(Guard { id: child.id(), pipe })
}

/// Who ends its parent politely means the guard as well: a service manager, say, or a terminal that is closed.
fn outlive_polite_signals() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _inside = runtime.enter();
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        // Nobody looks at it; it is enough that it is caught.
        let _refused = signal(kind);
    }
}

/// What is there and was not taken back, once the input has ended. What is cut off in the middle is nothing: of a path it
/// would be another one.
fn left_behind(input: impl Read) -> BTreeSet<Entry> {
    let mut input = BufReader::new(input);
    let mut left = BTreeSet::new();
    let mut line = Vec::new();
    while input.read_until(END, &mut line).is_ok_and(|it| it > 0) {
        let parts = match line.as_slice() {
            [sign, b'g', name @ .., END] => Some((*sign, Kind::Group, name)),
            [sign, b'm', name @ .., END] => Some((*sign, Kind::Marked, name)),
            [sign, b'd', name @ .., END] => Some((*sign, Kind::Directory, name)),
            _ => None,
        };
        match parts {
            Some((b'+', kind, name)) => drop(left.insert((kind, name.to_vec()))),
            Some((b'-', kind, name)) => drop(left.remove(&(kind, name.to_vec()))),
            _ => {}
        }
        line.clear();
    }
    left
}

/// Kills first: who is dead writes no more files.
fn clean_up(left: &BTreeSet<Entry>) {
    for (_, name) in left.iter().filter(|(kind, _)| *kind == Kind::Group) {
        let leader = std::str::from_utf8(name).ok().and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            let _nobody = kill_process_group(leader, Signal::KILL);
        }
    }
    for (_, name) in left.iter().filter(|(kind, _)| *kind == Kind::Marked) {
        kill_marked(name);
    }
    for (_, name) in left.iter().filter(|(kind, _)| *kind == Kind::Directory) {
        remove(&PathBuf::from(OsString::from_vec(name.clone())));
    }
}

/// Kills whoever bears this mark, until nobody is found: one who is being started may come late.
fn kill_marked(mark: &[u8]) {
    let variable = [MARK.as_bytes(), b"=", mark].concat();
    let is_marked = |it: &table::Entry| {
        let environment = fs::read(format!("/proc/{}/environ", it.id.as_raw_nonzero())).unwrap_or_default();
        environment.split(|it| *it == END).any(|it| it == variable)
    };
    let mut looks_without = 0;
    for _ in 0..TRIES {
        // Without a list there is nobody to be found.
        let mut left = table::processes().unwrap_or_default();
        left.retain(|it| !it.is_zombie && is_marked(it));
        looks_without = if left.is_empty() { looks_without + 1 } else { 0 };
        if looks_without == 2 {
            return;
        }
        for it in left {
            let _gone_meanwhile = kill_process(it.id, Signal::KILL);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Removes a directory into which somebody who dies may still write; says whether it is gone.
pub(crate) fn remove(directory: &Path) -> bool {
    for attempt in 0..TRIES {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        let _what_is_left_shows = fs::remove_dir_all(directory);
        if !directory.exists() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Child;

    #[test]
    fn what_was_taken_back_is_not_left_behind() {
        let left = left_behind(&b"+m1-2\0+g12\0+d/tmp/a b\0-g12\0+g13\0+d/tmp"[..]);
        let expected = [
            (Kind::Directory, b"/tmp/a b".to_vec()),
            (Kind::Group, b"13".to_vec()),
            (Kind::Marked, b"1-2".to_vec()),
        ];
        assert_eq!(left, BTreeSet::from(expected), "what is cut off is nothing");
    }

    /// S-06: a program that its parent could not tell of any more.
    #[test]
    #[cfg(target_os = "linux")]
    fn who_bears_a_mark_is_killed_and_nobody_else() {
        #[expect(clippy::disallowed_methods, reason = "what is killed here must not be guarded")]
        let start = |mark: &str| Command::new("/bin/sleep").arg("600").env(MARK, mark).spawn().unwrap();
        let (mut marked, mut other) = (start("test-of-marks-1"), start("test-of-marks-12"));
        clean_up(&BTreeSet::from([(Kind::Marked, b"test-of-marks-1".to_vec())]));
        assert_eq!(marked.wait().unwrap().signal(), Some(9));
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn groups_are_killed_and_directories_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copies");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("main.tf"), "").unwrap();
        #[expect(clippy::disallowed_methods, reason = "what is killed here must not be guarded")]
        let mut command = Command::new("/bin/sh");
        // It writes for as long as it can, as a program does that is killed in the middle.
        let script = "sleep 600 & while :; do echo > \"$0/$RANDOM$$\"; done";
        let mut child: Child = command.args(["-c", script]).arg(&path).process_group(0).spawn().unwrap();
        let group = child.id().to_string();
        clean_up(&BTreeSet::from([
            (Kind::Group, group.into_bytes()),
            (Kind::Directory, path.as_os_str().as_bytes().to_vec()),
        ]));
        assert!(!child.wait().unwrap().success());
        assert!(!path.exists());
    }
}
