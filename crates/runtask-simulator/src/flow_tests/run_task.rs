//! Runs small run tasks, good and bad, and lets the simulator call them.

use crate::delivery;
use crate::tarball::{Entry, Tarball};
use crate::{Configuration, Fault, Options, Record, RunSpec, Simulator, Target, Timers};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header;
use runtask_protocol::{Key, KeyRing, SIGNATURE_HEADER, Signature};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const KEY: &str = "example-hmac-key";

/// What a run task does with a request once it has answered it.
pub(super) type Work = Arc<dyn Fn(Job) -> BoxFuture<'static, ()> + Send + Sync>;

/// How a run task answers.
#[derive(Clone)]
pub(super) struct RunTask {
    pub(super) work: Work,
    pub(super) verifies: bool,
    /// Whether it looks at what a request lacks, and whom it names.
    pub(super) careful: bool,
    pub(super) remembers: bool,
    pub(super) answer: u16,
    /// The body of that answer.
    pub(super) says: &'static str,
    pub(super) probe_answer: u16,
    pub(super) seen: Arc<Mutex<HashSet<String>>>,
}

#[derive(Clone)]
pub(super) struct Job {
    pub(super) payload: Value,
    pub(super) client: reqwest::Client,
}

impl RunTask {
    pub(super) fn new<F: Future<Output = ()> + Send + 'static>(
        work: impl Fn(Job) -> F + Send + Sync + 'static,
    ) -> Self {
        Self {
            work: Arc::new(move |job| Box::pin(work(job))),
            verifies: true,
            careful: true,
            remembers: true,
            answer: 200,
            says: "",
            probe_answer: 200,
            seen: Arc::default(),
        }
    }

    pub(super) fn good() -> Self {
        Self::new(good)
    }

    /// Starts to listen; the run task as HCP Terraform would know it.
    pub(super) async fn start(self) -> Target {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/run-task", listener.local_addr().unwrap()).parse().unwrap();
        let app = Router::new().route("/run-task", post(receive)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Target { url, key: Some(Key::new(KEY).unwrap()) }
    }
}

async fn receive(
    State(run_task): State<RunTask>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let status = |code| StatusCode::from_u16(code).unwrap();
    let ring = KeyRing::new(Key::new(KEY).unwrap(), None);
    let signature = Signature::parse(headers.get_all(SIGNATURE_HEADER).iter().map(|it| it.as_bytes()));
    if run_task.verifies && signature.and_then(|it| ring.verify(&it, &body)).is_err() {
        return (StatusCode::UNAUTHORIZED, "");
    }
    let payload: Value = serde_json::from_slice(&body).unwrap();
    if payload["task_result_enforcement_level"] == "test" || payload.get("task_result_id").is_none() {
        return (status(run_task.probe_answer), "");
    }
    if run_task.careful && payload["access_token"].is_null() {
        return (StatusCode::BAD_REQUEST, "the request lacks access_token");
    }
    let callback = origin(payload["task_result_callback_url"].as_str().unwrap());
    if run_task.careful && !ALLOWED.lock().unwrap().contains(&callback) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "the callback's origin is not allowed");
    }
    let id = payload["task_result_id"].as_str().unwrap().to_owned();
    if run_task.answer == 200 && (run_task.seen.lock().unwrap().insert(id) || !run_task.remembers) {
        let target = Target { url: "http://127.0.0.1/".parse().unwrap(), key: None };
        let client = delivery::client(&quick(&[]), &target).unwrap();
        tokio::spawn((run_task.work)(Job { payload, client }));
    }
    (status(run_task.answer), run_task.says)
}

impl Job {
    pub(super) fn token(&self) -> &str {
        self.payload["access_token"].as_str().unwrap_or_default()
    }

    /// Fetches what a field points to, as one should.
    pub(super) async fn fetch(&self, field: &str) -> Option<Bytes> {
        let url = self.payload[field].as_str()?;
        for _ in 0..6 {
            let Ok(response) = self.client.get(url).bearer_auth(self.token()).send().await else { continue };
            match response.status().as_u16() {
                302 | 307 => {
                    let fetched = self.follow(&response).await;
                    if fetched.is_some() {
                        return fetched;
                    }
                }
                204 | 500.. => tokio::time::sleep(Duration::from_millis(5)).await,
                _ => return None,
            }
        }
        None
    }

    /// Follows redirects to the archive's origin, of which it knows that it has no more than three.
    async fn follow(&self, response: &reqwest::Response) -> Option<Bytes> {
        let mut location = location(response);
        let mut origins = HashSet::new();
        origins.insert(origin(&location));
        for _ in 0..5 {
            if !location.starts_with("http://127.0.0.1") || self.is_stranger(&location).await {
                return None;
            }
            let response = self.client.get(&location).send().await.unwrap();
            if response.status() != 302 {
                return if response.status() == 200 { response.bytes().await.ok() } else { None };
            }
            location = self::location(&response);
        }
        None
    }

