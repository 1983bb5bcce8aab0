//! Does what the function `approval-sweep` is called for, and counts what is under way.

use crate::handler::ApprovalHandler;
use runtask_approvals::Gauges;
use runtask_lambda::SweepEvent;
use runtask_log::{event, metric};
use runtask_state::DocumentStore;
use std::error::Error;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

/// What of the time is kept for what was begun, and for counting.
const MARGIN: Duration = Duration::from_secs(10);

/// The least time in which something is begun at all.
const LEAST: Duration = Duration::from_secs(1);

/// Sends what is due, of one approval or of all, in the time that is left.
///
/// # Errors
///
/// When the store did not answer. What is left, the next sweep does.
pub async fn sweep<S: DocumentStore>(
    handler: &ApprovalHandler<S>,
    event: &SweepEvent,
    left: Duration,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let end = Instant::now() + left;
    let time = left.saturating_sub(MARGIN).max(LEAST);
    if let Some(id) = &event.approval {
        handler.attend(id).await?;
        return Ok(());
    }
    let swept = handler.sweep(time).await?;
    if swept.due > 0 {
        let (due, attended, failed) = (swept.due, swept.attended, swept.failed);
        info!(event = event::APPROVALS_SWEPT, due, attended, failed, "attended to {attended} approvals");
    }
    if swept.unfinished {
        warn!(event = event::APPROVALS_LEFT, "time was up before all approvals were attended to");
    }
    match timeout(end.saturating_duration_since(Instant::now()), handler.gauges()).await {
        Ok(gauges) => tell(&gauges?),
        Err(_elapsed) => warn!(event = event::APPROVALS_LEFT, "there was no time to count approvals"),
    }
    Ok(())
}

/// Alarms look at these.
fn tell(gauges: &Gauges) {
    metric::level("ApprovalsOpen", gauges.open);
    metric::level("ApprovalsUndelivered", gauges.undelivered);
    metric::level("ApprovalsUnsent", gauges.unsent);
    metric::duration("ApprovalsOldestWord", gauges.oldest_word);
}
