//! A collector of traces: takes what a real one would take, and judges it by literals of its own.
//!
//! Source: OpenTelemetry protocol, `opentelemetry/proto/trace/v1/trace.proto`, and the specification of OTLP/HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Long enough for a busy machine; no test waits this long to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a collector does with what it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conduct {
    /// It takes it.
    Take,
    /// It never answers.
    Hang,
    /// It answers with this status, and says that it is elsewhere.
    Refuse(u16, String),
    /// It answers 503 so many times, and then takes it.
    TakeAfter(usize),
    /// It takes the request, and says that it has rejected so many spans.
    Reject(u64),
}

/// A request that reached a collector.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its path and query.
    pub uri: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A collector. It listens as long as the test runs.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    sent: watch::Receiver<Vec<Sent>>,
}

/// A span, as a collector understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The id of its trace.
    pub trace: String,
    /// Its own id.
    pub id: String,
    /// The id of the span that it is a part of; empty where there is none.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// As the protocol numbers them: 1 internal, 2 server, 3 client.
    pub kind: u64,
    /// Nanoseconds since 1970.
    pub times: (u64, u64),
    /// Each as text.
    pub attributes: BTreeMap<String, String>,
    /// Whether its status is an error.
    pub failed: bool,
}

#[derive(Clone)]
struct Desk {
    conduct: Conduct,
    sent: Arc<watch::Sender<Vec<Sent>>>,
}

impl Collector {
    /// Starts to listen.
    ///
    /// # Panics
    ///
    /// If it cannot.
    pub async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, sent) = watch::channel(Vec::new());
        let desk = Desk { conduct, sent: Arc::new(sender) };
        let app = Router::new().fallback(receive).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, sent }
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What reached it so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// Waits until so many requests have reached it.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn wait_for_requests(&self, requests: usize) {
        let mut sent = self.sent.clone();
        let reached = sent.wait_for(|it| it.len() >= requests);
        assert!(tokio::time::timeout(PATIENCE, reached).await.is_ok(), "{:?}", self.sent());
    }

    /// Waits until it has a span of this name, and returns all that it has by then.
    ///
    /// # Panics
    ///
    /// When that takes too long, or something that reached it is not what the protocol says.
    pub async fn wait_for_span(&self, name: &str) -> Vec<Span> {
        let mut sent = self.sent.clone();
        let reached = sent.wait_for(|it| spans(it).iter().any(|it| it.name == name));
        let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
        assert!(reached, "no span {name}: {:?}", self.sent());
        self.spans()
    }

    /// The spans that it has.
    ///
    /// # Panics
    ///
    /// When something that reached it is not what the protocol says.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        spans(&self.sent.borrow())
    }
}

async fn receive(State(desk): State<Desk>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut before = 0;
    desk.sent.send_modify(|it| {
        before = it.len();
        it.push(Sent { uri: uri.to_string(), headers, body });
    });
    let taken = |answer: Value| (StatusCode::OK, axum::Json(answer)).into_response();
    match desk.conduct {
        Conduct::Hang => std::future::pending().await,
        Conduct::Refuse(status, place) => {
            (StatusCode::from_u16(status).unwrap(), [("location", place)]).into_response()
        }
        Conduct::TakeAfter(times) if before < times => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        // A 64-bit number is text in JSON of protobuf.
        Conduct::Reject(spans) => taken(json!({ "partialSuccess": { "rejectedSpans": spans.to_string() } })),
        Conduct::Take | Conduct::TakeAfter(_) => taken(json!({})),
    }
}

/// The spans in requests, each judged.
fn spans(sent: &[Sent]) -> Vec<Span> {
    let mut spans = Vec::new();
    for request in sent {
        assert_eq!(request.headers["content-type"], "application/json");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        for resource in list(&body["resourceSpans"]) {
            let about = attributes(&resource["resource"]["attributes"]);
            assert!(about.contains_key("service.name"), "{about:?}");
            for scope in list(&resource["scopeSpans"]) {
                assert!(scope["scope"]["name"].is_string(), "{scope}");
                spans.extend(list(&scope["spans"]).iter().map(span));
            }
        }
    }
    let ids: BTreeSet<_> = spans.iter().map(|it| &it.id).collect();
    assert_eq!(ids.len(), spans.len(), "{spans:#?}");
    spans
}

