//! Serves the Runtime API, where one process fetches its events and leaves its answers.
//!
//! Each process has a port of its own, since nothing in a request says which process sent it.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::record::Outcome;

/// Bytes of an answer that Lambda takes.
const ANSWER_LIMIT: usize = 6 * 1024 * 1024;

/// An event on its way to the process.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) arn: String,
    pub(super) trace_id: String,
    pub(super) deadline_ms: u128,
    pub(super) payload: Bytes,
}

/// What the process told us.
#[derive(Debug)]
pub(super) enum Said {
    /// It asks for an event.
    Ready,
    /// It answered the event it has.
    Answered(Outcome),
    /// It could not start.
    InitError(Value),
    /// It is gone; in the words of AWS's runtime supervisor.
    Exited(String),
}

/// The ends of one process's Runtime API.
#[derive(Debug)]
struct RuntimeApi {
    work: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    current: Mutex<Option<String>>,
    said: mpsc::UnboundedSender<Said>,
}

/// The API as a router: hands out `work`, reports through `said`.
pub(super) fn router(work: mpsc::Receiver<Work>, said: mpsc::UnboundedSender<Said>) -> Router {
    let api = Arc::new(RuntimeApi { work: tokio::sync::Mutex::new(work), current: Mutex::new(None), said });
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .with_state(api)
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    api.tell(Said::Ready);
    let Some(work) = api.work.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    *api.current.lock().unwrap() = Some(work.request_id.clone());
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("Lambda-Runtime-Aws-Request-Id", work.request_id),
        ("Lambda-Runtime-Deadline-Ms", work.deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", work.arn),
        ("Lambda-Runtime-Trace-Id", work.trace_id),
    ];
    (headers, work.payload).into_response()
}

async fn response(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Body) -> Response {
    let Some(answer) = api.answer_to(&id, body).await else { return invalid_request_id() };
    if answer.len() > ANSWER_LIMIT {
        let size = answer.len();
        let message = format!(
            "Response payload size ({size} bytes) exceeded maximum allowed payload size ({ANSWER_LIMIT} bytes)."
        );
        api.tell(Said::Answered(Outcome::Error(
            json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}),
        )));
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
    }
    api.tell(Said::Answered(Outcome::Success(answer)));
    accepted()
}

async fn error(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, body: Body) -> Response {
    let Some(error) = api.answer_to(&id, body).await else { return invalid_request_id() };
    api.tell(Said::Answered(Outcome::Error(as_json(&error))));
    accepted()
}

async fn init_error(State(api): State<Arc<RuntimeApi>>, body: Body) -> Response {
    let error = to_bytes(body, usize::MAX).await.unwrap_or_default();
    api.tell(Said::InitError(as_json(&error)));
    accepted()
}

impl RuntimeApi {
    /// The body, if `id` is the event being worked on, which it then is no longer.
    ///
    /// A connection that breaks within the body is no answer: its process is about to be seen gone.
    async fn answer_to(&self, id: &str, body: Body) -> Option<Bytes> {
        let body = to_bytes(body, usize::MAX).await.ok()?;
        let mut current = self.current.lock().unwrap();
        (current.as_deref() == Some(id)).then(|| current.take())?;
        Some(body)
    }

    fn tell(&self, said: Said) {
        // Nobody listens any more when the environment was given up; then nobody cares either.
        let _given_up = self.said.send(said);
    }
}

fn as_json(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_not_json| String::from_utf8_lossy(body).into_owned().into())
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

fn invalid_request_id() -> Response {
    refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, axum::Json(json!({"errorType": kind, "errorMessage": message}))).into_response()
}
