//! Holds where an approval stands. Each state knows what is known in it, and no more.

use crate::time::UnixTime;
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Status {
    /// People are asked.
    Open,
    /// The verdict stands, and HCP Terraform does not have it yet.
    Decided {
        /// The verdict.
        decision: Decision,
    },
    /// HCP Terraform has the verdict.
    Reported {
        /// The verdict.
        decision: Decision,
        /// Since when.
        at: UnixTime,
        /// Whether HCP Terraform said that it has it. It may have said so to an attempt whose answer was lost.
        confirmed: bool,
    },
    /// HCP Terraform does not wait for a verdict any more: the run was cancelled, or another result is final.
    Cancelled {
        /// The verdict, if there was one.
        decision: Option<Decision>,
        /// Since when.
        at: UnixTime,
    },
    /// No verdict can be delivered any more: HCP Terraform does not take the run's token, or did not answer in time.
    Lost {
        /// The verdict, if there was one.
        decision: Option<Decision>,
        /// Since when.
        at: UnixTime,
    },
}

impl Status {
    /// The verdict, once there is one.
    #[must_use]
    pub const fn decision(&self) -> Option<Decision> {
        match *self {
            Self::Open => None,
            Self::Decided { decision } | Self::Reported { decision, .. } => Some(decision),
            Self::Cancelled { decision, .. } | Self::Lost { decision, .. } => decision,
        }
    }

    /// Since when nothing more can be said to HCP Terraform; `None` while something can.
    #[must_use]
    pub const fn ended_at(&self) -> Option<UnixTime> {
        match *self {
            Self::Open | Self::Decided { .. } => None,
            Self::Reported { at, .. } | Self::Cancelled { at, .. } | Self::Lost { at, .. } => Some(at),
        }
    }

    /// The word for metrics and listings.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Decided { .. } => "decided",
            Self::Reported { .. } => "reported",
            Self::Cancelled { .. } => "cancelled",
            Self::Lost { .. } => "lost",
        }
    }
}

/// A verdict and how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: UnixTime,
}

/// How a verdict came about. Who it was, the votes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Everybody who has to approve did.
    Approved,
    /// Somebody rejected, or enough did.
    Rejected,
    /// Somebody who may passed it in an emergency.
    BreakGlass,
    /// Nobody decided in time.
    Expired,
    /// Nobody could be asked: no channel took the message.
    Unasked,
    /// The service stopped, and what it remembers is gone with it.
    Stopped,
}

impl Cause {
    /// The word for metrics and audit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::BreakGlass => "break-glass",
            Self::Expired => "expired",
            Self::Unasked => "unasked",
            Self::Stopped => "stopped",
        }
    }
}
