//! How long a job may take.

use super::lenient::or_ignored;
use serde::Deserialize;
use std::time::Duration;

/// The limit of a job for which GitLab names none.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3600;

/// What GitLab wants of the runner for this job.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RunnerInfo {
    #[serde(default, deserialize_with = "or_ignored")]
    timeout: u64,
}

impl RunnerInfo {
    /// How long the job may take: an hour where GitLab says nothing, or 0.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(if self.timeout == 0 { DEFAULT_TIMEOUT_SECONDS } else { self.timeout })
    }
}
