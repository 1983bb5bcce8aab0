//! Words what every channel says of an approval, in plain text and within bounds.

use crate::approval::Approval;
use crate::facts::{PlanFacts, Policy};
use crate::status::{Cause, Status};
use crate::text::fitted;
use crate::verdict::Verdict;
use runtask_findings::counted;

/// Bytes of a text of others, such as a run's message, of what a policy says, and of a group's name.
const TEXT_BYTES: usize = 300;
const POLICY_BYTES: usize = 160;
const GROUP_BYTES: usize = 60;

/// Addresses of resources, and failed policies, that are named.
const ADDRESSES: usize = 10;
const POLICIES: usize = 5;

/// A text that others wrote, on one line.
pub(super) fn quoted(text: &str) -> String {
    fitted(text, TEXT_BYTES)
}

/// Such as `3 to add, 1 to change, 2 to destroy`.
pub(super) fn changes(plan: Option<&PlanFacts>) -> String {
    match plan {
        Some(PlanFacts { add: 0, change: 0, destroy: 0, .. }) => "The plan changes nothing".to_owned(),
        Some(plan) => format!("{} to add, {} to change, {} to destroy", plan.add, plan.change, plan.destroy),
        None => "There is no plan to look at".to_owned(),
    }
}

/// Such as `Destroys aws_db_instance.ledger, … and 41 more`; nothing when nothing is destroyed.
pub(super) fn destroys(plan: Option<&PlanFacts>) -> Option<String> {
    let plan = plan.filter(|it| it.destroy > 0)?;
    let named: Vec<String> = plan.destroys.iter().take(ADDRESSES).map(|it| quoted(it)).collect();
    let left = usize::try_from(plan.destroy).unwrap_or(usize::MAX).saturating_sub(named.len());
    let more = match (named.is_empty(), left) {
        (_, 0) => String::new(),
        (true, left) => counted(left, "resource"),
        (false, left) => format!(" and {left} more"),
    };
    Some(format!("Destroys {}{more}", named.join(", ")))
}

/// Such as `11 passed, 1 failed (mandatory tags)`; nothing when there is no policy.
pub(super) fn policies(policies: &[Policy]) -> Option<String> {
    if policies.is_empty() {
        return None;
    }
    let failed: Vec<&Policy> = policies.iter().filter(|it| !it.passed).collect();
    let passed = policies.len() - failed.len();
    if failed.is_empty() {
        return Some(format!("{passed} passed"));
    }
    let named = failed.iter().take(POLICIES);
    let named = named.map(|it| fitted(if it.text.is_empty() { &it.id } else { &it.text }, POLICY_BYTES));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if failed.len() > POLICIES { ", …" } else { "" };
    Some(format!("{passed} passed, {} failed ({named}{more})", failed.len()))
}

/// Whether approving overrides a policy that failed.
pub(super) fn overrides(policies: &[Policy]) -> bool {
    policies.iter().any(|it| !it.passed && it.overridable)
}

/// Such as `Needs 2 of payments and 1 of security.`
pub(super) fn needs(approval: &Approval) -> String {
    let required = &approval.rules.required;
    let groups: Vec<String> =
        required.iter().map(|it| format!("{} of {}", it.count, fitted(&it.group, GROUP_BYTES))).collect();
    match groups.as_slice() {
        [] => String::new(),
        [one] => format!("Needs {one}."),
        [first @ .., last] => format!("Needs {} and {last}.", first.join(", ")),
    }
}

/// Such as `Closes 14:05 UTC, then counts as failed.`
pub(super) fn closes(approval: &Approval) -> String {
    let then = match approval.rules.on_expiry {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
    };
    format!("Closes {}, then counts as {then}.", approval.closes_at)
}

/// How it ended, in a word.
pub(super) fn end(approval: &Approval) -> &'static str {
    match approval.status {
        Status::Cancelled { .. } => "Cancelled",
        Status::Lost { .. } => "Cannot be delivered any more",
        status => match status.decision().map(|it| it.cause) {
            Some(Cause::Approved) => "Approved",
            Some(Cause::BreakGlass) => "Passed in an emergency",
            Some(Cause::Rejected) => "Rejected",
            Some(Cause::Expired) => "Expired",
            Some(Cause::Unasked) => "Nobody could be asked",
            Some(Cause::Stopped) => "The service stopped",
            None => "Open",
        },
    }
}

/// Whether it ended well.
pub(super) fn ended_well(approval: &Approval) -> bool {
    let passed = approval.status.decision().is_some_and(|it| it.verdict == Verdict::Passed);
    passed && !matches!(approval.status, Status::Cancelled { .. } | Status::Lost { .. })
}

/// How it ended, in a sentence or two.
pub(super) fn ending(approval: &Approval) -> String {
    let decided = approval.status.decision().map(|it| crate::result::sentence(approval, it));
    let what = match approval.status {
        Status::Cancelled { .. } => "HCP Terraform does not wait for an answer any more.",
        Status::Lost { .. } => {
            "HCP Terraform does not accept an answer any more: start the run again, and ask again."
        }
        Status::Open | Status::Decided { .. } | Status::Reported { .. } => "",
    };
    [what, decided.as_deref().unwrap_or_default()]
        .iter()
        .filter(|it| !it.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::approval;

    fn policy(id: &str, passed: bool) -> Policy {
        Policy { id: id.to_owned(), passed, overridable: false, text: String::new() }
    }

    #[test]
    fn a_plan_is_told_in_numbers_and_its_victims_by_name() {
        let plan = approval().plan.unwrap();
        assert_eq!(changes(Some(&plan)), "3 to add, 1 to change, 2 to destroy");
        assert_eq!(destroys(Some(&plan)).unwrap(), "Destroys aws_db_instance.ledger, aws_kms_key.ledger");
        let many = PlanFacts { destroy: 51, destroys: vec!["a.b".to_owned(); 51], ..plan.clone() };
        let told = destroys(Some(&many)).unwrap();
        assert!(told.ends_with("a.b and 41 more"), "{told}");
        let unnamed = PlanFacts { destroy: 2, destroys: Vec::new(), ..plan };
        assert_eq!(destroys(Some(&unnamed)).unwrap(), "Destroys 2 resources");
        assert_eq!(destroys(Some(&PlanFacts::default())), None);
        assert_eq!(changes(Some(&PlanFacts::default())), "The plan changes nothing");
        assert_eq!(changes(None), "There is no plan to look at");
    }

    #[test]
    fn policies_are_counted_and_failed_ones_named() {
        assert_eq!(policies(&[]), None);
        assert_eq!(policies(&[policy("a", true)]).unwrap(), "1 passed");
        assert_eq!(
            policies(&[policy("tags", false), policy("b", true)]).unwrap(),
            "1 passed, 1 failed (tags)"
        );
        let many: Vec<_> = (0..7).map(|it| policy(&format!("p{it}"), false)).collect();
        assert_eq!(policies(&many).unwrap(), "0 passed, 7 failed (p0, p1, p2, p3, p4, …)");
    }

    #[test]
    fn what_is_needed_is_told_group_by_group() {
        let mut approval = approval();
        assert_eq!(needs(&approval), "Needs 2 of payments.");
        approval.rules = crate::test_util::rules(&[("payments", 2), ("security", 1), ("ops", 3)]);
        assert_eq!(needs(&approval), "Needs 2 of payments, 1 of security and 3 of ops.");
        assert_eq!(closes(&approval), "Closes 01:43 UTC, then counts as failed.");
    }
}