    /// Whether an origin is not among those that this run task was told to allow.
    async fn is_stranger(&self, location: &str) -> bool {
        let allowed = ALLOWED.lock().unwrap().contains(&origin(location));
        !allowed
    }

    pub(super) async fn patch(&self, body: &Value) -> Result<u16, reqwest::Error> {
        self.send(reqwest::Method::PATCH, "application/vnd.api+json", self.token(), body).await
    }

    /// Sends a callback, and heeds no request to wait.
    pub(super) async fn hurry(&self, body: &Value) -> u16 {
        let url = self.payload["task_result_callback_url"].as_str().unwrap();
        let request = self.client.patch(url).bearer_auth(self.token());
        let request = request.header(header::CONTENT_TYPE, "application/vnd.api+json").body(body.to_string());
        request.send().await.map_or(0, |it| it.status().as_u16())
    }

    pub(super) async fn send(
        &self,
        method: reqwest::Method,
        content_type: &str,
        token: &str,
        body: &Value,
    ) -> Result<u16, reqwest::Error> {
        let url = self.payload["task_result_callback_url"].as_str().unwrap();
        let request = self.client.request(method, url).bearer_auth(token);
        let sent = request.header(header::CONTENT_TYPE, content_type).body(body.to_string()).send().await?;
        if sent.headers().contains_key(header::RETRY_AFTER) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(sent.status().as_u16())
    }

    /// Sends a callback until it is taken, or it is clear that it will not be.
    pub(super) async fn report(&self, mut body: Value) {
        let mut unknown = 0;
        for _ in 0..5 {
            match self.patch(&body).await {
                Ok(422) => {
                    body["data"].as_object_mut().unwrap().remove("relationships");
                }
                Ok(404) if unknown < 2 => unknown += 1,
                Ok(429 | 500..) | Err(_) => {}
                Ok(_) => return,
            }
        }
    }
}

/// Origins that good run tasks of these tests allow.
static ALLOWED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn origin(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}

pub(super) fn location(response: &reqwest::Response) -> String {
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

pub(super) fn result(status: &str, message: &str) -> Value {
    json!({ "data": { "type": "task-results", "attributes": { "status": status, "message": message } } })
}

pub(super) fn with_outcome(mut body: Value) -> Value {
    body["data"]["relationships"] = json!({ "outcomes": { "data": [{
        "type": "task-result-outcomes",
        "attributes": {
            "outcome-id": "main.tf",
            "description": "main.tf is not formatted",
            "tags": { "Status": [{ "label": "Failed", "level": "error" }] },
            "body": "# Diff",
        },
    }] } });
    body
}

/// Does all that the protocol asks for, and fails the run when something could not be fetched.
pub(super) async fn good(job: Job) {
    job.report(result("running", "Fetching")).await;
    let offered = |field: &str| job.payload[field].is_string();
    let mut missing = Vec::new();
    for field in ["configuration_version_download_url", "plan_json_api_url"] {
        if offered(field) && job.fetch(field).await.is_none() {
            missing.push(field);
        }
    }
    let mut last = if missing.is_empty() {
        result("passed", "All is well")
    } else {
        result("failed", &format!("could not fetch {}", missing.join(", ")))
    };
    if job.payload["capabilities"]["outcomes"] == true {
        last = with_outcome(last);
    }
    job.report(last).await;
}

pub(super) fn quick(faults: &[Fault]) -> RunSpec {
    let mut archive = Tarball::new(Vec::new());
    archive.entry(&Entry::file("main.tf"), 6, &b"a = 1\n"[..]).unwrap();
    RunSpec {
        configuration: Configuration::Archive(archive.finish().unwrap().into()),
        faults: faults.to_vec(),
        timers: Timers { total: Duration::from_secs(20), ..Timers::default() },
        attempt_pause: Duration::from_millis(5),
        linger: Duration::from_millis(250),
        patience: Duration::from_millis(500),
        trickle: Duration::from_millis(2),
        post_timeout: Duration::from_secs(5),
        ..RunSpec::default()
    }
}

pub(super) async fn simulator() -> Simulator {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let origins = [simulator.origin(), simulator.archivist_origin()].map(str::to_owned);
    ALLOWED.lock().unwrap().extend(origins);
    simulator
}

pub(super) async fn run(run_task: RunTask, spec: RunSpec) -> Record {
    let target = run_task.start().await;
    simulator().await.run(&target, spec, |_event| {}).await.unwrap()
}
