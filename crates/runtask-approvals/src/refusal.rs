//! Says why an answer does not count: a sentence for the page, and a word for metrics.

use crate::time::UnixTime;

/// Why an answer does not count. Each `Display` is a sentence for whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A verdict stands.
    #[error("This was already decided{} at {at}.", .by.as_ref().map(|it| format!(" by {it}")).unwrap_or_default())]
    AlreadyDecided {
        /// Who decided; nobody when time or the service did.
        by: Option<String>,
        /// When.
        at: UnixTime,
    },
    /// HCP Terraform does not wait any more.
    #[error("Nobody waits for an answer any more: the run was cancelled, or its result cannot be delivered.")]
    Over,
    /// Time is up.
    #[error("The time to answer was up at {at}.")]
    Expired {
        /// When.
        at: UnixTime,
    },
    /// One person, one vote.
    #[error("You have answered already. Take your answer back first if you want to change it.")]
    AlreadyVoted,
    /// There is no vote of this person.
    #[error("You have not answered, so there is nothing to take back.")]
    NothingToWithdraw,
    /// Whoever started a run does not approve it.
    #[error("You started this run, so somebody else has to approve it. You may reject it.")]
    OwnRun,
    /// Nobody knows who started the run.
    #[error(
        "Who started this run is not known, so nobody can approve it: an administrator has to name that user in `[approval.people]`."
    )]
    CreatorUnknown,
    /// In none of the groups.
    #[error("You are in none of the groups that are asked.")]
    NotAnApprover,
    /// Maybe in one of the groups.
    #[error(
        "Your sign-in does not say which groups you are in, because there are too many. An administrator can cure this: app roles instead of groups, or only the groups that are assigned to this application."
    )]
    GroupsUnknown,
    /// Why is missing.
    #[error("A reason is needed.")]
    ReasonNeeded,
    /// The workspace's name is missing or wrong.
    #[error("Type the workspace's name exactly as it is shown: this plan destroys something.")]
    NameMismatch,
    /// The rules want to know who it is.
    #[error("Having the link is not enough here: sign in to answer.")]
    Unverified,
    /// Answers were given and taken back too often.
    #[error("Too many answers were given and taken back. Only an answer that decides is accepted now.")]
    TooManyVotes,
}

impl Refusal {
    /// The word for metrics and the audit log.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::AlreadyDecided { .. } => "already-decided",
            Self::Over => "over",
            Self::Expired { .. } => "expired",
            Self::AlreadyVoted => "already-voted",
            Self::NothingToWithdraw => "nothing-to-withdraw",
            Self::OwnRun => "own-run",
            Self::CreatorUnknown => "creator-unknown",
            Self::NotAnApprover => "not-an-approver",
            Self::GroupsUnknown => "groups-unknown",
            Self::ReasonNeeded => "reason-needed",
            Self::NameMismatch => "name-mismatch",
            Self::Unverified => "unverified",
            Self::TooManyVotes => "too-many-votes",
        }
    }
}
