//! Freezes, thaws and kills a process as one with all that it started.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};

/// A process that leads its group, and what it started.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    leader: Pid,
    is_gone: AtomicBool,
    ran_out_of_time: AtomicBool,
}

impl ProcessGroup {
    pub(crate) fn of(leader: Pid) -> Self {
        Self { leader, is_gone: AtomicBool::new(false), ran_out_of_time: AtomicBool::new(false) }
    }

    /// Kills the leader and its descendants; says whether there was someone to kill.
    ///
    /// A descendant may have a group of its own, for whoever started it wants to kill it as one, too.
    /// Its parent must be alive to find it.
    pub(crate) fn kill(&self) -> bool {
        // Who is stopped starts no more children.
        self.signal(Signal::STOP);
        let mut others = HashSet::new();
        loop {
            let found: Vec<_> = groups_below(self.leader).difference(&others).copied().collect();
            if found.is_empty() {
                break;
            }
            for group in found {
                let _gone = kill_process_group(group, Signal::STOP);
                others.insert(group);
            }
        }
        for group in others {
            let _gone = kill_process_group(group, Signal::KILL);
        }
        self.signal(Signal::KILL)
    }

    /// Kills them as if their time were up; says whether there was someone to kill.
    pub(crate) fn time_out(&self) -> bool {
        self.ran_out_of_time.store(true, Ordering::Release);
        self.kill()
    }

    pub(crate) fn ran_out_of_time(&self) -> bool {
        self.ran_out_of_time.load(Ordering::Acquire)
    }

    /// Stops the group, as Lambda does between invocations.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the group go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// To be called when the leader was waited for. What it left running goes with it.
    pub(crate) fn leader_exited(&self) {
        // The leader's number is not free for others while one of its group lives.
        self.signal(Signal::KILL);
        self.is_gone.store(true, Ordering::Release);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    fn signal(&self, signal: Signal) -> bool {
        // The number of a group that is gone may belong to a stranger.
        !self.is_gone() && kill_process_group(self.leader, signal).is_ok()
    }
}

/// The groups of `ancestor`'s descendants, without its own.
fn groups_below(ancestor: Pid) -> HashSet<Pid> {
    let mut children = HashMap::<_, Vec<_>>::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        if let Some((pid, parent, group)) =
            parse(&std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default())
        {
            children.entry(parent).or_default().push((pid, group));
        }
    }
    let mut groups = HashSet::new();
    let mut unvisited = vec![ancestor];
    while let Some(parent) = unvisited.pop() {
        for (child, group) in children.remove(&parent).into_iter().flatten() {
            unvisited.push(child);
            groups.insert(group);
        }
    }
    groups.remove(&ancestor);
    groups
}

/// Process, parent and group from a line of `/proc/<pid>/stat`; the name in it may hold spaces and brackets.
fn parse(stat: &str) -> Option<(Pid, Pid, Pid)> {
    let (pid, rest) = stat.split_once(' ')?;
    let mut numbers = rest.rsplit_once(") ")?.1.split(' ').skip(1);
    let mut next = || Pid::from_raw(numbers.next()?.parse().ok()?);
    Some((Pid::from_raw(pid.parse().ok()?)?, next()?, next()?))
}
