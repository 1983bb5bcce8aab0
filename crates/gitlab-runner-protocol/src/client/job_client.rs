//! The calls of one job: its log and its state.
//!
//! Each makes one thing of an answer: what to do next. When and how often is up to who calls.

use super::backoff::wanted_pause;
use super::call::{Answer, Authority, Call, JSON, SMALL};
use super::error::CallError;
use super::http::Client;
use crate::log::LogSummary;
use crate::secret::JobToken;
use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The longest interval that an instance may ask for.
const LONGEST_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// What GitLab wants of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It goes on.
    GoOn,
    /// Somebody cancelled it: its script is to be stopped, the rest is done as after a failure.
    Cancel,
    /// It is over, and nothing more is sent.
    Over,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// `success` or `failed`.
    pub(crate) state: &'static str,
    /// In GitLab's words; for `failed`.
    pub(crate) reason: Option<&'static str>,
    pub(crate) exit_code: Option<i32>,
    /// Of the whole log, where it is known.
    pub(crate) log: Option<LogSummary>,
}

/// What an answer to a job's call says beside its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) wish: Wish,
    /// How long to wait until the next patch.
    pub(crate) interval: Option<Duration>,
}

/// What became of a patch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Patched {
    /// The log has so many bytes now.
    Stored(usize),
    /// It does not begin where the log ends, which is here.
    Elsewhere(usize),
    /// The same again, at another time.
    Again { pause: Option<Duration> },
    /// GitLab finds it malformed.
    Malformed,
}

/// What became of a final state.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// GitLab has it.
    Taken,
    /// The log is still being stored; the same again after a while.
    NotYet,
    /// The log is to be sent again from its beginning.
    LogInvalid,
    /// The same again, at another time.
    Again { status: StatusCode, pause: Option<Duration> },
    /// GitLab does not want it, and will not.
    Refused(StatusCode),
}

/// Talks about one job.
#[derive(Debug, Clone)]
pub struct JobClient {
    pub(super) client: Client,
    pub(super) id: u64,
    pub(super) token: JobToken,
}

impl Client {
    /// For the calls of one job.
    #[must_use]
    pub fn job(&self, id: u64, token: JobToken) -> JobClient {
        JobClient { client: self.clone(), id, token }
    }
}

impl JobClient {
    /// The job's number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Says that the job runs: the first word about it, and a sign of life later.
    pub(crate) async fn touch(&self, deadline: Instant) -> Result<Heard, CallError> {
        const NAME: &str = "the job's sign of life";
        let body = json!({"token": self.token.expose(), "state": "running"});
        let answer = self.client.send(&self.state_call(NAME, &body), deadline).await?;
        let heard = heard(&answer);
        if answer.status.is_success() || heard.wish == Wish::Over {
            Ok(heard)
        } else {
            Err(answer.refused(NAME))
        }
    }

    /// Sends `text`, which begins at `start` in the log.
    pub(crate) async fn patch(
        &self,
        start: usize,
        text: Vec<u8>,
        debug_trace: bool,
        deadline: Instant,
    ) -> Result<(Patched, Heard), CallError> {
        const NAME: &str = "a part of the job's log";
        let end = (start + text.len()).saturating_sub(1);
        let mut headers = HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static(JSON)),
            (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
        ]);
        if let Ok(range) = HeaderValue::from_str(&format!("{start}-{end}")) {
            headers.insert(CONTENT_RANGE, range);
        }
        let mut url = self.client.url(&format!("jobs/{}/trace", self.id));
        url.query_pairs_mut().append_pair("debug_trace", if debug_trace { "true" } else { "false" });
        let call = Call {
            name: NAME,
            method: Method::PATCH,
            url,
            authority: Authority::Job(self.token.expose()),
            headers,
            body: Bytes::from(text),
            is_repeatable: true,
            answer_bytes: SMALL,
        };
        let answer = self.client.send(&call, deadline).await?;
        let size =
            answer.header("range").and_then(|it| it.rsplit_once('-')).and_then(|(_, size)| size.parse().ok());
        let patched = match answer.status {
            StatusCode::ACCEPTED => Patched::Stored(size.unwrap_or(end + 1)),
            StatusCode::RANGE_NOT_SATISFIABLE => Patched::Elsewhere(size.unwrap_or_default()),
            StatusCode::BAD_REQUEST => Patched::Malformed,
            _ => Patched::Again { pause: wanted_pause(&answer.headers) },
        };
        Ok((patched, heard(&answer)))
    }

    /// Says how it ended, once.
    pub(crate) async fn finish(
        &self,
        ending: &Ending,
        request_id: &str,
        deadline: Instant,
    ) -> Result<(Finished, Heard), CallError> {
        const NAME: &str = "the job's final state";
        let mut body = json!({"token": self.token.expose(), "state": ending.state});
        let members = [
            ("failure_reason", ending.reason.map(Value::from)),
            ("exit_code", ending.exit_code.map(Value::from)),
            (
                "output",
                ending.log.map(
                    |it| json!({"checksum": format!("crc32:{:08x}", it.checksum), "bytesize": it.bytes}),
                ),
            ),
        ];
        if let Value::Object(body) = &mut body {
            body.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let answer = self.client.send_once(&self.state_call(NAME, &body), request_id, deadline).await?;
        let finished = match answer.status.as_u16() {
            200 => Finished::Taken,
            202 => Finished::NotYet,
            412 => Finished::LogInvalid,
            408 | 429 | 500.. => {
                Finished::Again { status: answer.status, pause: wanted_pause(&answer.headers) }
            }
            _ => Finished::Refused(answer.status),
        };
        Ok((finished, heard(&answer)))
    }

    fn state_call(&self, name: &'static str, body: &Value) -> Call<'_> {
        let url = self.client.url(&format!("jobs/{}", self.id));
        Call::json(name, Method::PUT, url, Authority::Job(self.token.expose()), body)
    }
}

fn heard(answer: &Answer) -> Heard {
    let wish = match (answer.status, answer.header("job-status")) {
        (StatusCode::FORBIDDEN, _) | (_, Some("canceled" | "failed")) => Wish::Over,
        (_, Some("canceling")) => Wish::Cancel,
        _ => Wish::GoOn,
    };
    let interval = answer.header("x-gitlab-trace-update-interval").and_then(|it| it.parse().ok());
    let interval = interval.map(|it| Duration::from_secs(it).clamp(Duration::from_secs(1), LONGEST_INTERVAL));
    Heard { wish, interval }
}
