//! Records what happened, once per attempt to run a function.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

/// One execution of a function. A retried event has one record per attempt, all with the same request id.
#[derive(Debug, Clone)]
pub struct InvocationRecord {
    /// The AWS request id.
    pub request_id: String,
    /// How the function was called.
    pub kind: Kind,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The event, byte for byte.
    pub payload: Bytes,
    /// How it ended.
    pub outcome: Outcome,
    /// From the delivery of the event to the answer; initialization is not part of it.
    pub duration: Duration,
    /// Whether a process was started for it.
    pub cold_start: bool,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Queued; nobody waits for the answer.
    Event,
    /// Through the Invoke API; the caller waits.
    RequestResponse,
    /// Through the function URL; the caller waits.
    Url,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered, with this payload.
    Success(Bytes),
    /// The function reported an error, or the platform did for it: `{"errorType": …, "errorMessage": …}`.
    Error(Value),
}

impl InvocationRecord {
    /// The event as JSON.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

impl Outcome {
    /// Whether the function answered.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success(_))
    }

    /// The answer, or the error, as JSON; an answer that is not JSON becomes a string.
    pub fn payload(&self) -> Value {
        match self {
            Self::Success(answer) => serde_json::from_slice(answer)
                .unwrap_or_else(|_not_json| String::from_utf8_lossy(answer).into_owned().into()),
            Self::Error(error) => error.clone(),
        }
    }

    /// `errorType` of an error: `Sandbox.Timedout`, `Runtime.ExitError`, or the function's own.
    pub fn error_type(&self) -> Option<&str> {
        match self {
            Self::Success(_) => None,
            Self::Error(error) => error.get("errorType").and_then(Value::as_str),
        }
    }

    /// `errorMessage` of an error.
    pub fn error_message(&self) -> Option<&str> {
        match self {
            Self::Success(_) => None,
            Self::Error(error) => error.get("errorMessage").and_then(Value::as_str),
        }
    }

    /// An error of the platform, in its words.
    pub(super) fn platform_error(kind: &str, request_id: &str, message: &str) -> Self {
        Self::Error(
            json!({"errorType": kind, "errorMessage": format!("RequestId: {request_id} Error: {message}")}),
        )
    }
}
