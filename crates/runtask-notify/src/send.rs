//! Sends one request: a few times, inside a time.

use crate::answer::{Answer, Judge};
use crate::place::Address;
use crate::request::Request;
use http::{HeaderValue, StatusCode, header};
use runtask_client::Backoff;
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// Attempts, and the pauses between them.
const BACKOFF: Backoff =
    Backoff { attempts: 3, first: Duration::from_millis(300), cap: Duration::from_secs(2) };

/// The longest that one attempt may take, so that there is time for another.
const ATTEMPT: Duration = Duration::from_secs(4);

/// Bytes of an answer that are read, where one is.
const ANSWER: usize = 64 << 10;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// The receiver said so.
    #[error("{host} answered {status}{}", advice(*status))]
    Refused {
        /// The receiver.
        host: String,
        /// Its answer.
        status: StatusCode,
    },
    /// The receiver said so in a code of its own.
    #[error("{host} did not take it: {code}{}", advice_on(code))]
    NotTaken {
        /// The receiver.
        host: String,
        /// Its code, in letters and digits; or our words, where it has none.
        code: String,
    },
    /// It could not be asked. The source has no URL.
    #[error("{host} could not be reached")]
    Unreachable {
        /// The receiver.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It did not answer in time. Whether it was told is not known.
    #[error("{host} did not answer in time")]
    OutOfTime {
        /// The receiver.
        host: String,
    },
    /// A secret of the channel is none that a header can hold.
    #[error("its key cannot be sent")]
    Key,
}

/// What to do about an answer.
fn advice(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => ": its URL or key is not valid (any more)",
        404 | 410 => ": its URL is gone; make a new one, or take the channel away",
        400 | 413 => ": it does not take what it was sent",
        300..400 => ": it has moved, and redirects are not followed",
        _ => "",
    }
}

/// What to do about a code of EventBridge.
fn advice_on(code: &str) -> &'static str {
    match code {
        "AccessDeniedException" | "NotAuthorizedForSourceException" => {
            ": whoever runs this may not put events on this bus"
        }
        "ResourceNotFoundException" => ": there is no such bus",
        "ExpiredTokenException" | "InvalidSignatureException" | "UnrecognizedClientException" => {
            ": the key of AWS is not valid (any more)"
        }
        _ => "",
    }
}

/// Sends it until the receiver takes it. Success is an answer of 2xx; its body is read only where the receiver says there
/// whether it took it.
///
/// It is sent again after an answer of 429 or 5xx, no answer or none in time, and never after another one.
pub(crate) async fn send(
    http: &reqwest::Client,
    address: &Address,
    request: &Request,
    until: Instant,
) -> Result<(), NotSent> {
    let mut headers = http::HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &request.headers {
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_secret| NotSent::Key)?;
        value.set_sensitive(true);
        headers.insert(*name, value);
    }
    let host = address.host();
    let mut attempt = 1;
    loop {
        let asked =
            http.post(address.expose().clone()).headers(headers.clone()).body(request.body.clone()).send();
        let asked = async { heard(asked.await?, request.judge).await };
        let answer = timeout_at(until.min(Instant::now() + ATTEMPT), asked).await;
        let (error, wait) = match answer {
            Ok(Ok((status, headers, answer))) => {
                let refused = || NotSent::Refused { host: host.clone(), status };
                match answer {
                    Answer::Taken => return Ok(()),
                    Answer::Final => return Err(refused()),
                    Answer::Refused(code) => return Err(NotSent::NotTaken { host, code }),
                    Answer::Later => (refused(), retry_after(&headers)),
                    Answer::Busy(code) => {
                        (NotSent::NotTaken { host: host.clone(), code }, retry_after(&headers))
                    }
                }
            }
            Ok(Err(source)) => {
                (NotSent::Unreachable { host: host.clone(), source: source.without_url() }, None)
            }
            Err(_elapsed) => (NotSent::OutOfTime { host: host.clone() }, None),
        };
        let Some(pause) = BACKOFF.pause(attempt) else { return Err(error) };
        let next = Instant::now() + wait.unwrap_or(pause);
        if next >= until {
            return Err(error);
        }
        sleep_until(next).await;
        attempt += 1;
    }
}

/// The answer: its status and headers, and what they mean, or its body.
async fn heard(
    mut response: reqwest::Response,
    judge: Option<Judge>,
) -> Result<(StatusCode, http::HeaderMap, Answer), reqwest::Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let Some(judge) = judge else { return Ok((status, headers, Answer::of(status))) };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, headers, judge(status, &body)))
}

/// The pause that the receiver asks for, in seconds. A date is as good as nothing: it is for longer than there is time.
fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
