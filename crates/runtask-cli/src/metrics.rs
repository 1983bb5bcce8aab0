//! Tells a monitoring system what `serve` counts, in the text format of Prometheus, at an address of its own.
//!
//! The rest of the program counts as it does in a Lambda function (`runtask_log::metric`), and knows nothing of this.

mod approvals;
mod families;
mod number;
mod registry;
mod text;

use crate::sweeping::Approvals;
use anyhow::Context;
use approvals::ApprovalGauges;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use registry::Registry;
use runtask_http::Limits;
use runtask_log::{event, metric};
use runtask_terminal::environment::now;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing::info;

/// Source: Prometheus documentation, "Exposition formats".
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Whoever asks is one of few, and of ours.
const LIMITS: Limits = Limits {
    connections: 16,
    prompt: Duration::from_secs(2),
    connection: Duration::from_secs(10 * 60),
    head: Duration::from_secs(90),
    head_bytes: 8192,
    answer: Duration::from_secs(10),
    end: Duration::from_secs(1),
};

/// Answers until it is dropped.
#[derive(Debug)]
pub(crate) struct MetricsServer(JoinHandle<()>);

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to count, and answers `GET /metrics` at `listen`, also with how `approvals` stand, where there are any.
///
/// # Errors
///
/// When it cannot listen there.
pub(crate) async fn start(
    listen: SocketAddr,
    approvals: Option<Arc<Approvals>>,
) -> anyhow::Result<MetricsServer> {
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen} for metrics"))?;
    let address = listener.local_addr()?;
    let registry = Arc::new(Registry::new(now()));
    metric::listen(Arc::clone(&registry));
    info!(event = event::SERVE_METRICS, %address, "metrics at http://{address}/metrics");
    let approvals = Arc::new(approvals.map(ApprovalGauges::new));
    let handler = move |request: Request<_>| {
        let (registry, approvals) = (Arc::clone(&registry), Arc::clone(&approvals));
        async move { answer(&request, &registry, approvals.as_ref().as_ref()).await }
    };
    // It answers while the rest shuts down as well: jobs that end are counted.
    Ok(MetricsServer(tokio::spawn(runtask_http::serve(listener, LIMITS, handler, pending::<()>()))))
}

async fn answer<B>(
    request: &Request<B>,
    registry: &Registry,
    approvals: Option<&ApprovalGauges>,
) -> Response<String> {
    let mut response = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => {
            let mut text = registry.text();
            if let Some(approvals) = approvals {
                text.push_str(&approvals.text().await);
            }
            let mut response = Response::new(text);
            response.headers_mut().insert(CONTENT_TYPE, FORMAT);
            return response;
        }
        ("/metrics", _) => {
            let mut response = Response::new("Method not allowed\n".to_owned());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        _ => {
            let mut response = Response::new("Metrics are at /metrics\n".to_owned());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
