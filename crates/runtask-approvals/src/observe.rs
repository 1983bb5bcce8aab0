//! Tells logs and metrics what became of an approval, once that is written.

use crate::approval::Approval;
use crate::event::Event;
use crate::person::Voter;
use crate::refusal::Refusal;
use crate::status::Status;
use runtask_log::{event as events, metric};
use tracing::{error, info, warn};

/// People are asked.
pub(crate) fn asked(approval: &Approval) {
    info!(
        event = events::APPROVAL_ASKED,
        task_result.id = approval.id,
        run.id = approval.run.run_id,
        closes_at = approval.closes_at.0,
        "people are asked until {}",
        approval.closes_at
    );
    metric::count_by("Approvals", "Status", "asked");
}

/// One version of an approval came after another.
pub(crate) fn moved(before: &Approval, after: &Approval) {
    if let (None, Some(decision)) = (before.status.decision(), after.status.decision()) {
        let cause = decision.cause.as_str();
        info!(
            event = events::APPROVAL_DECIDED,
            task_result.id = after.id,
            cause,
            "an approval is decided: {cause}"
        );
        metric::count_by("Approvals", "Status", cause);
        metric::duration("TimeToDecision", decision.at.since(after.asked_at));
    }
    if before.status == after.status {
        return;
    }
    let id = &after.id;
    match after.status {
        Status::Open | Status::Decided { .. } => {}
        Status::Reported { confirmed, .. } => {
            info!(
                event = events::APPROVAL_REPORTED,
                task_result.id = id,
                confirmed,
                "HCP Terraform has the verdict"
            );
        }
        Status::Cancelled { .. } => {
            warn!(
                event = events::APPROVAL_CANCELLED,
                task_result.id = id,
                "nobody waits for a verdict any more"
            );
            metric::count_by("Approvals", "Status", "cancelled");
        }
        Status::Lost { .. } => {
            error!(
                event = events::APPROVAL_LOST,
                task_result.id = id,
                "a verdict cannot be delivered any more: HCP Terraform does not take the token, or does not answer"
            );
            metric::count_by("Approvals", "Status", "lost");
        }
    }
}

/// Somebody's answer does not count. Who it was is in no record, so the log has it.
pub(crate) fn refused(approval: &Approval, event: &Event, refusal: &Refusal) {
    let reason = refusal.word();
    let person = match event {
        Event::Vote(ballot) => Some(&ballot.person.voter),
        Event::Withdraw(person) => Some(&person.voter),
        Event::Tick | Event::Stop | Event::Tried { .. } => None,
    };
    info!(
        event = events::APPROVAL_REFUSED,
        task_result.id = approval.id,
        run.id = approval.run.run_id,
        person.name = person.map(Voter::shown),
        person.issuer = person.map(|it| it.issuer.as_str()),
        person.subject = person.map(|it| it.subject.as_str()),
        person.proof = person.map(|it| it.proof.as_str()),
        reason,
        "an answer was refused: {reason}"
    );
    metric::count_by("ApprovalRefusals", "Reason", reason);
}
