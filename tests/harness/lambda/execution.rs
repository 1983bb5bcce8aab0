//! Runs functions: awaited, or from the queue with retries and an on-failure destination.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::activity::Pending;
use super::clock::{iso_8601, since_epoch};
use super::environment::Execution;
use super::function::Destination;
use super::record::{InvocationRecord, Kind, Outcome};
use super::state::{Delivery, FunctionState, Shared};

/// Bytes of an event that Lambda queues, 1 MiB since October 2025.
pub(super) const EVENT_LIMIT: usize = 1024 * 1024;

/// No execution is free: the caller is told 429.
#[derive(Debug)]
pub(super) struct NoConcurrency;

impl Execution {
    /// A first call of `function` with `payload`; `trace_id` is the caller's, if it has one.
    pub(super) fn new(function: &FunctionState, payload: Bytes, trace_id: Option<String>) -> Self {
        let request_id = Uuid::new_v4();
        let trace_id = trace_id.unwrap_or_else(|| {
            let root = Uuid::new_v4().simple().to_string();
            let (time, rest) = root.split_at(8);
            format!(
                "Root=1-{time}-{};Parent={};Sampled=0",
                &rest[..24],
                &request_id.simple().to_string()[..16]
            )
        });
        Self { request_id: request_id.to_string(), arn: function.arn(), trace_id, payload }
    }
}

/// Runs the function for a caller who waits.
///
/// The execution goes on when the caller stops waiting, as on AWS.
pub(super) async fn run_awaited(
    shared: &Arc<Shared>,
    function: &Arc<FunctionState>,
    execution: Execution,
    kind: Kind,
) -> Result<Outcome, NoConcurrency> {
    let permit = Arc::clone(&function.permits).try_acquire_owned().map_err(|_none_free| NoConcurrency)?;
    let pending = shared.activity.begin(&function.settings.name);
    let (answer, answered) = oneshot::channel();
    shared.spawn({
        let (shared, function) = (Arc::clone(shared), Arc::clone(function));
        async move {
            let outcome = attempt(&shared, &function, &execution, kind, 1, permit, &pending).await;
            drop(pending);
            let _caller_left = answer.send(outcome);
        }
    });
    Ok(answered.await.unwrap_or_else(|_closed| Outcome::Error(json!({"errorType": "the double was closed"}))))
}

/// Queues an event; returns when it is queued.
pub(super) fn enqueue(shared: &Arc<Shared>, function: &Arc<FunctionState>, execution: Execution) {
    let delivery = function.controls.lock().unwrap().deliveries.pop_front();
    let event = |pending| {
        let (shared, function) = (Arc::clone(shared), Arc::clone(function));
        let execution = execution.clone();
        async move { run_queued(&shared, &function, &execution, &pending).await }
    };
    let pending = || shared.activity.begin(&function.settings.name);
    match delivery {
        None => shared.spawn(event(pending())),
        Some(Delivery::Concurrently) => {
            shared.spawn(event(pending()));
            shared.spawn(event(pending()));
        }
        Some(Delivery::InTurn) => {
            let (first, second) = (event(pending()), event(pending()));
            shared.spawn(async {
                first.await;
                second.await;
            });
        }
    }
}

/// Runs an event until it succeeds, its retries are used up, or it is too old.
async fn run_queued(
    shared: &Arc<Shared>,
    function: &Arc<FunctionState>,
    execution: &Execution,
    pending: &Pending,
) {
    let settings = &function.settings.asynchronous;
    let expires = Instant::now() + settings.maximum_event_age;
    let mut attempts = 0;
    let mut last = None;
    let condition = loop {
        let permit = timeout_at(expires, Arc::clone(&function.permits).acquire_owned()).await;
        let (Ok(Ok(permit)), true) = (permit, Instant::now() < expires) else { break "EventAgeExceeded" };
        attempts += 1;
        let outcome = attempt(shared, function, execution, Kind::Event, attempts, permit, pending).await;
        if outcome.is_success() {
            return;
        }
        last = Some(outcome);
        if attempts > settings.maximum_retry_attempts {
            break "RetriesExhausted";
        }
        tokio::time::sleep_until(expires.min(Instant::now() + settings.retry_pause * attempts)).await;
    };
    let record = destination_record(function, execution, condition, attempts, last.as_ref());
    deliver_record(shared, function, record);
}

/// Runs the function once, and notes it.
async fn attempt(
    shared: &Arc<Shared>,
    function: &FunctionState,
    execution: &Execution,
    kind: Kind,
    attempt: u32,
    permit: OwnedSemaphorePermit,
    pending: &Pending,
) -> Outcome {
    let (outcome, duration, cold_start) = match function.take_environment(&shared.invoke_endpoint) {
        Ok((mut environment, cold_start)) => {
            let (outcome, duration) = environment.run(execution, function.settings.timeout, pending).await;
            function.return_environment(environment);
            (outcome, duration, cold_start)
        }
        Err(error) => {
            let outcome = Outcome::platform_error(
                "Runtime.InvalidEntrypoint",
                &execution.request_id,
                &error.to_string(),
            );
            (outcome, Duration::ZERO, true)
        }
    };
    function.history.lock().unwrap().invocations.push(InvocationRecord {
        request_id: execution.request_id.clone(),
        kind,
        attempt,
        payload: execution.payload.clone(),
        outcome: outcome.clone(),
        duration,
        cold_start,
    });
    // Only now may the next one run: it finds this environment and this record.
    drop(permit);
    outcome
}

/// Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
fn destination_record(
    function: &FunctionState,
    execution: &Execution,
    condition: &str,
    attempts: u32,
    last: Option<&Outcome>,
) -> Value {
    let payload: Value = serde_json::from_slice(&execution.payload).unwrap();
    let mut record = json!({
        "version": "1.0",
        "timestamp": iso_8601(since_epoch()),
        "requestContext": {
            "requestId": execution.request_id,
            "functionArn": format!("{}:$LATEST", function.arn()),
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": payload,
    });
    if let Some(outcome) = last {
        record["responseContext"] =
            json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"});
        record["responsePayload"] = outcome.payload();
    }
    record
}

fn deliver_record(shared: &Arc<Shared>, function: &FunctionState, record: Value) {
    match &function.settings.asynchronous.on_failure {
        None => {}
        Some(Destination::Capture) => function.history.lock().unwrap().failures.push(record),
        Some(Destination::Function(name)) => {
            let payload = Bytes::from(record.to_string());
            match shared.find(name) {
                Some(target) if payload.len() <= EVENT_LIMIT => {
                    enqueue(shared, &target, Execution::new(&target, payload, None));
                    function.history.lock().unwrap().failures.push(record);
                }
                // The metric `DestinationDeliveryFailures` is all that AWS leaves of it.
                _ => function.history.lock().unwrap().delivery_failures += 1,
            }
        }
    }
}
