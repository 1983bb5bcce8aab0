//! HTTP/1.1 around the pair: bounded in connections and in time, because it may face the Internet.

use crate::pair::Pair;
use bytes::Bytes;
use http::{Response, StatusCode};
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
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Connections at the same time; more wait in the system's queue.
const CONNECTIONS: usize = 1024;
/// How long a client may take for a request's head, the wait for the next one on a connection included.
const HEAD: Duration = Duration::from_secs(30);
/// How long a client may take for a request's body.
const REQUEST: Duration = Duration::from_secs(20);
/// How long requests that are being answered may take once the server ends.
const GOODBYE: Duration = Duration::from_secs(3);

/// Serves until `stop`, then answers what is being answered.
pub(crate) async fn serve(listener: TcpListener, pair: Arc<Pair>, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, permit)) = accepted else { continue };
        let pair = Arc::clone(&pair);
        let service = service_fn(move |request| answer(Arc::clone(&pair), request));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!("a connection ended: {error}");
            }
            drop(permit);
        });
    }
    drop(listener);
    if timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        warn!("closed connections whose requests were not complete");
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
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

async fn answer(
    pair: Arc<Pair>,
    request: http::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match timeout(REQUEST, pair.requests.handle(request)).await {
        Ok(response) => response,
        Err(_elapsed) => {
            let mut response = Response::new(r#"{"message":"The request took too long"}"#.to_owned());
            *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
            response
        }
    };
    Ok(response.map(|body| Full::new(Bytes::from(body))))
}
