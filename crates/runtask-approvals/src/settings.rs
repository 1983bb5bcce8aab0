//! Holds the settings of approvals: `[approval]` for all tasks, `[tasks.NAME.approval]` for one. Reads none.

use crate::directory::Directory;
use crate::message::Channel;
use crate::person::Proof;
use crate::rules::{BreakGlass, Reject};
use crate::services::Services;
use crate::verdict::Verdict;
use std::time::Duration;

/// `[approval]`: who is who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalSettings {
    /// `identity`: how people prove who they are; `oidc` unless set.
    pub identity: Proof,
    /// `unknown_creator`: whether a run may be approved although nobody knows who started it; `refuse` unless set.
    pub unknown_creator: UnknownCreator,
    /// `people` and `groups`.
    pub directory: Directory,
    /// `oidc`, `proxy`, `easy_auth`, `teams` and `slack`.
    pub services: Services,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        Self {
            identity: Proof::Oidc,
            unknown_creator: UnknownCreator::default(),
            directory: Directory::default(),
            services: Services::default(),
        }
    }
}

/// What becomes of a run whose creator is none of the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownCreator {
    /// Nobody can approve it.
    #[default]
    Refuse,
    /// Anybody who is asked can.
    Allow,
}

/// `[tasks.NAME.approval]`: when who has to approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskApproval {
    /// `when`: people are asked where one of these holds; always unless set.
    pub when: Vec<When>,
    /// `speculative`: whether runs that only plan need approval, too; not unless set.
    pub speculative: bool,
    /// `required`: at least one.
    pub required: Vec<Asked>,
    /// `distinct`: whether one person counts once over all groups; so unless set.
    pub distinct: bool,
    /// `self_approval`: whether whoever started the run may approve it; not unless set.
    pub self_approval: bool,
    /// `reject`: what rejections do.
    pub reject: Reject,
    /// `reject_reason`: whether a rejection needs a reason; so unless set.
    pub reject_reason: bool,
    /// `confirm_name`: whether whoever approves what destroys types the workspace's name; so unless set.
    pub confirm_name: bool,
    /// `minutes`: how long people can answer; [`TaskApproval::OPEN`] unless set.
    pub open: Duration,
    /// `on_expiry`: what follows when nobody has decided in time; failed unless set.
    pub on_expiry: Verdict,
    /// `overrides`: codes of policies that an approval makes up for.
    pub overrides: Vec<String>,
    /// `break_glass`: who may pass a run in an emergency.
    pub break_glass: Option<BreakGlass>,
    /// `channels`: where people are asked, at least one.
    pub channels: Vec<Channel>,
    /// `fallback`: where they are asked when a channel does not take the question.
    pub fallback: Option<Channel>,
    /// `channel_minutes`: for how long a message that cannot be posted is tried again; half of the time to answer,
    /// at most 5, unless set.
    pub channel_minutes: u64,
}

impl TaskApproval {
    /// How long people can answer unless set: as long as a run's token lasts for certain.
    ///
    /// HCP Terraform waits for sixty minutes while it hears of progress, but says that a run's token lasts for ten, and
    /// nobody publishes whether progress prolongs it.
    pub const OPEN: Duration = Duration::from_mins(9);
}

/// Of which group how many have to approve, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `group`: its name in `[approval.groups]`.
    pub group: String,
    /// `count`: how many of it; one unless set.
    pub count: u32,
    /// `when`: where one of these holds; whenever people are asked unless set.
    pub when: Option<Vec<When>>,
}

/// What must hold of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing.
    Always,
    /// The plan changes something.
    Changes,
    /// The plan destroys or replaces something.
    Destroys,
    /// A policy or another check of the task objects.
    PolicyFailed,
}

impl When {
    pub(crate) const ALL: [Self; 4] = [Self::Always, Self::Changes, Self::Destroys, Self::PolicyFailed];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Changes => "changes",
            Self::Destroys => "destroys",
            Self::PolicyFailed => "policy-failed",
        }
    }

    /// Whether `other` holds of every run of which this holds.
    pub(crate) fn implies(self, other: Self) -> bool {
        self == other || other == Self::Always || (self == Self::Destroys && other == Self::Changes)
    }
}
