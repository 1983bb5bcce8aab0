//! How a job ended, and whether GitLab knows.

use crate::failure_reason::FailureReason;
use reqwest::StatusCode;

/// How a job ended. It is decided once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalState {
    /// Well.
    Success,
    /// Not well.
    Failed {
        /// Why.
        reason: FailureReason,
        /// The script's exit code, where there was one.
        exit_code: Option<i32>,
    },
}

/// What became of a final state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// GitLab has it.
    Accepted,
    /// GitLab wants nothing more for this job: it was cancelled, or dropped, or its state came through without an answer.
    Over,
}

/// A final state that GitLab has not got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// Time ran out between attempts.
    #[error(
        "the job's final state could not be delivered in time, after {attempts} attempts; the last: {last}"
    )]
    Late {
        /// How often it was sent.
        attempts: u32,
        /// What the last attempt met.
        last: String,
    },
    /// An answer that sending it again does not mend.
    #[error("GitLab answered {status} to the job's final state")]
    Refused {
        /// With what.
        status: StatusCode,
    },
}
