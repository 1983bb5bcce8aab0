//! Answers callbacks as a busy or broken HCP Terraform does, before they are looked at.

use crate::fault::Fault;
use crate::reply::Reply;
use crate::spec::RunSpec;
use std::time::Duration;
use tokio::time::Instant;

/// A wait that is shorter by more than this than the `Retry-After` that asked for it was no wait.
const RETRY_AFTER_TOLERANCE: Duration = Duration::from_millis(100);

/// What was answered so far.
#[derive(Debug, Default)]
pub(crate) struct Interference {
    limited_at: Option<Instant>,
    broken: usize,
}

impl Interference {
    /// The answer to a callback, unless it is to be looked at.
    ///
    /// # Errors
    ///
    /// When the callback should not have come yet: a sentence that says so.
    pub(crate) fn answer(&mut self, spec: &RunSpec, now: Instant) -> Result<Option<Reply>, &'static str> {
        if spec.has(Fault::Callback429) {
            let Some(limited_at) = self.limited_at else {
                self.limited_at = Some(now);
                let reply = Reply::refusal(429, "You have exceeded the API's rate limit.");
                return Ok(Some(Reply { retry_after: Some(1), ..reply }));
            };
            if now + RETRY_AFTER_TOLERANCE < limited_at + Duration::from_secs(1) {
                return Err("a callback came before the time that `Retry-After` had asked for");
            }
        }
        if spec.has(Fault::Callback500) && self.broken < 2 {
            self.broken += 1;
            return Ok(Some(Reply::refusal(500, "something went wrong")));
        }
        Ok(None)
    }
}
