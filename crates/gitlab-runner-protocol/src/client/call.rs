//! Makes one call, again where that can help, until there is an answer or no time left.

use super::backoff::wanted_pause;
use super::error::{CallError, message};
use super::http::Client;
use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;
use url::Url;

/// Bytes of an answer that are read, where no more is expected.
pub(super) const SMALL: usize = 64 * 1024;
/// `application/json`.
pub(super) const JSON: &str = "application/json";

/// Whose token a call carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Authority<'a> {
    Runner(&'a str),
    Job(&'a str),
    Person(&'a str),
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    /// For people: `the request for a job`.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) authority: Authority<'a>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether it is made again when no answer came: GitLab may have acted on it.
    pub(super) is_repeatable: bool,
    /// Bytes of the answer that are read.
    pub(super) answer_bytes: usize,
}

/// What GitLab said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Call<'a> {
    pub(super) fn json(
        name: &'static str,
        method: Method,
        url: Url,
        authority: Authority<'a>,
        body: &serde_json::Value,
    ) -> Self {
        let headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static(JSON)),
            (CONTENT_TYPE, HeaderValue::from_static(JSON)),
        ]);
        let body = body.to_string().into();
        Self { name, method, url, authority, headers, body, is_repeatable: true, answer_bytes: SMALL }
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// It, as an error of `call`.
    pub(super) fn refused(&self, call: &'static str) -> CallError {
        let message = message(&self.body);
        CallError::Refused { call, status: self.status, message, pause: wanted_pause(&self.headers) }
    }
}

/// A new `X-Request-Id`. It stays the same when a call is made again.
pub(crate) fn request_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// A header that libraries do not print.
pub(super) fn sensitive(token: &str, call: &'static str) -> Result<HeaderValue, CallError> {
    let strange = |_no_header| CallError::Strange {
        call,
        defect: "the token for it holds characters that no token has",
    };
    let mut value = HeaderValue::from_str(token).map_err(strange)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Client {
    /// The first answer that counts: a status that making the call again may mend is given only after the last attempt.
    pub(super) async fn send(&self, call: &Call<'_>, deadline: Instant) -> Result<Answer, CallError> {
        let id = request_id();
        let mut attempt = 1;
        loop {
            let answer = self.send_once(call, &id, deadline).await;
            let pause = match &answer {
                Ok(answer) if is_passing(answer.status) => wanted_pause(&answer.headers),
                Ok(_) => return answer,
                Err(CallError::Transport { .. }) if call.is_repeatable => None,
                Err(_) => return answer,
            };
            let pause = pause.unwrap_or_else(|| self.backoff.pause(attempt));
            if attempt >= self.backoff.attempts || Instant::now() + pause >= deadline {
                return answer;
            }
            debug!(
                request.id = id,
                attempt,
                pause_ms = milliseconds(pause),
                "{} failed, trying again",
                call.name
            );
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// One attempt.
    pub(super) async fn send_once(
        &self,
        call: &Call<'_>,
        id: &str,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let name = call.name;
        let mut request =
            self.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        request = request.header("x-request-id", id);
        request = match call.authority {
            Authority::Runner(token) => request.header("runner-token", sensitive(token, name)?),
            Authority::Job(token) => request.header("job-token", sensitive(token, name)?),
            Authority::Person(token) => request.header("private-token", sensitive(token, name)?),
        };
        let exchange = async {
            let transport =
                |source: reqwest::Error| CallError::Transport { call: name, source: source.without_url() };
            let response = request.body(call.body.clone()).send().await.map_err(transport)?;
            read(response, call.answer_bytes).await.map_err(transport)
        };
        let answer =
            timeout_at(deadline, exchange).await.map_err(|_elapsed| CallError::Late { call: name })??;
        debug!(request.id = id, http.status = answer.status.as_u16(), "{name} was answered");
        Ok(answer)
    }
}

/// Reads at most so many bytes of the body.
pub(super) async fn read(mut response: reqwest::Response, most: usize) -> reqwest::Result<Answer> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = most - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            break;
        }
    }
    Ok(Answer { status: response.status(), headers: response.headers().clone(), body: body.into() })
}

/// Whether the same call may be answered otherwise in a moment.
///
/// Source: GitLab Runner, `network/retry_requester.go`.
pub(super) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | 512..)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
