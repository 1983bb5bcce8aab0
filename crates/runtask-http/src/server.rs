//! HTTP/1.1 around a function: bounded in connections and in time, because it may face the Internet.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Connections at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 256;
/// How long a client may take for a request's head, the wait for the next one on a connection included.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may take for a request's body.
const REQUEST: Duration = Duration::from_secs(20);
/// How long a connection may last, whatever happens on it; who still has something to say opens another one.
const CONNECTION: Duration = Duration::from_secs(10 * 60);
/// The longest head of a request, and what is buffered of a connection.
const BUFFER_BYTES: usize = 64 * 1024;
/// How long requests that are being answered may take once the server ends.
const GOODBYE: Duration = Duration::from_secs(3);

/// Answers requests with what `handler` makes of them until `stop` is done, then answers what is being answered, and returns
/// what `stop` came to.
pub async fn serve<H, A, B, T>(listener: TcpListener, handler: H, stop: impl Future<Output = T>) -> T
where
    H: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Into<Bytes>,
{
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    // They end with it: a request that is complete only then would be accepted for nobody to work on.
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER_BYTES);
    let mut stop = std::pin::pin!(stop);
    let stopped = loop {
        let accepted = tokio::select! {
            stopped = &mut stop => break stopped,
            accepted = accept(&listener, &permits) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let handler = handler.clone();
        let service = service_fn(move |request| answer(handler(request)));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            match timeout(CONNECTION, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!("a connection ended: {error}"),
                Err(_elapsed) => debug!("a connection was closed after {CONNECTION:?}"),
            }
            drop(permit);
        });
    };
    drop(listener);
    if timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        connections.shutdown().await;
        warn!("closed connections whose requests were not complete");
    }
    stopped
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let _only_slower = stream.set_nodelay(true);
            Some((stream, permit))
        }
        Err(error) => {
            // Out of file descriptors, most likely: give others the time to finish.
            warn!("could not accept a connection: {error}");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn answer<B: Into<Bytes>>(
    answer: impl Future<Output = Response<B>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match timeout(REQUEST, answer).await {
        Ok(response) => response.map(Into::into),
        Err(_elapsed) => {
            let mut response =
                Response::new(Bytes::from_static(br#"{"message":"The request took too long"}"#));
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            response
        }
    };
    Ok(response.map(Full::new))
}
