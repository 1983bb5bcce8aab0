//! Reporting a result.

use crate::http::{Client, without_url};
use crate::origins::{ForeignUrl, origin};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use runtask_protocol::{AccessToken, TaskResult};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};
use url::Url;

const JSON_API: &str = "application/vnd.api+json";

/// Bytes of an error answer that are read, to free the connection.
const ANSWER_BYTES: usize = 64 * 1024;

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
    },
}

enum Attempt {
    Delivered(Delivery),
    Unprocessable,
    Again { reason: String, wait: Option<Duration> },
    Refused(StatusCode),
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

    /// Sends `result`, again and again until HCP Terraform has it, `attempts` are used up or `deadline` is there.
    ///
    /// A 422 is answered with the bare verdict, once. A 401, 404 or 409 says that nothing more is wanted.
    ///
    /// # Errors
    ///
    /// When HCP Terraform has not got it.
    pub async fn report(
        &self,
        url: &Url,
        token: &AccessToken,
        result: &TaskResult,
        attempts: u32,
        deadline: Instant,
    ) -> Result<Delivery, CallbackError> {
        let mut result = std::borrow::Cow::Borrowed(result);
        let mut attempt = 1;
        loop {
            let outcome = tokio::time::timeout_at(deadline, self.patch(url, token, &result)).await;
            let late = |last: String| CallbackError::Late { origin: origin(url), attempts: attempt, last };
            let (reason, wait) = match outcome {
                Err(_elapsed) => return Err(late("no answer before the deadline".to_owned())),
                Ok(Attempt::Delivered(delivery)) => {
                    info!(status = result.status().as_str(), attempt, "reported {}", result.status());
                    return Ok(delivery);
                }
                Ok(Attempt::Unprocessable) if *result != result.minimal() => {
                    warn!(attempt, "the result was refused as unprocessable; sending the bare verdict");
                    result = std::borrow::Cow::Owned(result.minimal());
                    continue;
                }
                Ok(Attempt::Unprocessable) => {
                    return Err(CallbackError::Refused {
                        origin: origin(url),
                        status: StatusCode::UNPROCESSABLE_ENTITY,
                    });
                }
                Ok(Attempt::Refused(status)) => {
                    return Err(CallbackError::Refused { origin: origin(url), status });
                }
                Ok(Attempt::Again { reason, wait }) => (reason, wait),
            };
            let pause = self.settings.report_backoff.pause(attempt).filter(|_| attempt < attempts);
            let Some(pause) = pause.map(|it| wait.unwrap_or(it)) else { return Err(late(reason)) };
            if Instant::now() + pause >= deadline {
                return Err(late(reason));
            }
            warn!(attempt, pause_ms = pause.as_millis(), "the result was not taken, trying again: {reason}");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn patch(&self, url: &Url, token: &AccessToken, result: &TaskResult) -> Attempt {
        let request = self.http.patch(url.clone()).bearer_auth(token.expose());
        let request = request.header(CONTENT_TYPE, JSON_API).header(ACCEPT, JSON_API).body(result.to_json());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Attempt::Again { reason: without_url(error).to_string(), wait: None },
        };
        let status = response.status();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.parse().ok());
        drain(response).await;
        match status.as_u16() {
            200..=299 => Attempt::Delivered(Delivery::Accepted),
            401 | 404 | 409 => Attempt::Delivered(Delivery::Over(status)),
            422 => Attempt::Unprocessable,
            408 | 429 | 500..=599 => {
                Attempt::Again { reason: format!("answered {status}"), wait: wait.map(Duration::from_secs) }
            }
            _ => Attempt::Refused(status),
        }
    }
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
