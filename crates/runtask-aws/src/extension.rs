//! Reads parameters through the AWS Parameters and Secrets Lambda extension, a small server on the function's own
//! localhost.
//!
//! The extension keeps a cache of its own (`SSM_PARAMETER_STORE_TTL`, 300 seconds unless set), so a changed
//! parameter is seen that much later than through the SDK.

use crate::parameter::{Parameter, ParameterError};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use runtask_log::event;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

/// Bytes of an answer that are read; Parameter Store's largest parameter is 8 KiB.
const ANSWER_BYTES: usize = 64 * 1024;

/// The pause between attempts while the extension starts: it answers 400 "not ready" or nothing at all.
const PAUSE: Duration = Duration::from_millis(25);

/// Reads parameters through the extension.
#[derive(Debug, Clone)]
pub struct Extension {
    http: Client<HttpConnector, Empty<Bytes>>,
    port: u16,
    session_token: SecretString,
    budget: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameter: AnswerParameter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnswerParameter {
    value: SecretString,
    version: i64,
    last_modified_date: Date,
}

/// The extension writes dates as text, Parameter Store's own API as seconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Date {
    Text(String),
    Seconds(f64),
}

enum Attempt {
    Done(Result<Parameter, ParameterError>),
    NotReady(String),
}

impl Extension {
    /// `port` is `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`, `session_token` is `AWS_SESSION_TOKEN`, which proves to
    /// the extension that the caller is the function; `budget` is the time for all attempts of one read together.
    #[must_use]
    pub fn new(port: u16, session_token: SecretString, budget: Duration) -> Self {
        let http = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Self { http, port, session_token, budget }
    }

    /// Reads the newest version of `name`, or `version` of it, decrypted. Waits for the extension to start.
    ///
    /// # Errors
    ///
    /// Tells "does not exist" from everything else.
    pub async fn read(&self, name: &str, version: Option<i64>) -> Result<Parameter, ParameterError> {
        let deadline = Instant::now() + self.budget;
        loop {
            let reason = match timeout_at(deadline, self.attempt(name, version)).await {
                Ok(Attempt::Done(result)) => return result,
                Ok(Attempt::NotReady(reason)) => reason,
                Err(_elapsed) => "it did not answer in time".to_owned(),
            };
            if Instant::now() + PAUSE >= deadline {
                return Err(ParameterError::Failed(format!(
                    "the Parameters and Secrets extension is not there: {reason}"
                )));
            }
            debug!(
                event = event::EXTENSION_NOT_READY,
                "the Parameters and Secrets extension is not ready: {reason}"
            );
            sleep(PAUSE).await;
        }
    }

    async fn attempt(&self, name: &str, version: Option<i64>) -> Attempt {
        let uri =
            format!("http://localhost:{}/systemsmanager/parameters/get?{}", self.port, query(name, version));
        let request = Request::get(uri)
            .header("X-Aws-Parameters-Secrets-Token", self.session_token.expose_secret())
            .body(Empty::new());
        let Ok(request) = request else {
            return Attempt::Done(Err(ParameterError::Failed(
                "AWS_SESSION_TOKEN cannot stand in a header".to_owned(),
            )));
        };
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(error) => return Attempt::NotReady(error.to_string()),
        };
        let status = response.status();
        let body = match Limited::new(response.into_body(), ANSWER_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return Attempt::NotReady(error.to_string()),
        };
        if status == StatusCode::OK {
            return Attempt::Done(read_answer(&body));
        }
        let text = String::from_utf8_lossy(&body);
        if text.contains("NotFound") {
            Attempt::Done(Err(ParameterError::NotFound))
        } else if status.is_server_error() || text.contains("not ready") {
            Attempt::NotReady(format!("it answered {status}"))
        } else {
            Attempt::Done(Err(ParameterError::Failed(format!(
                "the Parameters and Secrets extension answered {status}"
            ))))
        }
    }
}

fn query(name: &str, version: Option<i64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("name", name).append_pair("withDecryption", "true");
    if let Some(version) = version {
        query.append_pair("version", &version.to_string());
    }
    query.finish()
}

fn read_answer(body: &[u8]) -> Result<Parameter, ParameterError> {
    // The parser's text could quote the value, so it goes no further.
    let Answer { parameter } =
        serde_json::from_slice(body).map_err(|_may_quote_the_value| ParameterError::Incomplete)?;
    let date = match parameter.last_modified_date {
        Date::Text(text) => DateTime::from_str(&text, Format::DateTimeWithOffset).ok(),
        Date::Seconds(seconds) => Some(DateTime::from_secs_f64(seconds)),
    };
    let written_at = date.and_then(|it| SystemTime::try_from(it).ok()).ok_or(ParameterError::Incomplete)?;
    Ok(Parameter { value: parameter.value, version: parameter.version, written_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    /// Q-03: both ways to write a date are read.
    #[test]
    fn an_answer_is_read_with_either_kind_of_date() {
        for date in [r#""2026-02-11T09:03:07.482Z""#, r#""2026-02-11T10:03:07.482+01:00""#, "1770800587.482"]
        {
            let body = format!(
                r#"{{"Parameter":{{"Value":"k","Version":3,"LastModifiedDate":{date}}},"ResultMetadata":{{}}}}"#
            );
            let parameter = read_answer(body.as_bytes()).unwrap();
            assert_eq!((parameter.value.expose_secret(), parameter.version), ("k", 3));
            assert_eq!(
                parameter.written_at.duration_since(UNIX_EPOCH).unwrap().as_secs(),
                1_770_800_587,
                "{date}"
            );
        }
    }

    /// Q-03: the name is URL-encoded.
    #[test]
    fn a_name_is_encoded() {
        assert_eq!(query("/a b&c", Some(2)), "name=%2Fa+b%26c&withDecryption=true&version=2");
    }

    #[test]
    fn an_answer_that_is_none_shows_nothing_of_itself() {
        let error = read_answer(br#"{"Parameter":{"Value":"hunter2"}}"#).unwrap_err();
        assert_eq!(error.to_string(), "the answer lacks the parameter's value, version or date");
    }
}
