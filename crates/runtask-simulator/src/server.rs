//! Listens and answers: as the API, as the archive's origin, and as an origin that nobody may contact.

use crate::fault::Fault;
use crate::organization::{self, SimulatedOrganization};
use crate::random;
use crate::record::What;
use crate::reply::Reply;
use crate::request;
use crate::task::{Call, Task};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::debug;

/// More than any run task has to say.
const CALLBACK_BYTES: usize = 8 * 1024 * 1024;
/// How often a redirect may lead to itself before following it is a break of the rules.
const HOPS: usize = 20;
/// Pieces of a configuration that trickles.
const PIECES: usize = 20;
/// Where clouds keep credentials. It is only ever named, never contacted.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
struct Withheld;

/// Whom a listener plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Archivist,
    Stranger,
}

/// Everything the listeners know.
pub(crate) struct World {
    /// Bases of URLs, as the run task sees them; without a slash at the end.
    pub(crate) api: String,
    pub(crate) archivist: String,
    pub(crate) stranger: String,
    /// Whether archives come from below the API's own origin.
    pub(crate) one_origin: bool,
    /// By the callback's UUID, the configuration's id and the plan's id.
    tasks: Mutex<HashMap<String, Arc<Task>>>,
    links: Mutex<HashMap<String, Link>>,
    strays: Mutex<Vec<String>>,
    /// The one that registers run tasks, once there is one.
    organization: Mutex<Option<SimulatedOrganization>>,
}

#[derive(Clone)]
struct Link {
    task: Arc<Task>,
    kind: Kind,
    expires: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Archive,
    Plan,
    Loop { hop: usize },
    Stranger,
}

impl World {
    pub(crate) fn new(api: String, archivist: String, stranger: String, one_origin: bool) -> Self {
        Self {
            api,
            archivist,
            stranger,
            one_origin,
            tasks: Mutex::default(),
            links: Mutex::default(),
            strays: Mutex::default(),
            organization: Mutex::default(),
        }
    }

    pub(crate) fn organize(&self, organization: SimulatedOrganization) {
        *lock(&self.organization) = Some(organization);
    }

    pub(crate) fn register(&self, task: &Arc<Task>) {
        let ids = [&task.ids.callback, &task.ids.configuration, &task.ids.plan];
        lock(&self.tasks).extend(ids.map(|it| (it.clone(), Arc::clone(task))));
    }

    pub(crate) fn strays(&self) -> Vec<String> {
        lock(&self.strays).clone()
    }

    fn task(&self, id: &str) -> Option<Arc<Task>> {
        lock(&self.tasks).get(id).cloned()
    }

    /// A new link, of which only its owner knows.
    fn link(&self, task: &Arc<Task>, kind: Kind, expires: Option<Instant>) -> String {
        let secret = random::alphanumeric(64);
        task.gave_link(&secret);
        let url = match kind {
            Kind::Stranger => format!("{}/v1/object/{secret}", self.stranger),
            Kind::Archive | Kind::Plan | Kind::Loop { .. } => {
                format!("{}/v1/object/{secret}", self.archivist)
            }
        };
        lock(&self.links).insert(secret, Link { task: Arc::clone(task), kind, expires });
        url
    }

