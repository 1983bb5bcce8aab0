//! Handles one request, from its bytes to its answer.

use crate::answer::Answer;
use crate::keys::{KeySource, Trust};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use runtask_log::{Chain, event, metric};
use runtask_protocol::limits::REQUEST_BYTES;
use runtask_protocol::{
    AllowedOrigins, Classified, Job, Payload, PayloadError, Receipt, ReceivedJob, SIGNATURE_HEADER,
    Signature, SignatureError, SignedBody,
};
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{error, info, warn};

/// What of a body is read in any case. HCP Terraform's requests are a few KiB.
const SMALL_BYTES: usize = 64 * 1024;

/// How many larger bodies are held at the same time: before they are verified, they are anybody's.
const LARGE_BODIES: usize = 16;

/// The task that `POST /` names.
const DEFAULT_TASK: &str = "default";

/// The tasks that can be asked for: `default` at `/`, any other at `/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNames(BTreeSet<String>);

impl TaskNames {
    /// These tasks.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// The task that a path names, if there is one.
    fn at(&self, path: &str) -> Option<&str> {
        let name = match path.strip_prefix('/')? {
            "" => DEFAULT_TASK,
            // It has one path, not two.
            DEFAULT_TASK => return None,
            name => name,
        };
        self.0.get(name).map(String::as_str)
    }
}

impl Default for TaskNames {
    fn default() -> Self {
        Self::new([DEFAULT_TASK])
    }
}

/// A list of tasks that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("name tasks by lower-case letters, digits and hyphens, separated by commas")]
pub struct BadTaskNames;

impl FromStr for TaskNames {
    type Err = BadTaskNames;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
        // As in runtask.toml: what begins with a hyphen is ours.
        let is_name = |it: &str| {
            let ends = it.starts_with('-') || it.ends_with('-');
            !it.is_empty() && !ends && it != "healthz" && it.chars().all(is_part)
        };
        let names: BTreeSet<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
        if names.iter().all(|it| is_name(it)) { Ok(Self(names)) } else { Err(BadTaskNames) }
    }
}

/// Why a job could not be handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandOverError {
    /// It is larger than what can be handed over; sending it again would not help.
    #[error("the job is too large to be handed over")]
    TooLarge,
    /// Nobody takes it now; HCP Terraform should send it again.
    #[error("the job could not be handed over")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Takes jobs. Once it has returned, the job is somebody's.
pub trait HandOver: Send + Sync {
    /// Hands over a job.
    ///
    /// # Errors
    ///
    /// When nobody has it.
    fn hand_over(&self, job: &ReceivedJob<'_>) -> impl Future<Output = Result<(), HandOverError>> + Send;
}

impl<H: HandOver> HandOver for Arc<H> {
    fn hand_over(&self, job: &ReceivedJob<'_>) -> impl Future<Output = Result<(), HandOverError>> + Send {
        H::hand_over(self, job)
    }
}

/// Answers requests.
#[derive(Debug)]
pub struct RequestHandler<K, H> {
    trust: Trust<K>,
    hand_over: H,
    tasks: TaskNames,
    origins: AllowedOrigins,
    now: fn() -> SystemTime,
    large_bodies: Semaphore,
}

impl<K: KeySource, H: HandOver> RequestHandler<K, H> {
    /// `origins` are where results may be sent; `now` stamps the jobs.
    pub fn new(
        trust: Trust<K>,
        hand_over: H,
        tasks: TaskNames,
        origins: AllowedOrigins,
        now: fn() -> SystemTime,
    ) -> Self {
        Self { trust, hand_over, tasks, origins, now, large_bodies: Semaphore::new(LARGE_BODIES) }
    }

    /// The task that a request asks, if it asks one that there is.
    pub fn task_of(&self, method: &Method, path: &str) -> Option<&str> {
        self.tasks.at(path).filter(|_| method == Method::POST)
    }

