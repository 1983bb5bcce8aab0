//! `POST /teams-approval`: what the request handler makes of a request, in the original's words.
//!
//! The request handler verifies and parses as it always does. What it takes, it has verified, and only that is read again.

use super::filter::passes_by_itself;
use super::reply::{method_not_allowed, reply};
use super::settings::{Dialect, TASK};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use runtask_protocol::limits::REQUEST_BYTES;
use runtask_protocol::{Classified, Payload, PayloadError, SIGNATURE_HEADER, SignedBody};
use std::error::Error;
use tokio::sync::Semaphore;

/// Requests that are held at the same time: each may have a body of 1 MiB.
const AT_A_TIME: usize = 64;

/// Answers requests to the one task.
#[derive(Debug)]
pub(crate) struct Requests {
    dialect: Dialect,
    /// Whether there is a key to verify requests by.
    has_key: bool,
    places: Semaphore,
}

impl Requests {
    pub(crate) fn new(dialect: Dialect, has_key: bool) -> Self {
        Self { dialect, has_key, places: Semaphore::new(AT_A_TIME) }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Answers a request to the path of the task, which `handler`, the request handler, gets with its whole body.
    pub(crate) async fn answer<B, A>(
        &self,
        request: Request<B>,
        handler: impl FnOnce(Request<Full<Bytes>>) -> A + Send,
    ) -> Response<Bytes>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
        A: Future<Output = Response<String>> + Send,
    {
        if request.method() != Method::POST {
            return method_not_allowed("POST");
        }
        let (mut head, body) = request.into_parts();
        let mut signatures = head.headers.get_all(SIGNATURE_HEADER).iter();
        let (signature, repeated) = (signatures.next(), signatures.next().is_some());
        let signature = signature.and_then(|it| it.to_str().ok()).map(|it| it.trim().to_owned());
        let signature = signature.filter(|it| !it.is_empty());
        if signature.is_some() && !self.has_key {
            let text = "Inbound signature provided, but local key is not configured.";
            return reply(StatusCode::FORBIDDEN, text);
        }
        // Blanks around it never mattered.
        let trimmed = signature.as_deref().and_then(|it| HeaderValue::from_str(it).ok());
        if let Some(value) = trimmed.filter(|_| !repeated) {
            head.headers.insert(SIGNATURE_HEADER, value);
        }
        if !is_json(head.headers.get(header::CONTENT_TYPE)) {
            return reply(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error in teams_approval: 415 Unsupported Media Type",
            );
        }
        let Ok(_place) = self.places.try_acquire() else { return unavailable() };
        let body = match Limited::new(body, REQUEST_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return reply(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "Error in teams_approval: 413 Content Too Large",
                );
            }
            Err(_broken_off) => return bad_request(),
        };
        let handled = handler(Request::from_parts(head, Full::new(body.clone()))).await;
        match handled.status() {
            StatusCode::OK => self.accepted(&body),
            StatusCode::UNAUTHORIZED if signature.is_some() => {
                reply(StatusCode::FORBIDDEN, "Invalid HMAC signature")
            }
            StatusCode::UNAUTHORIZED => {
                reply(StatusCode::FORBIDDEN, "No HMAC signature was provided, but we require one.")
            }
            StatusCode::BAD_REQUEST => missing(&body),
            StatusCode::FORBIDDEN => reply(
                StatusCode::FORBIDDEN,
                "Error in teams_approval: the callback URL is not of an origin in RUNTASK_ALLOWED_ORIGINS",
            ),
            _ if self.is_passed_by_itself(&body) => {
                let text = "Error auto-approving run: HCP Terraform did not take the result";
                reply(StatusCode::INTERNAL_SERVER_ERROR, text)
            }
            _ => unavailable(),
        }
    }

    /// To what the request handler has taken.
    fn accepted(&self, body: &[u8]) -> Response<Bytes> {
        let text = if matches!(read(body), Ok(Classified::Probe(_))) {
            "Test token received. No action taken."
        } else if self.is_passed_by_itself(body) {
            "Auto-approved non-speculative run"
        } else {
            // The record is kept, and the message is sent until Teams has it.
            "Run task received. Posted message to Teams."
        };
        reply(StatusCode::OK, text)
    }

    /// Whether [`AutoApproval`](super::filter::AutoApproval) passes the run.
    fn is_passed_by_itself(&self, body: &[u8]) -> bool {
        let passes = |it| matches!(it, Classified::Run(run) if passes_by_itself(&run));
        self.dialect.speculative_only && read(body).is_ok_and(passes)
    }
}

/// Whether Flask would take a body for JSON.
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a body again that was verified, or that is refused whatever is in it.
fn read(body: &[u8]) -> Result<Classified, PayloadError> {
    Payload::parse(SignedBody::unsigned(body)).and_then(Payload::classify)
}

/// To a body that lacks something, or is no run task's.
fn missing(body: &[u8]) -> Response<Bytes> {
    match read(body) {
        Err(PayloadError::Missing { fields }) if fields.iter().all(|it| *it == "task_result_id") => {
            reply(StatusCode::BAD_REQUEST, "Missing 'task_result_id'")
        }
        Err(PayloadError::Missing { .. }) => {
            reply(StatusCode::BAD_REQUEST, "Missing 'access_token' or 'task_result_callback_url'")
        }
        _ => bad_request(),
    }
}

fn bad_request() -> Response<Bytes> {
    reply(StatusCode::BAD_REQUEST, "Error in teams_approval: 400 Bad Request")
}

/// 5xx has HCP Terraform send the request again.
fn unavailable() -> Response<Bytes> {
    reply(StatusCode::INTERNAL_SERVER_ERROR, "Error in teams_approval: try again later")
}

/// Whether a path is that of the one task.
pub(crate) fn is_task(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|it| it.trim_end_matches('/') == TASK)
}