    fn stray(&self, sentence: String) -> Response<Body> {
        lock(&self.strays).push(sentence.chars().take(300).collect());
        plain(404, "not found")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next connection.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return stream,
            Err(error) => {
                debug!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Takes connections until it is aborted.
pub(crate) async fn serve(listener: TcpListener, role: Role, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = accept(&listener).await;
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

/// Binds a listener; its address, and the origin that names it.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((listener, origin))
}

async fn answer(
    role: Role,
    world: &Arc<World>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Withheld> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let authorization = text(&parts.headers, &header::AUTHORIZATION);
    match (role, segments.as_slice()) {
        (Role::Api, ["api", "v2", "task-results", id, "callback"]) => {
            let Some(task) = world.task(id).filter(|it| it.ids.callback == *id) else {
                return Ok(world.stray("a callback came for a task result that does not exist".to_owned()));
            };
            let Ok(body) = Limited::new(body, CALLBACK_BYTES).collect().await else {
                task.violation(format!("a callback was cut short or longer than {CALLBACK_BYTES} bytes"));
                return Ok(plain(413, "too large"));
            };
            let call = Call {
                method: &parts.method,
                query: parts.uri.query(),
                authorization,
                content_type: text(&parts.headers, &header::CONTENT_TYPE),
                body: &body.to_bytes(),
            };
            respond(task.callback(&call)).await
        }
        (Role::Api, ["api", "v2", "configuration-versions", id, "download"]) => {
            let Some(task) = world.task(id).filter(|it| it.ids.configuration == *id) else {
                return Ok(world.stray("a configuration was asked for that does not exist".to_owned()));
            };
            let response = match task.interfered_download("configuration") {
                Some(reply) => respond(reply).await,
                None => Ok(configuration(world, &task, &parts.method, authorization)),
            };
            task.note(What::ConfigurationRequested { answered: status(&response) });
            response
        }
        (Role::Api, ["api", "v2", "plans", id, "json-output"]) => {
            let Some(task) = world.task(id).filter(|it| it.ids.plan == *id) else {
                return Ok(world.stray("a plan was asked for that does not exist".to_owned()));
            };
            let response = match task.interfered_download("plan") {
                Some(reply) => respond(reply).await,
                None => Ok(plan(world, &task, &parts.method, authorization)),
            };
            task.note(What::PlanRequested { answered: status(&response) });
            response
        }
        (Role::Api, ["_archivist", "v1", "object", secret]) if world.one_origin => {
            Ok(object(world, secret, &parts.method, false))
        }
        (Role::Archivist | Role::Stranger, ["v1", "object", secret]) => {
            Ok(object(world, secret, &parts.method, authorization.is_some()))
        }
        (Role::Api, ["api", "v2", rest @ ..])
            if matches!(rest, ["organizations" | "tasks" | "workspaces" | "task-configs", ..]) =>
        {
            let organization = lock(&world.organization).clone();
            let Some(organization) = organization else {
                return Ok(world.stray("an organization was asked for, and there is none".to_owned()));
            };
            let Ok(body) = Limited::new(body, CALLBACK_BYTES).collect().await else {
                return Ok(plain(413, "too large"));
            };
            let query = parts.uri.query().unwrap_or_default();
            let request = organization::Request {
                method: &parts.method,
                path: rest.iter().map(|it| (*it).to_owned()).collect(),
                query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                authorization,
                content_type: text(&parts.headers, &header::CONTENT_TYPE),
                body: &body.to_bytes(),
            };
            respond(organization.0.answer(&request).await).await
        }
        (Role::Stranger, ["api", "v2", kind, id, _]) if world.task(id).is_some() => {
            let what = match *kind {
                "task-results" => "a callback",
                "plans" => "a request for the plan",
                _ => "a request for the configuration",
            };
            if let Some(task) = world.task(id) {
                task.contacted_stranger(what, authorization.is_some());
            }
            Ok(plain(404, "not found"))
        }
        (role, _) => {
            // A link's secret may stand in the path.
            let place = match role {
                Role::Api => format!("the API at `{path}`"),
                Role::Archivist => "the archive's origin".to_owned(),
                Role::Stranger => "an origin that is not allowed".to_owned(),
            };
            Ok(world.stray(format!("{} came to {place}, which does not exist", parts.method)))
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).map(|it| it.to_str().unwrap_or_default())
}

fn configuration(
    world: &World,
    task: &Arc<Task>,
    method: &Method,
    authorization: Option<&str>,
) -> Response<Body> {
    if let Some(refusal) = refusal(task, method, authorization, "a request for the configuration") {
        return refusal;
    }
    if !request::offers_configuration(&task.spec) {
        task.violation("the configuration was asked for although the request did not offer it");
        return plain(404, "not found");
    }
    if task.spec.has(Fault::Configuration404) {
        return plain(404, "not found");
    }
    let location = match () {
        () if task.spec.has(Fault::RedirectPrivate) => METADATA.to_owned(),
        () if task.spec.has(Fault::RedirectPlainHttp) => world.link(task, Kind::Stranger, None),
        () if task.spec.has(Fault::RedirectLoop) => world.link(task, Kind::Loop { hop: 1 }, None),
        () => world.link(task, Kind::Archive, None),
    };
    redirect(302, &location)
}

fn plan(world: &World, task: &Arc<Task>, method: &Method, authorization: Option<&str>) -> Response<Body> {
    if let Some(refusal) = refusal(task, method, authorization, "a request for the plan") {
        return refusal;
    }
    if !request::offers_plan(&task.spec) {
        task.violation("the plan was asked for although the request did not offer it");
        return plain(404, "not found");
    }
    let request = task.count_plan_request();
    if task.spec.has(Fault::Plan404) {
        return plain(404, "not found");
    }
    if task.spec.has(Fault::Plan422) {
        return plain(422, "plan JSON needs Terraform 0.12 or newer");
    }
    if task.spec.has(Fault::PlanNotReady) && request <= 2 {
        return response(204, None, Bytes::new());
    }
    let life = if task.spec.has(Fault::PlanExpiredLink) && request == 1 {
        Duration::ZERO
    } else {
        task.spec.timers.plan_link
    };
    redirect(307, &world.link(task, Kind::Plan, Some(Instant::now() + life)))
}

/// The answer to a request for data that is not to have any.
fn refusal(
    task: &Task,
    method: &Method,
    authorization: Option<&str>,
    asked_for: &str,
) -> Option<Response<Body>> {
    if *method != Method::GET {
        task.violation(format!("{asked_for} came as {method} instead of GET"));
        return Some(plain(405, "method not allowed"));
    }
    task.refuses(authorization, asked_for).map(|status| plain(status, "unauthorized"))
}

fn object(world: &World, secret: &str, method: &Method, authorized: bool) -> Response<Body> {
    let Some(link) = lock(&world.links).get(secret).cloned() else {
        return world.stray("a link was followed that was never given".to_owned());
    };
    let task = &link.task;
    if authorized {
        let whose = if link.kind == Kind::Stranger {
            "an origin that is not allowed"
        } else {
            "the archive's origin"
        };
        task.violation(format!("the token went to {whose}: a redirect must not take `Authorization` along"));
    }
    if *method != Method::GET {
        task.violation(format!("a link was followed with {method} instead of GET"));
        return plain(405, "method not allowed");
    }
    if link.expires.is_some_and(|it| it <= Instant::now()) {
        task.note(What::LinkFollowed { answered: 403, note: "it has expired".to_owned() });
        return plain(403, "expired");
    }
    match link.kind {
        Kind::Archive => archive(task),
        Kind::Plan => {
            task.note(What::PlanServed { bytes: task.plan.len() as u64 });
            response(200, Some("application/json"), task.plan.clone())
        }
        Kind::Loop { hop } => {
            task.note(What::LinkFollowed { answered: 302, note: format!("redirect {hop} of a loop") });
            if hop == HOPS {
                task.violation(format!("a redirect was followed {HOPS} times"));
            }
            redirect(302, &world.link(task, Kind::Loop { hop: hop + 1 }, None))
        }
        Kind::Stranger => {
            task.note(What::LinkFollowed { answered: 200, note: "its origin is not allowed".to_owned() });
            task.violation("a redirect to a plain http origin that is not allowed was followed");
            archive(task)
        }
    }
}

fn archive(task: &Arc<Task>) -> Response<Body> {
    let bytes = task.archive.clone();
    let size = bytes.len();
    let (pause, end) = match () {
        () if task.spec.has(Fault::ConfigurationCut) => (Duration::ZERO, size / 2),
        () if task.spec.has(Fault::ConfigurationSlow) => (task.spec.trickle, size),
        () => {
            task.note(What::ArchiveServed { bytes: size as u64, cut: false });
            return response(200, Some("application/octet-stream"), bytes);
        }
    };
    let piece = size.div_ceil(PIECES).max(1);
    let trickle = stream::unfold((0, Arc::clone(task)), move |(sent, task)| {
        let bytes = bytes.clone();
        async move {
            if sent > size {
                return None;
            }
            let cut = end < size;
            if sent >= end {
                let last = cut.then(|| Err(io::Error::other("the connection is cut midway")));
                return last.map(|it| (it, (size + 1, task)));
            }
            tokio::time::sleep(pause).await;
            let next = (sent + piece).min(end);
            if next == end {
                // Once the length that was announced has been sent, nobody asks for more.
                task.note(What::ArchiveServed { bytes: end as u64, cut });
            }
            Some((Ok(Frame::data(bytes.slice(sent..next))), (next, task)))
        }
    });
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(trickle)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, size.into());
    response
}

/// The status of an answer, unless it is withheld.
fn status(response: &Result<Response<Body>, Withheld>) -> Option<u16> {
    response.as_ref().ok().map(|it| it.status().as_u16())
}

async fn respond(reply: Reply) -> Result<Response<Body>, Withheld> {
    tokio::time::sleep(reply.delay).await;
    let status = reply.status.ok_or(Withheld)?;
    if let Some(page) = reply.page {
        return Ok(response(status, Some("text/html; charset=utf-8"), Bytes::from_static(page.as_bytes())));
    }
    let body = reply.body.map(|it| it.to_string().into_bytes()).unwrap_or_default();
    let media_type = (!body.is_empty()).then_some(crate::callback::MEDIA_TYPE);
    let mut response = response(status, media_type, body.into());
    if let Some(seconds) = reply.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

fn redirect(status: u16, location: &str) -> Response<Body> {
    let mut response = plain(status, "");
    if let Ok(location) = location.try_into() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn plain(status: u16, text: &str) -> Response<Body> {
    response(
        status,
        (!text.is_empty()).then_some("text/plain; charset=utf-8"),
        Bytes::copy_from_slice(text.as_bytes()),
    )
}

fn response(status: u16, media_type: Option<&'static str>, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    if let Ok(status) = http::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    if let Some(media_type) = media_type {
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    }
    response
}
