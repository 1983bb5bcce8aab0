//! Serves HTTP/1.1 on loopback, as small as hyper makes it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Serves on a free port until it is told to stop.
pub(crate) async fn serve<H, A>(handler: H) -> std::io::Result<(SocketAddr, AbortHandle)>
where
    H: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _only_slower = stream.set_nodelay(true);
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(handler.clone()));
            tokio::spawn(async move {
                // A process that was ended leaves its connections broken.
                let _broken = connection.await;
            });
        }
    });
    Ok((address, serving.abort_handle()))
}
