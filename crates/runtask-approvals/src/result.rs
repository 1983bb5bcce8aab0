//! Words what HCP Terraform is told.

use crate::approval::Approval;
use crate::facts::Policy;
use crate::person::Proof;
use crate::status::{Cause, Decision};
use crate::tally::{progress, who};
use crate::verdict::Verdict;
use crate::vote::{Choice, Vote};
use runtask_findings::markdown_escaped;
use runtask_protocol::{DetailsUrl, Level, Outcome, OutcomeId, Status, Tag, TaskResult};

/// What HCP Terraform is told while people are asked. `page` is where they answer.
#[must_use]
pub fn running(approval: &Approval, page: Option<DetailsUrl>) -> TaskResult {
    let so_far = progress(approval);
    let message = format!(
        "Waiting for approval ({} of {}) until {}.",
        so_far.given, so_far.required, approval.closes_at
    );
    with_page(TaskResult::new(Status::Running, &message), page)
}

/// What HCP Terraform is told in the end; `None` while there is no verdict. Each vote and each policy is an outcome.
#[must_use]
pub fn verdict(approval: &Approval, page: Option<DetailsUrl>) -> Option<TaskResult> {
    let decision = approval.status.decision()?;
    let status = match decision.verdict {
        Verdict::Passed => Status::Passed,
        Verdict::Failed => Status::Failed,
    };
    let result = with_page(TaskResult::new(status, &sentence(approval, decision)), page);
    if !approval.accepts_outcomes {
        return Some(result);
    }
    let votes = approval.counted().enumerate().map(|(number, vote)| vote_outcome(number + 1, vote));
    let policies = approval.policies.iter().map(|it| policy_outcome(it, decision));
    Some(result.outcomes(votes.chain(policies).collect(), 0))
}

/// The verdict in a sentence, for HCP Terraform and for everybody else.
#[must_use]
pub fn sentence(approval: &Approval, decision: Decision) -> String {
    let so_far = progress(approval);
    let so_far = format!("{} of {}", so_far.given, so_far.required);
    let by = who(approval, decision.cause).map(|it| format!(" by {it}")).unwrap_or_default();
    let although = match decision.verdict {
        Verdict::Passed => " The settings of this task let such runs pass.",
        Verdict::Failed => "",
    };
    match decision.cause {
        Cause::Approved => format!("Approved{by} ({so_far})."),
        Cause::Rejected => format!("Rejected{by}.{}", reasons(approval, Choice::Reject)),
        Cause::BreakGlass => {
            format!(
                "Emergency, passed without the required approvals{by}.{}",
                reasons(approval, Choice::BreakGlass)
            )
        }
        Cause::Expired => {
            format!("Not decided by {} ({so_far} approvals).{although}", approval.closes_at)
        }
        Cause::Unasked => format!("Nobody could be asked: no channel took the question.{although}"),
        Cause::Stopped => "The approval service stopped before anybody decided.".to_owned(),
    }
}

fn reasons(approval: &Approval, choice: Choice) -> String {
    let reasons = approval.counted().filter(|it| it.decision == choice && !it.reason.is_empty());
    reasons.map(|it| format!(" “{}”", it.reason)).collect()
}

fn with_page(result: TaskResult, page: Option<DetailsUrl>) -> TaskResult {
    match page {
        Some(page) => result.url(page),
        None => result,
    }
}

fn vote_outcome(number: usize, vote: &Vote) -> Outcome {
    let (word, level) = match vote.decision {
        Choice::Approve => ("Approved", Level::Info),
        Choice::Reject => ("Rejected", Level::Error),
        Choice::BreakGlass => ("Break-glass", Level::Warning),
    };
    let proof = match vote.who.proof {
        Proof::Link => "nobody checked who it was".to_owned(),
        proof => format!("identified by {}", proof.as_str()),
    };
    let groups: Vec<&str> = vote.groups.iter().map(String::as_str).collect();
    let groups = if groups.is_empty() { String::new() } else { format!(", for {}", groups.join(", ")) };
    let reason = if vote.reason.is_empty() { "No reason was given." } else { &vote.reason };
    Outcome::new(OutcomeId::new(&format!("vote-{number}")), &format!("{word} by {}", vote.who.shown()))
        .status(Tag::new(word, level))
        .body(&format!(
            "{}\n\n{}",
            markdown_escaped(reason),
            markdown_escaped(&format!("At {}{groups}; {proof}.", vote.at))
        ))
}

fn policy_outcome(policy: &Policy, decision: Decision) -> Outcome {
    let (word, level) = match decision {
        _ if policy.passed => ("Passed", Level::None),
        Decision { verdict: Verdict::Passed, cause: Cause::Approved | Cause::BreakGlass, .. } => {
            ("Overridden", Level::Warning)
        }
        _ => ("Failed", Level::Error),
    };
    let text = if policy.text.is_empty() { &policy.id } else { &policy.text };
    Outcome::new(OutcomeId::new(&policy.id), text).status(Tag::new(word, level))
}
