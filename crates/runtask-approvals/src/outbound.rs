//! Calls a service that settings name: one request, one bounded answer, no redirect followed.
//!
//! It does not know what an answer means, and no error of it holds an address, because addresses of chats are secrets.

use http::{HeaderMap, Request, StatusCode, header};
use reqwest::{Client, Response};
use std::time::Duration;

/// How long one call may take, from the first byte sent to the last one read.
const CALL_TIME: Duration = Duration::from_secs(10);

/// An HTTP client for services that are not HCP Terraform.
#[derive(Debug, Clone)]
pub struct Outbound {
    http: Client,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// With what status.
    pub status: StatusCode,
    /// With what headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// No connection, no answer in time, or a broken one.
    #[error("the connection failed")]
    Transport(#[source] reqwest::Error),
    /// More than such a service has to say.
    #[error("the answer has more than {limit} bytes")]
    TooLong {
        /// Bytes that were allowed.
        limit: usize,
    },
}

impl Outbound {
    /// Takes a client that follows no redirect, as `runtask_client::service_client` makes one.
    #[must_use]
    pub fn new(http: Client) -> Self {
        Self { http }
    }

    /// Makes one call and reads at most `limit` bytes of the answer.
    ///
    /// # Errors
    ///
    /// When there is no answer, or too much of one. An answer that says no is not an error.
    pub async fn send(&self, request: Request<Vec<u8>>, limit: usize) -> Result<Answer, OutboundError> {
        let failed = |error: reqwest::Error| OutboundError::Transport(error.without_url());
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        *request.timeout_mut() = Some(CALL_TIME);
        let mut response = self.http.execute(request).await.map_err(failed)?;
        if response.content_length().is_some_and(|it| it > limit as u64) {
            return Err(OutboundError::TooLong { limit });
        }
        let body = read(&mut response, limit).await?;
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body })
    }
}

impl Answer {
    /// How long the answer asks to wait. A date in place of seconds is not understood.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, OutboundError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk.map_err(|error| OutboundError::Transport(error.without_url()))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len() + chunk.len() > limit {
            return Err(OutboundError::TooLong { limit });
        }
        body.extend_from_slice(&chunk);
    }
}
