//! Calls Slack's Web API: every answer is 200, and `ok` says whether it worked.

use super::super::answers::{refused, unanswered};
use crate::message::Answer;
use crate::outbound::{Outbound, OutboundError};
use http::{Request, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;
use tracing::warn;
use url::Url;

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 256 * 1024;

/// A bot's token, `xoxb-…`.
#[derive(Debug, Clone)]
pub struct SlackToken(SecretString);

impl SlackToken {
    /// Takes a token; `None` when it is not a bot's.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        text.starts_with("xoxb-").then(|| Self(text.to_owned().into()))
    }
}

/// The Web API, with a bot's token.
#[derive(Debug, Clone)]
pub struct SlackApi {
    base: Url,
    token: SlackToken,
    outbound: Outbound,
}

/// Why a call did not work.
#[derive(Debug)]
pub(super) enum CallError {
    /// No answer.
    Unanswered(OutboundError),
    /// An answer other than 200.
    Status(StatusCode, Option<Duration>),
    /// An answer that is no JSON.
    Garbled,
    /// `ok: false`, and why.
    Error(String),
}

impl SlackApi {
    /// The API at `https://slack.com/api/`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a constant that is a URL")]
    pub fn new(token: SlackToken, outbound: Outbound) -> Self {
        Self::at("https://slack.com/api/".parse().expect("a URL"), token, outbound)
    }

    /// The API at another address, which ends with a slash: a stand-in's, or that of Slack for governments.
    #[must_use]
    pub fn at(base: Url, token: SlackToken, outbound: Outbound) -> Self {
        Self { base, token, outbound }
    }

    /// Calls a method with JSON.
    pub(super) async fn call(&self, method: &str, body: &Value) -> Result<Value, CallError> {
        let request = self.request(method, "application/json; charset=utf-8");
        self.send(method, request.body(body.to_string().into_bytes())).await
    }

    /// Calls a method that takes no JSON, with a form.
    pub(super) async fn ask(&self, method: &str, fields: &[(&str, &str)]) -> Result<Value, CallError> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(method, "application/x-www-form-urlencoded");
        self.send(method, request.body(form.into_bytes())).await
    }

    /// Tells one person something, at the address that their click came with.
    pub(super) async fn reply(&self, to: &str, body: &Value) {
        let request = Request::post(to).header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        let Ok(request) = request.body(body.to_string().into_bytes()) else { return };
        if self.outbound.send(request, ANSWER_BYTES).await.is_err() {
            warn!("Slack did not take a reply to somebody's click");
        }
    }

    fn request(&self, method: &str, media_type: &str) -> http::request::Builder {
        Request::post(format!("{}{method}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.0.expose_secret()))
            .header(header::CONTENT_TYPE, media_type)
    }

    async fn send(&self, method: &str, request: http::Result<Request<Vec<u8>>>) -> Result<Value, CallError> {
        let Ok(request) = request else {
            return Err(CallError::Error("the token cannot stand in a header".to_owned()));
        };
        let answer = self.outbound.send(request, ANSWER_BYTES).await.map_err(|error| {
            warn!(method, "Slack could not be reached: {error}");
            CallError::Unanswered(error)
        })?;
        if answer.status != StatusCode::OK {
            warn!(method, http.status = answer.status.as_u16(), "Slack did not take a call");
            return Err(CallError::Status(answer.status, answer.retry_after()));
        }
        let found: Value = serde_json::from_slice(&answer.body).map_err(|_json| CallError::Garbled)?;
        if found.get("ok").and_then(Value::as_bool) == Some(true) {
            return Ok(found);
        }
        let error = word(found.get("error").and_then(Value::as_str).unwrap_or_default());
        warn!(method, error, "Slack refused a call");
        Err(CallError::Error(error))
    }
}

impl CallError {
    /// What it means for a message.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Unanswered(error) => unanswered(error),
            Self::Status(status, retry_after) => refused(*status, *retry_after),
            Self::Garbled => Answer::Again { after_s: None, maybe_taken: true },
            Self::Error(error) => match error.as_str() {
                "ratelimited" | "rate_limited" => Answer::Again { after_s: None, maybe_taken: false },
                "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
                    Answer::Again { after_s: None, maybe_taken: true }
                }
                _ => Answer::Refused,
            },
        }
    }
}

/// Slack's name for an error, or nothing that could be anything else.
fn word(text: &str) -> String {
    let plain = text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
    if plain && !text.is_empty() && text.len() <= 64 { text.to_owned() } else { "unknown".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_the_rest_is_not() {
        let check = |error: &str| CallError::Error(error.to_owned()).answer();
        assert_eq!(check("ratelimited"), Answer::Again { after_s: None, maybe_taken: false });
        assert_eq!(check("internal_error"), Answer::Again { after_s: None, maybe_taken: true });
        for error in ["channel_not_found", "not_in_channel", "invalid_auth", "msg_blocks_too_long", "unknown"]
        {
            assert_eq!(check(error), Answer::Refused, "{error}");
        }
    }

    #[test]
    fn a_token_is_a_bots_and_does_not_print() {
        assert!(SlackToken::new("xoxp-1").is_none());
        assert!(!format!("{:?}", SlackToken::new("xoxb-secret").unwrap()).contains("secret"));
        assert_eq!(word("channel_not_found"), "channel_not_found");
        assert_eq!(word("xoxb-secret"), "unknown");
    }
}
