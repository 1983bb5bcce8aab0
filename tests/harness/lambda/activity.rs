//! Knows what is going on, so that a test waits for a state and never for a while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Counts per function, and the news when one changes.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<watch::Sender<BTreeMap<String, Counts>>>);

/// The counts of one function.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Accepted and not finished: queued, running, or waiting for a retry.
    pub(super) pending: usize,
    /// Given to a process, ever.
    pub(super) started: usize,
}

/// Something accepted and not finished; dropped when it is.
#[derive(Debug)]
pub(super) struct Pending {
    activity: Activity,
    function: String,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }

    pub(super) fn begin(&self, function: &str) -> Pending {
        self.change(function, |counts| counts.pending += 1);
        Pending { activity: self.clone(), function: function.to_owned() }
    }

    /// # Panics
    ///
    /// With all counts, when `limit` passes first: a test that waits in vain should say for what.
    pub(super) async fn wait_for(
        &self,
        what: &str,
        limit: Duration,
        holds: impl Fn(&BTreeMap<String, Counts>) -> bool,
    ) {
        let mut changes = self.0.subscribe();
        let waited = tokio::time::timeout(limit, changes.wait_for(|counts| holds(counts))).await.is_ok();
        assert!(waited, "waited {limit:?} in vain for {what}; {:#?}", self.0.borrow());
    }

    fn change(&self, function: &str, change: impl FnOnce(&mut Counts)) {
        self.0.send_modify(|counts| change(counts.entry(function.to_owned()).or_default()));
    }
}

impl Pending {
    pub(super) fn started(&self) {
        self.activity.change(&self.function, |counts| counts.started += 1);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.activity.change(&self.function, |counts| counts.pending -= 1);
    }
}
