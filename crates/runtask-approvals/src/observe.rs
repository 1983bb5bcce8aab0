//! Tells logs and metrics what became of an approval, once that is written.

use crate::approval::Approval;
use crate::refusal::Refusal;
use crate::status::Status;
use runtask_log::{event, metric};
use tracing::{error, info, warn};

/// People are asked.
pub(crate) fn asked(approval: &Approval) {
    info!(
        event = event::APPROVAL_ASKED,
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
            event = event::APPROVAL_DECIDED,
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
                event = event::APPROVAL_REPORTED,
                task_result.id = id,
                confirmed,
                "HCP Terraform has the verdict"
            );
        }
        Status::Cancelled { .. } => {
            warn!(
                event = event::APPROVAL_CANCELLED,
                task_result.id = id,
                "nobody waits for a verdict any more"
            );
            metric::count_by("Approvals", "Status", "cancelled");
        }
        Status::Lost { .. } => {
            error!(
                event = event::APPROVAL_LOST,
                task_result.id = id,
                "a verdict cannot be delivered any more: HCP Terraform does not take the token, or does not answer"
            );
            metric::count_by("Approvals", "Status", "lost");
        }
    }
}

/// Somebody's answer does not count.
pub(crate) fn refused(approval: &Approval, refusal: &Refusal) {
    let reason = refusal.word();
    info!(
        event = event::APPROVAL_REFUSED,
        task_result.id = approval.id,
        reason,
        "an answer was refused: {reason}"
    );
    metric::count_by("ApprovalRefusals", "Reason", reason);
}