fn span(span: &Value) -> Span {
    let known = [
        "traceId",
        "spanId",
        "parentSpanId",
        "name",
        "kind",
        "startTimeUnixNano",
        "endTimeUnixNano",
        "attributes",
        "status",
    ];
    for key in span.as_object().unwrap().keys() {
        assert!(known.contains(&key.as_str()), "{key} in {span}");
    }
    let time = |it: &Value| it.as_str().unwrap().parse().unwrap();
    let times = (time(&span["startTimeUnixNano"]), time(&span["endTimeUnixNano"]));
    assert!(times.0 > 1_500_000_000_000_000_000 && times.0 <= times.1, "{span}");
    let failed = match &span["status"] {
        Value::Null => false,
        status => {
            assert_eq!(status, &json!({ "code": 2 }));
            true
        }
    };
    let attributes = attributes(&span["attributes"]);
    assert_eq!(attributes.contains_key("error.type"), failed, "{span}");
    let name = span["name"].as_str().unwrap().to_owned();
    assert!(!name.is_empty());
    Span {
        trace: id(&span["traceId"], 32),
        id: id(&span["spanId"], 16),
        parent: if span["parentSpanId"].is_null() { String::new() } else { id(&span["parentSpanId"], 16) },
        name,
        kind: span["kind"].as_u64().filter(|it| (1..=3).contains(it)).unwrap(),
        times,
        attributes,
        failed,
    }
}

fn id(id: &Value, digits: usize) -> String {
    let id = id.as_str().unwrap();
    let is_hex = id.chars().all(|it| it.is_ascii_digit() || ('a'..='f').contains(&it));
    assert!(id.len() == digits && is_hex && id.chars().any(|it| it != '0'), "{id}");
    id.to_owned()
}

fn attributes(list_of_them: &Value) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for it in list(list_of_them) {
        let value = it["value"].as_object().unwrap();
        let (kind, value) = value.iter().next().unwrap();
        let value = value.as_str().unwrap();
        match kind.as_str() {
            "stringValue" => {}
            "intValue" => assert!(value.parse::<i64>().is_ok(), "{it}"),
            _ => panic!("{it}"),
        }
        let key = it["key"].as_str().unwrap().to_owned();
        assert_eq!(attributes.insert(key, value.to_owned()), None, "{it} is there twice");
    }
    attributes
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Traces as text: a line for each span, below what it is a part of, in the order in which they began. The values of
/// `hidden` attributes are not shown, as they differ from run to run.
///
/// # Panics
///
/// When a span is a part of one that is not there, or of another trace, or began before it.
#[must_use]
pub fn trees(spans: &[Span], hidden: &[&str]) -> String {
    let mut roots: Vec<_> = spans.iter().filter(|it| it.parent.is_empty()).collect();
    roots.sort_by_key(|it| it.times.0);
    let traces: BTreeSet<_> = roots.iter().map(|it| &it.trace).collect();
    assert_eq!(traces.len(), roots.len(), "a trace begins once: {spans:#?}");
    let (mut text, mut shown) = (String::new(), 0);
    let mut waiting: Vec<_> = roots.into_iter().rev().map(|it| (0, it)).collect();
    while let Some((depth, span)) = waiting.pop() {
        shown += 1;
        let kind = ["internal", "server", "client"][usize::try_from(span.kind).unwrap() - 1];
        text.push_str(&format!("{}{} [{kind}]", "  ".repeat(depth), span.name));
        for (key, value) in &span.attributes {
            let value = if hidden.contains(&key.as_str()) { "…" } else { value };
            text.push_str(&format!(" {key}={value}"));
        }
        text.push('\n');
        let mut parts: Vec<_> = spans.iter().filter(|it| it.parent == span.id).collect();
        for part in &parts {
            assert_eq!(part.trace, span.trace);
            assert!(part.times.0 >= span.times.0, "{part:?} began before {span:?}");
        }
        parts.sort_by_key(|it| std::cmp::Reverse(it.times.0));
        waiting.extend(parts.into_iter().map(|it| (depth + 1, it)));
    }
    assert_eq!(shown, spans.len(), "some are parts of what is not there: {spans:#?}");
    text
}
