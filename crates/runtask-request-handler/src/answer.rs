//! Answers callers with texts of our own, never with a part of what they sent.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use runtask_protocol::Probe;

/// The content type of every answer.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The job was handed over.
    Accepted,
    Probe(Probe),
    Health,
    Unauthorized,
    BadRequest,
    /// The names on the wire of what a request lacks.
    Lacks(Vec<&'static str>),
    /// The result could not be sent.
    ForeignCallback,
    NotFound,
    MethodNotAllowed(&'static str),
    TooLarge,
    Unavailable,
}

impl Answer {
    /// HCP Terraform takes anything but 200 for a failure, and shows it as one when it has sent the request a few times in
    /// vain. 5xx is kept for what sending it again can mend.
    pub(crate) fn into_response(self) -> Response<String> {
        let (status, body) = match self {
            Self::Accepted => (StatusCode::OK, r#"{"status":"ok"}"#.to_owned()),
            Self::Probe(probe) => (StatusCode::OK, probe.answer().to_owned()),
            Self::Health => {
                (StatusCode::OK, format!(r#"{{"status":"ok","version":"{}"}}"#, env!("CARGO_PKG_VERSION")))
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, message("Invalid signature")),
            Self::BadRequest => (StatusCode::BAD_REQUEST, message("The body is not a run task request")),
            Self::Lacks(ref fields) => {
                (StatusCode::BAD_REQUEST, message(&format!("The request lacks {}", fields.join(", "))))
            }
            Self::ForeignCallback => (
                StatusCode::FORBIDDEN,
                message("The callback URL is not of an origin in RUNTASK_ALLOWED_ORIGINS"),
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, message("There is no run task at this path")),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, message("Method not allowed")),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, message("The body is too large")),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, message("Try again later")),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
            .headers_mut()
            .insert(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
        if let Self::MethodNotAllowed(allow) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

fn message(text: &str) -> String {
    format!(r#"{{"message":"{text}"}}"#)
}
