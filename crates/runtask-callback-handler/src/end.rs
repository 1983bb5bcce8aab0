//! Names how jobs end, and counts it.

use runtask_client::CallbackError;
use runtask_log::{Chain, event, metric, trace};
use runtask_protocol::{Receipt, Status, TaskResultId};
use tracing::error;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// HCP Terraform has the final result.
    Delivered(Status),
    /// People are asked, and their approval's record owns the verdict.
    Asked,
    /// Somebody else has worked on it, and the final result is out.
    Finished,
    /// Another attempt is at work.
    Held,
    /// Another attempt took over, because this one did not renew its claim: it was frozen, or cut off from the store.
    TakenOver,
    /// HCP Terraform wants no result (409): the run was cancelled, or the result is final already.
    NotWanted,
    /// It came so late that HCP Terraform has given up; nothing was done.
    Expired,
    /// Its callback URL is not of a listed origin; nothing was sent anywhere.
    Refused,
}

impl End {
    /// In one word, or a few.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered(status) => status.as_str(),
            Self::Asked => "people are asked",
            Self::Finished => "finished before",
            Self::Held => "another attempt is at work",
            Self::TakenOver => "taken over by another attempt",
            Self::NotWanted => "not wanted",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }

    /// In a word that metrics are counted by, and that a trace has.
    const fn status(self) -> &'static str {
        match self {
            Self::Delivered(status) => status.as_str(),
            Self::Asked => "asked",
            Self::Finished => "finished",
            Self::Held => "held",
            Self::TakenOver => "taken_over",
            Self::NotWanted => "not_wanted",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }
}

/// The final result is not out. Another attempt may bring it out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDelivered {
    /// HCP Terraform did not take it.
    #[error("the final result could not be reported")]
    Callback(#[source] CallbackError),
    /// HCP Terraform does not take the run's token.
    #[error("the run's token is not valid any more, and HCP Terraform may have no result")]
    TokenExpired,
    /// There was not the time to see whether the attempt that holds the claim lives.
    #[error("another attempt holds the claim, but may have died")]
    Unclear,
}

impl NotDelivered {
    /// Logs why the final result of the job with this `id` is not out.
    pub(crate) fn because(error: CallbackError, id: &TaskResultId) -> Self {
        if let CallbackError::Unbelieved { .. } = error {
            error!(event = event::TOKEN_EXPIRED, error = %Chain(&error), "the token of {id} is not valid (any more)");
            return Self::TokenExpired;
        }
        error!(
            event = event::JOB_NOT_REPORTED,
            error = %Chain(&error),
            "the final result of {id} could not be reported"
        );
        Self::Callback(error)
    }
}

/// Counts how an attempt at a job ended. A job whose final result is not out has not ended: another attempt follows, and
/// then the failure handler.
pub(crate) fn count(end: &Result<End, NotDelivered>, receipt: &Receipt) {
    metric::count_by("Results", "Status", status(end));
    if is_missing(end) {
        metric::count("ResultsMissing");
    }
    // Whoever took over counts for the one that it was taken from.
    if matches!(end, Ok(end) if *end != End::TakenOver)
        && let Some(received_at) = receipt.received_at()
    {
        metric::change("JobsOpen", -1, received_at);
    }
}

/// Tells how an attempt at a job ended, in its span. A verdict that stops a run is no error of ours.
pub(crate) fn trace_end(end: &Result<End, NotDelivered>, span: &mut trace::Span) {
    span.set("runtask.end", status(end));
    if let Ok(End::Delivered(verdict)) = end {
        span.set("runtask.verdict", verdict.as_str());
    }
    if is_missing(end) {
        span.fail(status(end));
    }
}

const fn status(end: &Result<End, NotDelivered>) -> &'static str {
    match end {
        Ok(end) => end.status(),
        Err(_) => "undelivered",
    }
}

/// Whether HCP Terraform has no final result of it.
const fn is_missing(end: &Result<End, NotDelivered>) -> bool {
    matches!(end, Err(_) | Ok(End::Expired | End::Refused))
}
