//! The processes of this system, as Linux lists them in `/proc`.

use rustix::process::Pid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

/// A process, as far as it matters to those who stop it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Pid,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// Its start, in the system's ticks since it was started: what tells it from another one with the same id.
    pub(crate) started: u64,
    /// It has ended, and its parent has not looked yet.
    pub(crate) is_zombie: bool,
    /// The user whose rights it has.
    pub(crate) user: u32,
}

/// All that can be seen.
///
/// # Errors
///
/// Where there is no `/proc`.
pub(crate) fn processes() -> io::Result<Vec<Entry>> {
    let ids = fs::read_dir("/proc")?.filter_map(|it| it.ok()?.file_name().to_str()?.parse().ok());
    Ok(ids.filter_map(entry).collect())
}

/// Whether anybody lives in the group that this process led.
pub(crate) fn has_living_in(leader: Pid) -> io::Result<bool> {
    let leader = leader.as_raw_nonzero().get();
    Ok(processes()?.iter().any(|it| it.group == leader && !it.is_zombie))
}

/// `None` when it has ended meanwhile.
fn entry(id: i32) -> Option<Entry> {
    let user = fs::metadata(format!("/proc/{id}")).ok()?.uid();
    parse(Pid::from_raw(id)?, user, &fs::read(format!("/proc/{id}/stat")).ok()?)
}

/// Reads `ID (NAME) STATE PARENT GROUP …`. The name is the program's own and may hold anything, so what counts begins after
/// the last `)`.
///
/// Source: proc_pid_stat(5); the start is field 22.
fn parse(id: Pid, user: u32, stat: &[u8]) -> Option<Entry> {
    let name_end = stat.iter().rposition(|it| *it == b')')?;
    let mut fields = std::str::from_utf8(stat.get(name_end + 1..)?).ok()?.split_ascii_whitespace();
    let is_zombie = matches!(fields.next()?, "Z" | "X" | "x");
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let started = fields.nth(16)?.parse().ok()?;
    Some(Entry { id, parent, group, started, is_zombie, user })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_pretend_to_be_fields() {
        let id = Pid::from_raw(7).unwrap();
        let stat = b"7 (a) Z 1 1 (b) S 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 2200 22";
        let entry = parse(id, 0, stat).unwrap();
        assert_eq!((entry.parent, entry.group, entry.started, entry.is_zombie), (3, 4, 2200, false));
        assert_eq!(parse(id, 0, b"7 (a"), None);
        assert_eq!(parse(id, 0, b"7 (a) S 1"), None);
    }

    #[test]
    fn this_process_is_in_it() {
        let own = rustix::process::getpid();
        let found = processes().unwrap().into_iter().find(|it| it.id == own).unwrap();
        let parent = rustix::process::getppid().unwrap();
        assert_eq!((found.parent, found.is_zombie), (parent.as_raw_nonzero().get(), false));
    }
}
