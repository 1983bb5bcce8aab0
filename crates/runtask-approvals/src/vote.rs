//! Holds what somebody answered.

use crate::person::{Person, Voter};
use crate::time::UnixTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What somebody chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The run may go on.
    Approve,
    /// It may not.
    Reject,
    /// It must go on now, whatever the rules ask for.
    BreakGlass,
}

impl Choice {
    /// The word in forms and in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::BreakGlass => "break-glass",
        }
    }
}

/// An answer that somebody hands in. Whether it counts, the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    /// Who.
    pub person: Person,
    /// What.
    pub choice: Choice,
    /// Why; may be empty where the rules allow it.
    pub reason: String,
    /// The workspace's name as the person typed it, where that was asked for.
    pub typed_name: Option<String>,
}

/// An answer that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// What.
    pub decision: Choice,
    /// For which of the required groups the person can speak.
    #[serde(default)]
    pub groups: BTreeSet<String>,
    /// Why; may be empty.
    #[serde(default)]
    pub reason: String,
    /// When.
    pub at: UnixTime,
    /// Who.
    pub who: Voter,
    /// Since when it does not count any more: its giver took it back, or gave another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<UnixTime>,
}

impl Vote {
    /// Whether it was not taken back.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.withdrawn_at.is_none()
    }
}
