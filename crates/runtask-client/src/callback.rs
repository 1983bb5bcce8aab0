//! Delivers a result: sends it again and again until HCP Terraform has it.

use crate::api::JSON_API;
use crate::http::{Client, without_url};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use runtask_log::{Chain, event, metric, milliseconds, trace};
use runtask_protocol::{AccessToken, ForeignUrl, TaskResult, origin};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};
use url::Url;

/// Bytes of an answer that are read, so that its connection can be used again.
const ANSWER_BYTES: usize = 64 * 1024;

/// How long the rest of an answer is waited for.
const DRAIN: Duration = Duration::from_millis(200);

/// How often `running` is sent before it is left to the next one.
const RUNNING_ATTEMPTS: u32 = 4;

/// How often 404 is taken for the word of a proxy in trouble, and not of HCP Terraform.
const NOT_FOUND_ATTEMPTS: u32 = 6;

/// The time that is kept for the last try.
const LAST_TRY: Duration = Duration::from_secs(2);

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// HCP Terraform has it.
    Accepted,
    /// HCP Terraform wants nothing more for this task result: it is final already, or the run was cancelled.
    Over(StatusCode),
}

/// Why a result could not be reported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackError {
    /// Refused before anything was sent.
    #[error("the callback URL was refused: {0}")]
    ForeignUrl(ForeignUrl),
    /// HCP Terraform does not take the token for this task result, or not any more.
    #[error("{origin} does not take the run's token (any more): it answered 401 Unauthorized")]
    Unbelieved {
        /// Who answered.
        origin: String,
    },
    /// An answer that trying again does not mend.
    #[error("{origin} answered {status} to the result")]
    Refused {
        /// Who answered.
        origin: String,
        /// With what.
        status: StatusCode,
    },
    /// Time ran out between attempts.
    #[error(
        "the result could not be delivered to {origin} in time, after {attempts} attempts; the last: {last}"
    )]
    Late {
        /// Who was called.
        origin: String,
        /// How often.
        attempts: u32,
        /// What the last attempt met.
        last: String,
        /// Whether HCP Terraform may have taken the result all the same.
        may_be_taken: bool,
        /// Whether every attempt met 404: not often enough to be believed.
        not_found: bool,
    },
}

enum Attempt {
    Accepted,
    Over(StatusCode),
    Unbelieved,
    NotFound,
    Unprocessable,
    /// `taken`: HCP Terraform may have taken the result all the same.
    Again {
        reason: String,
        wait: Option<Duration>,
        taken: bool,
    },
    Refused(StatusCode),
}

/// The time for a result, which may become shorter meanwhile.
struct Time<F> {
    deadline: Instant,
    sooner: Option<F>,
}

impl<F: Future<Output = Instant> + Unpin> Time<F> {
    /// Returns when the time has become shorter; that happens once at most.
    async fn shortened(&mut self) {
        let Some(sooner) = &mut self.sooner else { return std::future::pending().await };
        self.deadline = self.deadline.min(sooner.await);
        self.sooner = None;
    }
}

impl Client {
    /// Judges a callback URL without calling it.
    ///
    /// # Errors
    ///
    /// When a result may not go there.
    pub fn admit_callback(&self, url: &str) -> Result<Url, CallbackError> {
        self.settings.origins.admit(url).map_err(CallbackError::ForeignUrl)
    }

