//! Accepts connections, has a function answer their requests, and ends in order.

use crate::connections::Connections;
use crate::limits::Limits;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use runtask_log::event;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// What hyper takes for the smallest buffer; it panics at less.
const FEWEST_BYTES: usize = 8192;

/// Answers requests with what `handler` makes of them until `stop` is done, then answers what is being answered, and returns
/// what `stop` came to.
///
/// A request whose answer takes too long is answered with 408. `handler` bounds the bodies that it reads.
pub async fn serve<H, A, B, T>(
    listener: TcpListener,
    limits: Limits,
    handler: H,
    stop: impl Future<Output = T>,
) -> T
where
    H: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Into<Bytes>,
{
    let open = Connections::new(limits.connections, limits.prompt);
    // They end with it: a request that is complete only then would be accepted for nobody to work on.
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes.max(FEWEST_BYTES));
    let mut stop = std::pin::pin!(stop);
    let stopped = loop {
        let accepted = tokio::select! {
            stopped = &mut stop => break stopped,
            accepted = accept(&listener) => accepted,
        };
        let Some((stream, address)) = accepted else { continue };
        let place = tokio::select! {
            stopped = &mut stop => break stopped,
            place = open.enter(address.ip()) => place,
        };
        let (handler, answering) = (handler.clone(), place.answering());
        // hyper moves the future of an answer around, and an `async fn` around another one keeps room for it twice.
        let service =
            service_fn(move |request| answering.during(timeout(limits.answer, handler(request)).map(answer)));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            tokio::select! {
                ended = timeout(limits.connection, connection) => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!("a connection ended: {error}"),
                    Err(_elapsed) => debug!("a connection was closed after {:?}", limits.connection),
                },
                () = place.closed() => debug!("an idle connection was closed for another one"),
            }
        });
    };
    drop(listener);
    if timeout(limits.end, graceful.shutdown()).await.is_err() {
        connections.shutdown().await;
        warn!(event = event::CONNECTIONS_CLOSED, "closed connections whose requests were not complete");
    }
    stopped
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((stream, address)) => {
            let _only_slower = stream.set_nodelay(true);
            Some((stream, address))
        }
        Err(error) => {
            // Out of file descriptors, most likely: give others the time to finish.
            warn!("could not accept a connection: {error}");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

/// What is answered, in time or too late.
fn answer<B: Into<Bytes>>(
    answered: Result<Response<B>, Elapsed>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match answered {
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

#[cfg(test)]
mod tests;
