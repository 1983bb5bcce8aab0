//! Serves a function URL: HTTP in front of a function, payload format 2.0, buffered answers, no authentication.
//!
//! Source: AWS Lambda developer guide, "Invoking Lambda function URLs".

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::clock::since_epoch;
use super::environment::Execution;
use super::execution::run_awaited;
use super::invoke_api::AWAITED_LIMIT;
use super::record::{Kind, Outcome};
use super::state::{FunctionState, Shared};
use crate::events::{self, BodyForm, HttpRequest};

/// The URL as a router.
pub(super) fn router(shared: Arc<Shared>, function: Arc<FunctionState>) -> Router {
    Router::new().fallback(front).with_state((shared, function))
}

async fn front(
    State((shared, function)): State<(Arc<Shared>, Arc<FunctionState>)>,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if body.len() > AWAITED_LIMIT {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    }
    let text = |it: &HeaderValue| String::from_utf8_lossy(it.as_bytes()).into_owned();
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
    let mut request = HttpRequest::new(parts.method.as_str(), target).body(body).received_at(since_epoch());
    for (name, value) in &parts.headers {
        request = request.header(name.as_str(), text(value));
    }
    let form = if is_text(&request) { BodyForm::Plain } else { BodyForm::Base64 };
    let payload = events::function_url(&request, form).to_string().into();
    let execution = Execution::new(&function, payload, None);
    let request_id = execution.request_id.clone();
    let mut response = match run_awaited(&shared, &function, execution, Kind::Url).await {
        Ok(Outcome::Success(answer)) => {
            respond(&answer).unwrap_or_else(|| plain(StatusCode::BAD_GATEWAY, "Internal Server Error"))
        }
        Ok(Outcome::Error(_)) => plain(StatusCode::BAD_GATEWAY, "Internal Server Error"),
        Err(_no_concurrency) => plain(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
    };
    if let Ok(request_id) = request_id.parse() {
        response.headers_mut().insert("x-amzn-requestid", request_id);
    }
    response
}

/// Which bodies AWS hands over as text; all others are base64, those of forms among them.
fn is_text(request: &HttpRequest) -> bool {
    let content_type = request.header_value("content-type").unwrap_or_default().to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_text = media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml");
    is_text && str::from_utf8(request.body_bytes()).is_ok()
}

/// The function's answer as HTTP; `None` if it has the form of one but is not.
fn respond(answer: &[u8]) -> Option<Response> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let Some(status) = answer.get("statusCode") else {
        // Without a status the whole answer is the body.
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        return Some(([("content-type", "application/json")], body).into_response());
    };
    let status = StatusCode::from_u16(status.as_u64()?.try_into().ok()?).ok()?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if answer["isBase64Encoded"] == json!(true) => {
            BASE64_STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return None,
    };
    let mut response = (status, [("content-type", "application/json")], body).into_response();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        response.headers_mut().insert(name.parse::<HeaderName>().ok()?, value.parse().ok()?);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        response.headers_mut().append("set-cookie", cookie.as_str()?.parse().ok()?);
    }
    Some(response)
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}
