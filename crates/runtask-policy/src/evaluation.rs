//! Says what asking policies came to.

use crate::message::{Answer, RuleEntry, Trouble};

/// Why policies say nothing at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableError {
    /// They cannot be compiled, or their data is in the way.
    #[error("{}", .0.summary)]
    Policies(Trouble),
    /// The plan cannot be read.
    #[error("{}", .0.summary)]
    Plan(Trouble),
    /// The process could not be started, or ended before it asked anything.
    #[error("{0}")]
    Process(String),
}

/// What was evaluated.
pub(crate) struct Evaluation {
    pub(crate) rules: Vec<RuleEntry>,
    /// For each rule that was asked, with the index of `rules`.
    pub(crate) answers: Vec<Answer>,
}
