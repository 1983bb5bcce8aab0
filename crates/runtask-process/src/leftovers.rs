//! Ends whatever a program has left running, also what left its process group.

use crate::guard;
use crate::table::{self, Entry};
use rustix::process::{Pid, Signal, WaitOptions, getpid, getuid, kill_process, waitpid};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// How often in a row nobody must be found: somebody who is starting others may be between two of them.
const CLEAN_LOOKS: u32 = 2;

/// Who counts as left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Every process of our user that was not there at the beginning: where nobody but us has any business, as in a
    /// Lambda function.
    AnybodyNew,
    /// What descends from us. Orphans come to us, and so are found: we are made their "subreaper", which only works where
    /// the system lets us (Linux, outside of Lambda).
    Descendants,
}

/// Knows what may run, and ends the rest.
#[derive(Debug)]
pub struct Leftovers {
    whose: Whose,
    /// Who was there at the beginning, by id and start.
    baseline: BTreeSet<(i32, u64)>,
}

/// Somebody is still running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotGone {
    /// They were killed and did not end in time.
    #[error("{0} processes that the job left behind cannot be ended")]
    Survivors(usize),
    /// The system does not say who runs.
    #[error("the processes of this system cannot be listed")]
    Unlisted(#[source] io::Error),
}

impl Leftovers {
    /// Notes who runs now. To be called before anything of a stranger was started.
    ///
    /// # Errors
    ///
    /// When the system does not say who runs, or gives us no orphans where those are what is to be found.
    pub fn beyond_now(whose: Whose) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if whose == Whose::Descendants {
            rustix::process::set_child_subreaper(Some(getpid()))?;
        }
        let baseline = table::processes()?.into_iter().map(|it| (raw(it.id), it.started)).collect();
        Ok(Self { whose, baseline })
    }

    /// Kills everybody who was left behind, again and again until nobody is found twice in a row, and says how many there
    /// were. Nothing that this process still waits for may be running: it would be killed too.
    ///
    /// # Errors
    ///
    /// When somebody is left after `limit`.
    pub async fn end_all(&self, limit: Duration) -> Result<usize, NotGone> {
        let deadline = Instant::now() + limit;
        let mut ended = BTreeSet::new();
        let mut clean_looks = 0;
        loop {
            let left = self.find().map_err(NotGone::Unlisted)?;
            for it in &left {
                let _gone_meanwhile = kill_process(it.id, Signal::KILL);
                ended.insert((raw(it.id), it.started));
            }
            clean_looks = if left.is_empty() { clean_looks + 1 } else { 0 };
            if !left.is_empty() && Instant::now() >= deadline {
                return Err(NotGone::Survivors(left.len()));
            }
            if clean_looks == CLEAN_LOOKS {
                return Ok(ended.len());
            }
            sleep(PAUSE).await;
        }
    }

    fn find(&self) -> io::Result<Vec<Entry>> {
        let all = table::processes()?;
        let own = raw(getpid());
        // Orphans that came to us and have ended: nobody else will wait for them.
        for it in all.iter().filter(|it| it.is_zombie && it.parent == own && !self.knows(it)) {
            let _not_ours_to_wait_for = waitpid(Some(it.id), WaitOptions::NOHANG);
        }
        let mut left = match self.whose {
            Whose::AnybodyNew => {
                let user = getuid().as_raw();
                all.iter().filter(|it| it.user == user).copied().collect()
            }
            Whose::Descendants => descendants(own, &all),
        };
        let guards = guard::ids();
        let is_guard = |it: &Entry| guards.iter().any(|id| i64::from(*id) == i64::from(raw(it.id)));
        left.retain(|it| !it.is_zombie && raw(it.id) != own && !self.knows(it) && !is_guard(it));
        Ok(left)
    }

    fn knows(&self, entry: &Entry) -> bool {
        self.baseline.contains(&(raw(entry.id), entry.started))
    }
}

fn descendants(ancestor: i32, all: &[Entry]) -> Vec<Entry> {
    let mut children: BTreeMap<i32, Vec<Entry>> = BTreeMap::new();
    for it in all {
        children.entry(it.parent).or_default().push(*it);
    }
    let mut found = Vec::new();
    let mut parents = vec![ancestor];
    while let Some(parent) = parents.pop() {
        // Taken out, so that nobody is asked twice, whatever the list says.
        for it in children.remove(&parent).unwrap_or_default() {
            parents.push(raw(it.id));
            found.push(it);
        }
    }
    found
}

fn raw(id: Pid) -> i32 {
    id.as_raw_nonzero().get()
}
