//! Kills a process group as one.

use crate::guard;
use rustix::process::{Pid, Signal, kill_process_group};

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
