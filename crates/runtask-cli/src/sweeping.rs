//! What `serve` and `simulate` do for approvals beside answering: look again and again at what is due, and end in order.

use crate::stores::Documents;
use runtask_approval_handler::ApprovalHandler;
use runtask_log::{Chain, event};
use std::time::Duration;
use tracing::{info, warn};

/// Approvals in one of the stores.
pub(crate) type Approvals = ApprovalHandler<Documents>;

/// How long one look at what is due may take.
const SWEEP_TIME: Duration = Duration::from_secs(30);

/// Attends to what is due, again after each `pause`. It never ends.
pub(crate) async fn keep_sweeping(approvals: &Approvals, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        if let Err(error) = approvals.sweep(SWEEP_TIME).await {
            warn!(event = event::APPROVALS_NOT_SWEPT, error = %Chain(&error), "approvals could not be looked at");
        }
    }
}

/// Ends every open approval with a final result, because memory is about to be lost; in `time` and a little.
pub(crate) async fn end_all(approvals: &Approvals, time: Duration) {
    match approvals.stop(time).await {
        Ok(swept) if swept.due == 0 => {}
        Ok(swept) => info!(
            event = event::APPROVALS_ENDED,
            approvals = swept.due,
            "{} approvals were in memory: those that were open have failed",
            swept.due
        ),
        Err(error) => {
            warn!(event = event::APPROVALS_NOT_SWEPT, error = %Chain(&error), "open approvals could not be ended");
        }
    }
}
