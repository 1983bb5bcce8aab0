//! Answers whole requests with whole answers, until it is dropped.

use crate::server::{accept, bind};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tracing::debug;

/// Bytes of a request that are read; more than any of the services takes.
const REQUEST_BYTES: usize = 1024 * 1024;

/// A server that answers.
#[derive(Debug)]
pub(super) struct Listener {
    /// Such as `http://127.0.0.1:40123`.
    pub(super) origin: String,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Listens at `address`. `answer` is told the origin before the first request.
    pub(super) async fn start<A>(address: SocketAddr, answer: impl FnOnce(&str) -> A) -> io::Result<Self>
    where
        A: Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        let (listener, origin) = bind(address).await?;
        let answer = Arc::new(answer(&origin));
        Ok(Self { origin, task: tokio::spawn(serve(listener, answer)) })
    }
}

async fn serve<A>(listener: TcpListener, answer: Arc<A>)
where
    A: Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let stream = accept(&listener).await;
        while connections.try_join_next().is_some() {}
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let answer = Arc::clone(&answer);
            async move {
                let (parts, body) = request.into_parts();
                let response = match Limited::new(body, REQUEST_BYTES).collect().await {
                    Ok(body) => answer(Request::from_parts(parts, body.to_bytes())),
                    Err(_too_long_or_cut) => plain(413, "too large"),
                };
                Ok::<_, Infallible>(response.map(Full::new))
            }
        });
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                debug!(%error, "a connection ended early");
            }
        });
    }
}

/// An answer in text.
pub(super) fn plain(status: u16, text: &str) -> Response<Bytes> {
    with_type(status, "text/plain; charset=utf-8", text.to_owned())
}

/// An answer in JSON.
pub(super) fn json(status: u16, value: &serde_json::Value) -> Response<Bytes> {
    with_type(status, "application/json; charset=utf-8", value.to_string())
}

/// An answer of a media type.
pub(super) fn with_type(status: u16, media_type: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    if let Ok(status) = http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    response
}
