//! Holds the rules that one approval is judged by. They are kept with it: other settings do not move it.

use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// How many groups can be required, at most: every combination of them is looked at.
pub const MAX_GROUPS: usize = 8;

/// How many approvals can be required over all groups, at most.
pub const MAX_REQUIRED: u32 = 12;

/// Who has to approve, and what else must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// All of these must be met; at least one, at most [`MAX_GROUPS`], each group once.
    pub required: Vec<Requirement>,
    /// Whether one person counts once over all groups, or once in each of their groups.
    #[serde(default = "yes")]
    pub distinct: bool,
    /// Whether whoever started the run may approve it.
    #[serde(default)]
    pub self_approval: bool,
    /// Whether nobody may approve, because the settings do not say who started the run.
    #[serde(default)]
    pub creator_refused: bool,
    /// What rejections do.
    #[serde(default)]
    pub reject: Reject,
    /// Whether a rejection needs a reason.
    #[serde(default = "yes")]
    pub reject_reason: bool,
    /// Whether whoever approves a plan that destroys types the workspace's name.
    #[serde(default = "yes")]
    pub confirm_name: bool,
    /// What follows when nobody has decided in time.
    pub on_expiry: Verdict,
    /// Who may pass the run against all of the above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<BreakGlass>,
    /// Whether having the link is enough to approve; nobody is verified then.
    #[serde(default)]
    pub by_link: bool,
    /// For how long a message that cannot be posted is tried again, in minutes.
    #[serde(default = "ten")]
    pub channel_minutes: u64,
}

fn yes() -> bool {
    true
}

fn ten() -> u64 {
    10
}

/// How many people of a group have to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The group's name in the settings.
    pub group: String,
    /// How many of it; at least one.
    pub count: u32,
}

/// Who may pass a run in an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// The group's name in the settings.
    pub group: String,
    /// How many of it have to say so; at least one.
    pub count: u32,
    /// Whether each of them must give a reason.
    pub reason: bool,
}

/// What rejections do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reject {
    /// The first one decides.
    #[default]
    AtOnce,
    /// As many decide as are more than half of the approvals that are required.
    MajorityOfRequired,
}