    /// Answers one request. In this order, and nothing before its turn: path and method, the form of the signature, the
    /// length that is declared, the key, the body, the signature, shape, probe or run, where the result goes, hand-over.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<String>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let answer = match (request.uri().path(), request.method()) {
            ("/healthz", &Method::GET | &Method::HEAD) => Answer::Health,
            ("/healthz", _) => Answer::MethodNotAllowed("GET, HEAD"),
            // Kept for pages and hooks of ours: no task is ever there, whatever it is called.
            (path, _) if path == "/-" || path.starts_with("/-/") => Answer::NotFound,
            (path, method) => match (self.tasks.at(path), method) {
                (None, _) => Answer::NotFound,
                (Some(task), &Method::POST) => self.accept(request, task).await.unwrap_or_else(|it| it),
                (Some(_), _) => Answer::MethodNotAllowed("POST"),
            },
        };
        answer.into_response()
    }

    async fn accept<B>(&self, request: Request<B>, task: &str) -> Result<Answer, Answer>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let signatures = head.headers.get_all(SIGNATURE_HEADER).iter().map(http::HeaderValue::as_bytes);
        let signature = match &self.trust {
            Trust::Keys(keys) => Some((keys, Signature::parse(signatures).map_err(refuse)?)),
            Trust::Anybody => None,
        };
        if body.size_hint().lower() > REQUEST_BYTES as u64 {
            return Err(too_large());
        }
        let Some((keys, signature)) = signature else {
            let (body, _permit) = self.read(body).await?;
            warn!(
                event = event::REQUEST_UNVERIFIED,
                "took a request without verifying it, because RUNTASK_ALLOW_UNSIGNED is set"
            );
            return Ok(self.dispatch(SignedBody::unsigned(&body), task).await);
        };
        let ring = keys.ring().await.map_err(|error| {
            error!(event = event::KEY_UNAVAILABLE, error = %Chain(&error), "cannot verify requests");
            Answer::Unavailable
        })?;
        let (body, _permit) = self.read(body).await?;
        let mut result = ring.verify(&signature, &body);
        if result.is_err()
            && let Some(newer) = keys.newer_ring().await
        {
            result = newer.verify(&signature, &body);
        }
        let (signed, key) = result.map_err(refuse)?;
        metric::count_by("RequestsVerified", "Key", key.as_str());
        info!(
            event = event::REQUEST_VERIFIED,
            key.name = key.as_str(),
            "the signature matches the {} key",
            key.as_str()
        );
        Ok(self.dispatch(signed, task).await)
    }

    /// Reads a body up to its limit; with the permit to hold it, where it is a large one.
    async fn read<B>(&self, body: B) -> Result<(Bytes, Option<SemaphorePermit<'_>>), Answer>
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut body = pin!(Limited::new(body, REQUEST_BYTES));
        let (mut bytes, mut permit) = (BytesMut::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return too_large();
                }
                warn!(event = event::REQUEST_BROKEN_OFF, error = %Chain(&*error), "a request's body broke off");
                Answer::BadRequest
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if permit.is_none() && bytes.len() + data.remaining() > SMALL_BYTES {
                permit = Some(self.large_bodies.try_acquire().map_err(|_none_is_left| {
                    warn!(
                        event = event::REQUEST_NOT_READ,
                        "did not read a large request: {LARGE_BODIES} others are being read"
                    );
                    Answer::Unavailable
                })?);
            }
            bytes.put(data);
        }
        Ok((bytes.freeze(), permit))
    }

    async fn dispatch(&self, signed: SignedBody<'_>, task: &str) -> Answer {
        let run = match Payload::parse(signed).and_then(Payload::classify) {
            Ok(Classified::Run(run)) => run,
            Ok(Classified::Probe(probe)) => {
                info!(event = event::PROBE_ANSWERED, "answered a probe");
                return Answer::Probe(probe);
            }
            Err(error) => return unreadable(error),
        };
        let received_at = (self.now)();
        let received = ReceivedJob::new(Job { run: *run, receipt: Receipt::new(task, received_at) }, signed);
        let run = &received.job().run;
        let id = &run.task_result_id;
        // Nobody could ever tell HCP Terraform how the job ended, so it has to see that now.
        if let Err(error) = self.origins.admit(&run.callback_url) {
            error!(
                event = event::REQUEST_FOREIGN,
                task_result.id = %id,
                error = %error,
                "refused {id}: its result may not be sent"
            );
            metric::count_by("Results", "Status", "refused");
            metric::count("ResultsMissing");
            return Answer::ForeignCallback;
        }
        let stage = run.stage.as_ref().map_or("none", |it| it.as_str());
        match self.hand_over.hand_over(&received).await {
            Ok(()) => {
                metric::change("JobsOpen", 1, received_at);
                info!(
                    event = event::JOB_HANDED_OVER,
                    task_result.id = %id,
                    run.id = run.run_id.as_ref().map(tracing::field::display),
                    workspace.name = run.workspace_name,
                    stage,
                    task,
                    "handed {id} over"
                );
                Answer::Accepted
            }
            Err(HandOverError::TooLarge) => {
                error!(
                    event = event::JOB_TOO_LARGE,
                    task_result.id = %id,
                    "{id} is too large to be handed over"
                );
                Answer::TooLarge
            }
            Err(error) => {
                error!(
                    event = event::JOB_NOT_HANDED_OVER,
                    task_result.id = %id,
                    error = %Chain(&error),
                    "{id} could not be handed over"
                );
                Answer::Unavailable
            }
        }
    }
}

fn too_large() -> Answer {
    warn!(event = event::REQUEST_TOO_LARGE, "refused a request whose body is over {REQUEST_BYTES} bytes");
    Answer::TooLarge
}

fn unreadable(error: PayloadError) -> Answer {
    warn!(
        event = event::REQUEST_UNREADABLE,
        error = %Chain(&error),
        "refused a signed request that cannot be worked on"
    );
    match error {
        PayloadError::Missing { fields } => Answer::Lacks(fields),
        _ => Answer::BadRequest,
    }
}

fn refuse(error: SignatureError) -> Answer {
    metric::count("SignaturesRefused");
    warn!(event = event::REQUEST_REFUSED, reason = %error, "refused a request: {error}");
    Answer::Unauthorized
}

#[cfg(test)]
mod tests;
