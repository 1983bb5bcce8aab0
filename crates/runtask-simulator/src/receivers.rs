//! Plays those who are told of results: Slack, Teams, Datadog, PagerDuty, EventBridge, and a webhook of one's own.
//!
//! One server for all of them, on loopback; a path says who is meant, as the vendors' paths do. Each judges what it gets by
//! words and numbers of its own, takes it or refuses it as the vendor would, and remembers it.

mod datadog;
mod eventbridge;
mod pagerduty;
mod seen;
mod slack;
mod teams;
mod webhook;

use crate::server::bind;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use seen::{Judged, Seen};
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// More than any receiver takes.
const BODY_BYTES: usize = 1 << 20;

/// Those who are told, simulated. Clones share one server, which stops when the last of them is dropped.
#[derive(Clone)]
pub struct Receivers {
    state: Arc<State>,
    origin: String,
    _listener: Arc<Listener>,
}

/// What one of them got, and what it made of it.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who got it: `slack`, `teams`, `datadog`, `pagerduty`, `webhook`, `eventbridge`.
    pub receiver: &'static str,
    /// Its answer; nothing where it closed the connection, or never answered.
    pub answered: Option<u16>,
    /// What is wrong with it; empty where everything is right.
    pub problems: Vec<String>,
    /// The body, where it is JSON.
    pub body: Value,
    /// What it knows a message by that it has had: `webhook-id`, the `dedup_key` of an alert; empty where there is nothing.
    pub known_by: String,
}

/// How one request is answered, whatever is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedAnswer {
    /// With this status, and perhaps a `Retry-After` in seconds.
    Status(u16, Option<u64>),
    /// The connection is closed.
    Close,
    /// There is no answer.
    Silence,
}

struct State {
    received: Mutex<Vec<Received>>,
    planned: Mutex<VecDeque<PlannedAnswer>>,
    arrived: Notify,
    now: fn() -> SystemTime,
}

struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Receivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receivers").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
struct Withheld;

impl Receivers {
    /// The address of an incoming webhook of Slack, as Slack would give it.
    pub const SLACK_URL: &'static str = slack::URL;
    /// The address of a workflow of Teams.
    pub const TEAMS_URL: &'static str = teams::URL;
    /// A key of Datadog.
    pub const DATADOG_KEY: &'static str = datadog::KEY;
    /// The key of an integration of PagerDuty.
    pub const PAGERDUTY_KEY: &'static str = pagerduty::KEY;
    /// The secret of the webhook.
    pub const WEBHOOK_SECRET: &'static str = webhook::SECRET;

    /// Starts to listen on loopback. `now` is the clock for signatures.
    ///
    /// # Errors
    ///
    /// When no address can be bound.
    pub async fn start(now: fn() -> SystemTime) -> io::Result<Self> {
        let (listener, origin) = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let state = Arc::new(State {
            received: Mutex::default(),
            planned: Mutex::default(),
            arrived: Notify::new(),
            now,
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&state))).abort_handle();
        Ok(Self { state, origin, _listener: Arc::new(Listener(listening)) })
    }

    /// Its origin: a channel's `origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address of the webhook.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("{}/webhook", self.origin)
    }

    /// Everything that came in by now.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }

    /// Waits until so many have come in.
    pub async fn wait_for(&self, number: usize) -> Vec<Received> {
        loop {
            let arrived = self.state.arrived.notified();
            let received = self.received();
            if received.len() >= number {
                return received;
            }
            arrived.await;
        }
    }

    /// The next requests are answered so, one after the other.
    pub fn plan(&self, answers: impl IntoIterator<Item = PlannedAnswer>) {
        lock(&self.state.planned).extend(answers);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        // A connection that is gone before it was taken is none.
        let Ok((stream, _peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let state = Arc::clone(&state);
        let service = service_fn(move |request| {
            let state = Arc::clone(&state);
            async move { answer(&state, request).await }
        });
        connections.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            let _closed = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: &State, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Withheld> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let seen =
        Seen { parts, json: serde_json::from_slice(&body).unwrap_or_default(), body, now: (state.now)() };
    let (receiver, judged) = judge(&path, &seen);
    let known_by = match seen.header("webhook-id") {
        "" => seen.json.get("dedup_key").and_then(Value::as_str).unwrap_or_default(),
        id => id,
    };
    let known_by = known_by.to_owned();
    let planned = lock(&state.planned).pop_front();
    let answered = match planned {
        Some(PlannedAnswer::Status(status, _)) => Some(status),
        Some(PlannedAnswer::Close | PlannedAnswer::Silence) => None,
        None => Some(judged.status),
    };
    let received = Received { receiver, answered, problems: judged.problems, body: seen.json, known_by };
    lock(&state.received).push(received);
    state.arrived.notify_waiters();
    let retry_after = match planned {
        Some(PlannedAnswer::Silence) => std::future::pending().await,
        Some(PlannedAnswer::Status(_, retry_after)) => retry_after,
        Some(PlannedAnswer::Close) | None => None,
    };
    let mut response = Response::builder().status(answered.ok_or(Withheld)?);
    if let Some(seconds) = retry_after {
        response = response.header(header::RETRY_AFTER, seconds);
    }
    response.body(Full::new(Bytes::from(judged.body))).map_err(|_ours| Withheld)
}

fn judge(path: &str, seen: &Seen) -> (&'static str, Judged) {
    if path.starts_with("/services/") {
        ("slack", slack::judge(seen))
    } else if path.starts_with("/workflows/") {
        ("teams", teams::judge(seen))
    } else if path.starts_with("/api/v1/") {
        ("datadog", datadog::judge(seen))
    } else if path.starts_with("/v2/") {
        ("pagerduty", pagerduty::judge(seen))
    } else if path == "/webhook" {
        ("webhook", webhook::judge(seen))
    } else if path == "/" {
        ("eventbridge", eventbridge::judge(seen))
    } else {
        ("nobody", Judged::refused(404, "not found", "nobody listens at this path"))
    }
}
