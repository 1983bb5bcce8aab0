//! Holds the answers of policies.

use crate::message::{Answer, RuleEntry, Trouble};
use runtask_checks::Unjudged;

/// Why no policy could be asked.
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

/// The rules, and the answers of those that were asked.
pub(crate) struct Evaluation {
    pub(crate) rules: Vec<RuleEntry>,
    /// For each rule that was asked, with the index of `rules`.
    pub(crate) answers: Vec<Answer>,
    /// What nobody could be asked about.
    pub(crate) unjudged: Unjudged,
}
