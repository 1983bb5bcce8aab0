//! Plays AWS Lambda on loopback: runs real function binaries and treats them as AWS does.
//!
//! One double has an Invoke API for the AWS SDK, and per function, if wanted, a function URL.
//! A function runs in processes of its own, one per concurrent invocation, kept warm and frozen in between.
//! Events are queued, retried with the same request id, and end at an on-failure destination.
//!
//! It does not check signatures or permissions, enforce memory, know aliases, layers and extensions, or stream.

mod activity;
pub(crate) mod clock;
mod environment;
mod execution;
mod function;
mod function_url;
mod invoke_api;
pub(crate) mod process_group;
mod record;
mod runtime_api;
mod state;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;

use environment::Execution;
use state::{Delivery, FunctionState, Shared};

pub use function::{Asynchronous, Destination, Function};
pub use record::{InvocationRecord, Kind, Outcome};

/// How long [`LambdaDouble::failures`] waits for a function's events to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Lambda service. Dropping it kills every process it started.
#[derive(Debug)]
pub struct LambdaDouble(Arc<Shared>);

impl LambdaDouble {
    /// Starts a double without functions.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let shared = Shared::new(format!("http://{}", listener.local_addr().unwrap()));
        serve(&shared, listener, invoke_api::router(Arc::clone(&shared)));
        Self(shared)
    }

    /// Registers a function. No process is started until it is called.
    ///
    /// # Panics
    ///
    /// If the binary does not exist, or the name is taken.
    pub async fn add(&self, function: Function) {
        assert!(function.binary.is_file(), "no binary {}", function.binary.display());
        if function.has_url {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let url = Some(listener.local_addr().unwrap());
            let function = self.0.add(FunctionState::new(function, url).unwrap());
            serve(&self.0, listener, function_url::router(Arc::clone(&self.0), function));
        } else {
            self.0.add(FunctionState::new(function, None).unwrap());
        }
    }

    /// The value for `AWS_ENDPOINT_URL`; functions have it in their environment.
    pub fn invoke_endpoint(&self) -> String {
        self.0.invoke_endpoint.clone()
    }

    /// The URL of a function, without a slash at the end.
    pub fn function_url(&self, name: &str) -> String {
        let Some(address) = self.function(name).url else { panic!("function `{name}` has no URL") };
        format!("http://{address}")
    }

    /// The ARN of a function, without a qualifier.
    pub fn function_arn(&self, name: &str) -> String {
        self.function(name).arn()
    }

    /// Calls a function and waits for its answer, without HTTP in between.
    pub async fn invoke(&self, name: &str, event: &Value) -> Outcome {
        let function = self.function(name);
        let execution = Execution::new(&function, event.to_string().into(), None);
        let Ok(outcome) = execution::run_awaited(&self.0, &function, execution, Kind::RequestResponse).await
        else {
            panic!("all executions reserved for `{name}` are taken");
        };
        outcome
    }

    /// Queues an event for a function, without HTTP in between; returns its request id.
    pub fn enqueue(&self, name: &str, event: impl Into<Bytes>) -> String {
        let function = self.function(name);
        let execution = Execution::new(&function, event.into(), None);
        let request_id = execution.request_id.clone();
        execution::enqueue(&self.0, &function, execution);
        request_id
    }

    /// The next event is delivered twice at the same time, if the function's concurrency allows.
    pub fn deliver_twice(&self, name: &str) {
        self.function(name).controls.lock().unwrap().deliveries.push_back(Delivery::Concurrently);
    }

    /// The next event is delivered a second time when all is over with the first.
    pub fn deliver_again(&self, name: &str) {
        self.function(name).controls.lock().unwrap().deliveries.push_back(Delivery::InTurn);
    }

    /// The next `calls` of the Invoke API are refused with 429 `TooManyRequestsException`.
    pub fn throttle(&self, name: &str, calls: usize) {
        self.function(name).controls.lock().unwrap().throttled_calls = calls;
    }

    /// The next `calls` of the Invoke API are refused with `status` and `ServiceException`.
    pub fn fail_invokes(&self, name: &str, calls: usize, status: u16) {
        self.function(name).controls.lock().unwrap().failing_calls = (calls, status);
    }

    /// The next `calls` of the Invoke API are never answered.
    pub fn hang_invokes(&self, name: &str, calls: usize) {
        self.function(name).controls.lock().unwrap().hanging_calls = calls;
    }

    /// Kills the function's processes, as the platform does when memory runs out; returns how many it had.
    pub fn kill(&self, name: &str) -> usize {
        self.function(name).kill()
    }

    /// Ends the function's processes as the platform does when their time is up, without waiting for that; returns how
    /// many it had.
    pub fn time_out(&self, name: &str) -> usize {
        self.function(name).time_out()
    }

    /// How many processes were started for the function.
    pub fn cold_starts(&self, name: &str) -> usize {
        self.function(name).history.lock().unwrap().cold_starts
    }

    /// The executions that ended, in the order in which they did.
    pub fn invocations(&self, name: &str) -> Vec<InvocationRecord> {
        self.function(name).history.lock().unwrap().invocations.clone()
    }

    /// What the Invoke API answered to the calls of this function, refusals included.
    pub fn invoke_statuses(&self, name: &str) -> Vec<u16> {
        self.function(name).history.lock().unwrap().invoke_statuses.clone()
    }

    /// The destination records of the function's events, once all its events have ended.
    ///
    /// Both those captured and those that went to another function.
    pub async fn failures(&self, name: &str) -> Vec<Value> {
        let idle = |counts: &std::collections::BTreeMap<String, activity::Counts>| {
            counts.get(name).is_none_or(|it| it.pending == 0)
        };
        self.0.activity.wait_for(&format!("the events of `{name}` to end"), PATIENCE, idle).await;
        self.function(name).history.lock().unwrap().failures.clone()
    }

    /// How many destination records got lost: larger than an event may be, or for a function that is not there.
    pub fn destination_delivery_failures(&self, name: &str) -> usize {
        self.function(name).history.lock().unwrap().delivery_failures
    }

    /// Everything the function's processes wrote to stdout and stderr.
    pub fn logs(&self, name: &str) -> String {
        let log = std::fs::read(&self.function(name).log).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Waits until nothing is queued and nothing runs.
    ///
    /// # Panics
    ///
    /// When that takes longer than `limit`.
    pub async fn wait_idle(&self, limit: Duration) {
        self.0.activity.wait_for("idleness", limit, |all| all.values().all(|it| it.pending == 0)).await;
    }

    /// Waits until processes of the function were given `events` events, counted from its registration.
    ///
    /// # Panics
    ///
    /// When that takes longer than `limit`.
    pub async fn wait_started(&self, name: &str, events: usize, limit: Duration) {
        let what = format!("`{name}` to be started {events} times");
        let enough = |counts: &std::collections::BTreeMap<String, activity::Counts>| {
            counts.get(name).is_some_and(|it| it.started >= events)
        };
        self.0.activity.wait_for(&what, limit, enough).await;
    }

    fn function(&self, name: &str) -> Arc<FunctionState> {
        self.0.find(name).unwrap_or_else(|| panic!("no function `{name}` was added"))
    }
}

impl Drop for LambdaDouble {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn serve(shared: &Shared, listener: TcpListener, router: Router) {
    shared.spawn(async move { axum::serve(listener, router).await.unwrap() });
}
