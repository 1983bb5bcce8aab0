//! How a job ended.

use gitlab_runner_protocol::{FailureReason, FinalState};
use serde::{Deserialize, Serialize};

/// What GitLab is told: exactly one of these for each job, and none for one that it has given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything went well.
    Success,
    /// It did not.
    Failed(Failure),
}

/// Why a job failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Its script, or an upload of what it made.
    Script {
        /// The script's exit code, where it has one.
        code: Option<i32>,
    },
    /// What it needs before its script, or this runner itself.
    System,
    /// Its time was up, or this runner's, when its script had begun.
    TimeOut,
    /// This runner had to end before its script had begun, so that nothing of it has happened.
    Interrupted,
    /// A person cancelled it.
    Canceled,
}

impl Outcome {
    /// The same in GitLab's words.
    #[must_use]
    pub fn final_state(self) -> FinalState {
        let (reason, exit_code) = match self {
            Self::Success => return FinalState::Success,
            Self::Failed(Failure::Script { code }) => (FailureReason::ScriptFailure, code),
            Self::Failed(Failure::System) => (FailureReason::RunnerSystemFailure, None),
            Self::Failed(Failure::TimeOut) => (FailureReason::JobExecutionTimeout, None),
            Self::Failed(Failure::Interrupted) => (FailureReason::RunnerInterrupted, None),
            Self::Failed(Failure::Canceled) => (FailureReason::JobCanceled, None),
        };
        FinalState::Failed { reason, exit_code }
    }

    /// `CI_JOB_STATUS`, as `after_script` sees it.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed(Failure::TimeOut) => "timedout",
            Self::Failed(Failure::Canceled) => "canceled",
            Self::Failed(_) => "failed",
        }
    }
}
