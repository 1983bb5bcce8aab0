//! Counts votes. Whether they may be given is decided elsewhere.

use crate::approval::Approval;
use crate::rules::{Reject, Requirement};
use crate::status::Cause;
use crate::vote::{Choice, Vote};

/// How many of the approvals that are required are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So many.
    pub given: usize,
    /// Of so many.
    pub required: usize,
}

impl Progress {
    /// Whether nothing is missing. Where nothing is required, nothing is complete either: no rules ask for that.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.required > 0 && self.given >= self.required
    }
}

/// How far the approvals of a run have come.
///
/// Where one person counts once over all groups, people of several groups are counted where they are of most use.
#[must_use]
pub fn progress(approval: &Approval) -> Progress {
    let approvals: Vec<&Vote> = approval.counted().filter(|it| it.decision == Choice::Approve).collect();
    let required = &approval.rules.required;
    let missing = if approval.rules.distinct {
        // Hall's theorem, in the form of Ore: as many are missing as in the set of groups that misses most.
        combinations(required).map(|set| missing(&set, &approvals)).max().unwrap_or(0)
    } else {
        required.iter().map(|it| missing(&[it], &approvals)).sum()
    };
    let required = required.iter().map(count).sum();
    Progress { given: required - missing, required }
}

/// How many approvals a set of groups misses, if all that could count for it did.
fn missing(set: &[&Requirement], approvals: &[&Vote]) -> usize {
    let useful = approvals.iter().filter(|vote| set.iter().any(|it| vote.groups.contains(&it.group)));
    set.iter().map(|it| count(it)).sum::<usize>().saturating_sub(useful.count())
}

/// Every set of requirements; there are at most [`MAX_GROUPS`](crate::MAX_GROUPS), so at most 256 sets.
fn combinations(required: &[Requirement]) -> impl Iterator<Item = Vec<&Requirement>> {
    let required = required.get(..crate::rules::MAX_GROUPS).unwrap_or(required);
    (0..1_u32 << required.len()).map(|bits| {
        let in_set = |number: &usize| bits >> number & 1 == 1;
        required.iter().enumerate().filter(|(number, _)| in_set(number)).map(|(_, it)| it).collect()
    })
}

fn count(requirement: &Requirement) -> usize {
    requirement.count as usize
}

/// Whether those who rejected are enough.
pub(crate) fn is_rejected(approval: &Approval) -> bool {
    let rejections = number_of(approval, Choice::Reject);
    match approval.rules.reject {
        Reject::AtOnce => rejections > 0,
        Reject::MajorityOfRequired => {
            rejections * 2 > approval.rules.required.iter().map(count).sum::<usize>()
        }
    }
}

/// Whether enough people broke the glass.
pub(crate) fn is_broken(approval: &Approval) -> bool {
    let broken = number_of(approval, Choice::BreakGlass);
    approval.rules.break_glass.as_ref().is_some_and(|it| broken >= it.count.max(1) as usize)
}

fn number_of(approval: &Approval, choice: Choice) -> usize {
    approval.counted().filter(|it| it.decision == choice).count()
}

/// Who decided, for people to read; nobody when time or the service did.
#[must_use]
pub fn who(approval: &Approval, cause: Cause) -> Option<String> {
    let choice = match cause {
        Cause::Approved => Choice::Approve,
        Cause::Rejected => Choice::Reject,
        Cause::BreakGlass => Choice::BreakGlass,
        Cause::Expired | Cause::Unasked | Cause::Stopped => return None,
    };
    let names = approval.counted().filter(|it| it.decision == choice).map(|it| it.who.shown());
    let mut names: Vec<String> = names.collect();
    let last = names.pop()?;
    Some(if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) })
}
