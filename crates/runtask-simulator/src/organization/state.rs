//! Keeps an organization as it was made, and what has become of it.

use super::contents::{Organization, RunTask};
use crate::random;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An organization that the simulator plays. Clones share it.
#[derive(Clone)]
pub struct SimulatedOrganization(pub(crate) Arc<State>);

impl fmt::Debug for SimulatedOrganization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedOrganization").field("name", &self.0.spec.name).finish_non_exhaustive()
    }
}

impl SimulatedOrganization {
    /// The one token that may do everything.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.token
    }

    /// Its run tasks, in the order of their creation.
    #[must_use]
    pub fn run_tasks(&self) -> Vec<RunTask> {
        self.0.records().tasks.iter().map(|it| it.task.clone()).collect()
    }

    /// The method and path of every request that changed something, or was refused to.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        self.0.records().writes.clone()
    }

    /// How many probes were sent.
    #[must_use]
    pub fn probes(&self) -> usize {
        self.0.records().probes
    }
}

pub(crate) struct State {
    pub(super) spec: Organization,
    pub(super) token: String,
    /// `ws-…`, in the order of the workspaces.
    pub(super) workspace_ids: Vec<String>,
    records: Mutex<Records>,
}

#[derive(Default)]
pub(super) struct Records {
    pub(super) tasks: Vec<Registered>,
    pub(super) writes: Vec<String>,
    pub(super) probes: usize,
    pub(super) requests: usize,
}

pub(super) struct Registered {
    pub(super) task: RunTask,
    /// `wstask-…`, in the order of the attachments.
    pub(super) attachment_ids: Vec<String>,
    /// `taskcfg-…`, once there is one.
    pub(super) configuration: Option<String>,
}

impl State {
    pub(crate) fn new(spec: Organization) -> Self {
        let workspace_ids = spec.workspaces.iter().map(|_| random::id("ws")).collect();
        Self { spec, token: random::token(), workspace_ids, records: Mutex::default() }
    }

    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
