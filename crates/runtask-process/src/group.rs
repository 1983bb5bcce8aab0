//! Signals, and kills, a process group as one.

use crate::guard;
use crate::table;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How a program is asked, or made, to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// `SIGINT`, as by Ctrl-C.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
    /// `SIGKILL`, which nobody can refuse.
    Kill,
}

/// A process group that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Option<Pid>,
    is_guarded: bool,
}

impl Group {
    /// The group of the process with this id, which leads it. Where `is_guarded` the guard hears of it.
    pub(crate) fn led_by(leader: Option<u32>, is_guarded: bool) -> Self {
        let leader = leader.and_then(|it| i32::try_from(it).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader.filter(|_| is_guarded) {
            guard::watch_group(leader);
        }
        Self { leader, is_guarded }
    }

    /// Sends a signal to whoever is in it.
    pub(crate) fn signal(&self, signal: StopSignal) {
        let signal = match signal {
            StopSignal::Interrupt => Signal::INT,
            StopSignal::Terminate => Signal::TERM,
            StopSignal::Kill => Signal::KILL,
        };
        if let Some(leader) = self.leader {
            // An error means that nobody is left.
            let _nobody = kill_process_group(leader, signal);
        }
    }

    /// Whether anybody is left in it who is more than a zombie: one may stay for long where nobody waits for orphans.
    pub(crate) fn is_alive(&self) -> bool {
        let Some(leader) = self.leader else { return false };
        test_kill_process_group(leader).is_ok() && table::has_living_in(leader).unwrap_or(true)
    }

    /// Kills whoever is in it.
    ///
    /// It may be called right after the leader was waited for: as long as anybody is left, the system gives the group's id
    /// to nobody else, and where nobody is, it hands out ids in turn and not the last one first.
    pub(crate) fn kill(&mut self) {
        let Some(leader) = self.leader.take() else { return };
        // An error means that nobody is left.
        let _nobody = kill_process_group(leader, Signal::KILL);
        if self.is_guarded {
            guard::forget_group(leader);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
