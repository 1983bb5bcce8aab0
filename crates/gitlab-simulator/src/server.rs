//! Listens: reads calls to their end, has the instance answer them, and sends the answers in their manner.

use crate::call::{Call, Manner, Reply};
use crate::git::Repositories;
use crate::instance::{Instance, Role};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::debug;

/// Bytes of a form around its file.
const FORM: usize = 64 * 1024;
/// More than any patch, state or request of git may have.
const OTHER_BODY: usize = 64 * 1024 * 1024;
/// Pieces of an answer that trickles.
const PIECES: u32 = 20;
/// Nobody waits longer than this for a server that says nothing.
const SILENCE: Duration = Duration::from_secs(10 * 60);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
struct Withheld;

/// What the listeners share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) instance: Mutex<Instance>,
    /// After every call.
    pub(crate) changed: Notify,
    pub(crate) repositories: Repositories,
    /// The path at which the instance is installed; empty, or `/gitlab`.
    pub(crate) base_path: String,
    pub(crate) max_artifact_bytes: usize,
}

impl World {
    pub(crate) fn instance(&self) -> MutexGuard<'_, Instance> {
        self.instance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes connections until it is aborted.
pub(crate) async fn serve(listener: TcpListener, role: Role, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _only_slower = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let world = Arc::clone(&world);
        let service = service_fn(move |request| {
            let world = Arc::clone(&world);
            async move { answer(role, &world, request).await }
        });
        connections.spawn(async move {
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
        });
    }
}

async fn answer(role: Role, world: &World, request: Request<Incoming>) -> Result<Response<Body>, Withheld> {
    let at = Instant::now();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let path =
        if role == Role::ObjectStore { Some(path) } else { path.strip_prefix(world.base_path.as_str()) };
    let Some(path) = path.map(str::to_owned) else {
        world.instance().violations.push("a call came to another path than the instance's".to_owned());
        return send(Reply::message(404, "404 Not Found")).await;
    };
    let limit = if path.ends_with("/artifacts") { world.max_artifact_bytes + FORM } else { OTHER_BODY };
    let Ok(body) = Limited::new(body, limit).collect().await else {
        return send(Reply::message(413, "413 Request Entity Too Large")).await;
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let call = Call { at, method: parts.method, path, query, headers: parts.headers, body: body.to_bytes() };
    let reply = if is_git(&call.path, &call.headers) {
        let refusal = world.instance().git(&call);
        match refusal {
            Some(refusal) => refusal,
            None => world.repositories.answer(&call).await,
        }
    } else {
        world.instance().answer(role, &call)
    };
    world.changed.notify_waiters();
    send(reply).await
}

fn is_git(path: &str, headers: &HeaderMap) -> bool {
    let is_called_so = path.contains(".git/") && !path.starts_with("/api/");
    is_called_so && headers.get("user-agent").is_some_and(|it| it.as_bytes().starts_with(b"git/"))
}

async fn send(reply: Reply) -> Result<Response<Body>, Withheld> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let whole = |it: Bytes| Full::new(it).map_err(|never| match never {}).boxed_unsync();
    let length = reply.body.len();
    let body = match reply.manner {
        Manner::Never => return Err(Withheld),
        Manner::Silence => {
            tokio::time::sleep(SILENCE).await;
            return Err(Withheld);
        }
        Manner::Plainly => whole(reply.body),
        Manner::Late(time) => {
            tokio::time::sleep(time).await;
            whole(reply.body)
        }
        Manner::Cut => {
            response = response.header("content-length", length);
            let half = Ok(Frame::data(reply.body.slice(..length / 2)));
            let pieces = [half, Err(io::Error::other("cut"))];
            StreamBody::new(stream::iter(pieces)).boxed_unsync()
        }
        Manner::Trickling(time) => {
            response = response.header("content-length", length);
            let piece = length.div_ceil(PIECES as usize).max(1);
            let pieces = stream::unfold(reply.body, move |mut left| async move {
                if left.is_empty() {
                    return None;
                }
                tokio::time::sleep(time / PIECES).await;
                let piece = left.split_to(piece.min(left.len()));
                Some((Ok(Frame::data(piece)), left))
            });
            StreamBody::new(pieces).boxed_unsync()
        }
    };
    response.body(body).map_err(|_header| Withheld)
}