    /// Sends `result`, again and again until HCP Terraform has it or `deadline` is there; `running` a few times only.
    /// `sooner` is done when there is less time than that, with the deadline that holds then. What is on its way goes on.
    ///
    /// A 409 says that nothing more is wanted; to the repetition of a final result of which no answer came, that HCP
    /// Terraform has it. A 401 says that we are not believed, which trying again does not mend. A 404
    /// may come from a proxy in trouble, and is believed after a few times. A 422 is answered with the bare verdict, once.
    ///
    /// # Errors
    ///
    /// When HCP Terraform has not got it.
    pub async fn deliver(
        &self,
        url: &Url,
        token: &AccessToken,
        result: &TaskResult,
        deadline: Instant,
        sooner: impl Future<Output = Instant>,
    ) -> Result<Delivery, CallbackError> {
        let sooner = pin!(sooner);
        let mut time = Time { deadline, sooner: Some(sooner) };
        let mut may_be_taken = false;
        let attempts = if result.status().is_final() { u32::MAX } else { RUNNING_ATTEMPTS };
        let mut result = std::borrow::Cow::Borrowed(result);
        let mut attempt = 1;
        let mut not_found = 0;
        loop {
            let outcome = self.attempt(self.patch(url, token, &result, attempt), &mut time).await;
            let (reason, wait) = match outcome {
                None => {
                    may_be_taken = true;
                    ("no answer in time".to_owned(), None)
                }
                Some(Attempt::Accepted) => {
                    reported(&result, attempt);
                    return Ok(Delivery::Accepted);
                }
                Some(Attempt::Over(_)) if may_be_taken && result.status().is_final() => {
                    reported(&result, attempt);
                    return Ok(Delivery::Accepted);
                }
                Some(Attempt::Over(status)) => return Ok(Delivery::Over(status)),
                Some(Attempt::Unbelieved) => return Err(CallbackError::Unbelieved { origin: origin(url) }),
                Some(Attempt::NotFound) => {
                    not_found += 1;
                    let status = StatusCode::NOT_FOUND;
                    if not_found == NOT_FOUND_ATTEMPTS {
                        return Err(CallbackError::Refused { origin: origin(url), status });
                    }
                    (format!("answered {status}"), None)
                }
                Some(Attempt::Unprocessable) if *result != result.minimal() => {
                    warn!(
                        event = event::RESULT_UNPROCESSABLE,
                        attempt, "the result was refused as unprocessable; sending the bare verdict"
                    );
                    result = std::borrow::Cow::Owned(result.minimal());
                    continue;
                }
                Some(Attempt::Unprocessable) => {
                    return Err(CallbackError::Refused {
                        origin: origin(url),
                        status: StatusCode::UNPROCESSABLE_ENTITY,
                    });
                }
                Some(Attempt::Refused(status)) => {
                    return Err(CallbackError::Refused { origin: origin(url), status });
                }
                Some(Attempt::Again { reason, wait, taken }) => {
                    may_be_taken |= taken;
                    (reason, wait)
                }
            };
            let pause = self.settings.report_backoff.pause(attempt).filter(|_| attempt < attempts);
            let left = time.deadline.saturating_duration_since(Instant::now());
            // However long HCP Terraform asks us to wait, there is one try more before time is up.
            let latest = left.saturating_sub(LAST_TRY);
            // `Retry-After: 0` is no leave to hurry.
            let pause = pause.map(|it| it.max(wait.unwrap_or_default()).min(latest));
            let Some(pause) = pause.filter(|_| !latest.is_zero()) else {
                let (origin, last) = (origin(url), reason);
                let not_found = not_found == attempt;
                return Err(CallbackError::Late { origin, attempts: attempt, last, may_be_taken, not_found });
            };
            warn!(
                event = event::RESULT_NOT_TAKEN,
                attempt,
                pause_ms = milliseconds(pause),
                "the result was not taken, trying again: {reason}"
            );
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Who has less time than it seemed does not wait.
                () = time.shortened() => {}
            }
            attempt += 1;
        }
    }

    /// Makes one attempt; nothing when it takes too long.
    async fn attempt(
        &self,
        patch: impl Future<Output = Attempt>,
        time: &mut Time<impl Future<Output = Instant> + Unpin>,
    ) -> Option<Attempt> {
        let mut patch = pin!(patch);
        let mut until = self.attempt_until(time.deadline);
        loop {
            tokio::select! {
                outcome = tokio::time::timeout_at(until, &mut patch) => return outcome.ok(),
                () = time.shortened() => until = until.min(self.attempt_until(time.deadline)),
            }
        }
    }

    /// When an attempt that hangs makes room for another: after a third of the time that is left, within reason.
    fn attempt_until(&self, deadline: Instant) -> Instant {
        let left = deadline.saturating_duration_since(Instant::now());
        deadline.min(Instant::now() + (left / 3).min(self.settings.timeout * 2).max(Duration::from_secs(1)))
    }

    async fn patch(&self, url: &Url, token: &AccessToken, result: &TaskResult, attempt: u32) -> Attempt {
        let mut span = span(url, result, attempt);
        let request = self.http.patch(url.clone()).bearer_auth(token.expose());
        let request = request.header(CONTENT_TYPE, JSON_API).header(ACCEPT, JSON_API).body(result.to_json());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                span.fail(if error.is_connect() { "not_connected" } else { "broken_off" });
                let taken = !error.is_connect();
                return Attempt::Again { reason: Chain(&without_url(error)).to_string(), wait: None, taken };
            }
        };
        let status = response.status();
        span.answered(status.as_u16());
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.parse().ok());
        // The status decides; the rest is read for the connection's sake only, and not for long.
        let _whole = tokio::time::timeout(DRAIN, drain(response)).await;
        match status.as_u16() {
            200..=299 => Attempt::Accepted,
            401 => Attempt::Unbelieved,
            404 => Attempt::NotFound,
            409 => Attempt::Over(status),
            422 => Attempt::Unprocessable,
            408 | 429 | 500..=599 => Attempt::Again {
                reason: format!("answered {status}"),
                wait: wait.map(Duration::from_secs),
                // A proxy may have lost the answer.
                taken: status.is_server_error(),
            },
            _ => Attempt::Refused(status),
        }
    }
}

/// The span of one attempt to send a result. Its URL may be signed, and is not told.
fn span(url: &Url, result: &TaskResult, attempt: u32) -> trace::Span {
    let status = result.status();
    let mut span = trace::within(format_args!("report {status}"), trace::Kind::Client);
    span.set("http.request.method", "PATCH");
    span.set("server.address", url.host_str().unwrap_or_default());
    span.set("server.port", url.port_or_known_default().map_or(0, i64::from));
    if attempt > 1 {
        span.set("http.request.resend_count", i64::from(attempt - 1));
    }
    // Until there is an answer; none is waited for for ever.
    span.fail("timeout");
    span
}

fn reported(result: &TaskResult, attempt: u32) {
    let status = result.status();
    metric::detail("Reports", "Status", status.as_str());
    info!(event = event::RESULT_REPORTED, status = status.as_str(), attempt, "reported {status}");
}

/// Reads a bounded rest of an answer, so that its connection can serve the next request.
async fn drain(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
