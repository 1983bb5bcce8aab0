//! Serves the Invoke API, as the AWS SDK calls it.
//!
//! Signatures are not checked, but must be there. Qualifiers are taken as they come: there are no aliases.
//!
//! Source: AWS Lambda API reference, "Invoke".

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use uuid::Uuid;

use super::environment::Execution;
use super::execution::{EVENT_LIMIT, enqueue, run_awaited};
use super::record::{Kind, Outcome};
use super::state::{ACCOUNT, FunctionState, REGION, Shared};

/// Bytes of a payload that a caller may send who waits, 6 MB.
pub(super) const AWAITED_LIMIT: usize = 6 * 1024 * 1024;

/// The API as a router.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{function}/invocations", post(invoke))
        .fallback(async || {
            refusal(404, "UnknownOperationException", &json!({"message": "The double knows Invoke only."}))
        })
        .with_state(shared)
}

/// Which function a name, a full or a partial ARN means, and with which qualifier.
fn parse_name(name_or_arn: &str) -> (&str, Option<&str>) {
    let name = name_or_arn.split_once("function:").map_or(name_or_arn, |(_account, name)| name);
    name.split_once(':').map_or((name, None), |(name, qualifier)| (name, Some(qualifier)))
}

async fn invoke(
    State(shared): State<Arc<Shared>>,
    Path(name_or_arn): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    // The whole body is read before it is refused, or the caller would see a broken connection instead.
    let payload = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if !header("authorization").is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256")) {
        let message = json!({"message": "Missing Authentication Token"});
        return refusal(403, "MissingAuthenticationTokenException", &message);
    }
    let (name, qualifier) = parse_name(&name_or_arn);
    let in_query = uri.query().and_then(|it| it.strip_prefix("Qualifier="));
    let Some(function) = shared.find(name) else {
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        let message = json!({"Type": "User", "Message": format!("Function not found: {arn}")});
        return refusal(404, "ResourceNotFoundException", &message);
    };
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload };
    let trace_id = header("x-amzn-trace-id").map(str::to_owned);
    let mut execution = Execution::new(&function, payload, trace_id);
    if let Some(qualifier) = qualifier.or(in_query) {
        execution.arn = format!("{}:{qualifier}", execution.arn);
    }
    let invocation_type = header("x-amz-invocation-type").unwrap_or("RequestResponse");
    let response = answer(&shared, &function, invocation_type, execution).await;
    function.history.lock().unwrap().invoke_statuses.push(response.status().as_u16());
    response
}

async fn answer(
    shared: &Arc<Shared>,
    function: &Arc<FunctionState>,
    invocation_type: &str,
    execution: Execution,
) -> Response {
    let limit = match invocation_type {
        "Event" => EVENT_LIMIT,
        "RequestResponse" | "DryRun" => AWAITED_LIMIT,
        unknown => {
            let message = json!({"Type": "User", "message": format!("Unknown invocation type {unknown}")});
            return refusal(400, "InvalidParameterValueException", &message);
        }
    };
    if execution.payload.len() > limit {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        return refusal(413, "RequestTooLargeException", &json!({"Type": "User", "message": message}));
    }
    if serde_json::from_slice::<&serde_json::value::RawValue>(&execution.payload).is_err() {
        let message = json!({"Type": "User", "message": "Could not parse request body into json"});
        return refusal(400, "InvalidRequestContentException", &message);
    }
    if let Some(trouble) = trouble_on_demand(function) {
        return match trouble {
            Trouble::Throttled => too_many_requests("CallerRateLimitExceeded"),
            Trouble::Failing(status) => {
                let message = json!({"Type": "Service", "Message": "An error occurred on demand."});
                refusal(status, "ServiceException", &message)
            }
            Trouble::Hanging => std::future::pending().await,
        };
    }
    let request_id = execution.request_id.clone();
    match invocation_type {
        "DryRun" => success(StatusCode::NO_CONTENT, &request_id, Bytes::new()),
        "Event" => {
            enqueue(shared, function, execution);
            success(StatusCode::ACCEPTED, &request_id, Bytes::new())
        }
        _ => match run_awaited(shared, function, execution, Kind::RequestResponse).await {
            Ok(Outcome::Success(payload)) => success(StatusCode::OK, &request_id, payload),
            Ok(Outcome::Error(error)) => {
                let mut response = success(StatusCode::OK, &request_id, error.to_string().into());
                response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
                response
            }
            Err(_no_concurrency) => too_many_requests("ReservedFunctionConcurrentInvocationLimitExceeded"),
        },
    }
}

enum Trouble {
    Throttled,
    Failing(u16),
    Hanging,
}

fn trouble_on_demand(function: &FunctionState) -> Option<Trouble> {
    let take_one = |count: &mut usize| count.checked_sub(1).map(|rest| *count = rest).is_some();
    let mut controls = function.controls.lock().unwrap();
    if take_one(&mut controls.throttled_calls) {
        return Some(Trouble::Throttled);
    }
    if take_one(&mut controls.failing_calls.0) {
        return Some(Trouble::Failing(controls.failing_calls.1));
    }
    take_one(&mut controls.hanging_calls).then_some(Trouble::Hanging)
}

fn success(status: StatusCode, request_id: &str, payload: Bytes) -> Response {
    let headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", request_id),
        ("X-Amz-Executed-Version", "$LATEST"),
    ];
    (status, headers, payload).into_response()
}

fn too_many_requests(reason: &str) -> Response {
    let message = json!({"Type": "User", "Reason": reason, "message": "Rate Exceeded."});
    refusal(429, "TooManyRequestsException", &message)
}

fn refusal(status: u16, kind: &str, message: &Value) -> Response {
    let headers = [("x-amzn-ErrorType", kind.to_owned()), ("x-amzn-RequestId", Uuid::new_v4().to_string())];
    (StatusCode::from_u16(status).unwrap(), headers, axum::Json(message)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_four_ways() {
        assert_eq!(parse_name("f"), ("f", None));
        assert_eq!(parse_name("f:live"), ("f", Some("live")));
        assert_eq!(parse_name("123456789012:function:f"), ("f", None));
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:f:live";
        assert_eq!(parse_name(arn), ("f", Some("live")));
    }
}
