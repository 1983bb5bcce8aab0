//! Handles one request, from its bytes to its answer.

use crate::answer::Answer;
use crate::keys::{KeySource, Trust};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use runtask_log::{Chain, event, metric};
use runtask_protocol::limits::REQUEST_BYTES;
use runtask_protocol::{
    AllowedOrigins, Classified, Payload, PayloadError, Receipt, SIGNATURE_HEADER, SignatureError, SignedBody,
};
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;
use tracing::{error, info, warn};

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
    /// Hands over a job: HCP Terraform's payload with the key `runtask`, as JSON.
    ///
    /// # Errors
    ///
    /// When nobody has it.
    fn hand_over(&self, job: Vec<u8>) -> impl Future<Output = Result<(), HandOverError>> + Send;
}

impl<H: HandOver> HandOver for Arc<H> {
    fn hand_over(&self, job: Vec<u8>) -> impl Future<Output = Result<(), HandOverError>> + Send {
        H::hand_over(self, job)
    }
}

/// Answers requests.
#[derive(Debug)]
pub struct RequestHandler<K, H> {
    keys: K,
    hand_over: H,
    tasks: TaskNames,
    origins: AllowedOrigins,
    now: fn() -> SystemTime,
}

impl<K: KeySource, H: HandOver> RequestHandler<K, H> {
    /// `origins` are where results may be sent; `now` stamps the jobs.
    pub fn new(
        keys: K,
        hand_over: H,
        tasks: TaskNames,
        origins: AllowedOrigins,
        now: fn() -> SystemTime,
    ) -> Self {
        Self { keys, hand_over, tasks, origins, now }
    }

    /// Answers one request. In this order, and nothing before its turn: path and method, size, signature, shape,
    /// probe or run, where the result goes, hand-over.
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
                (Some(task), &Method::POST) => self.accept(request, task).await,
                (Some(_), _) => Answer::MethodNotAllowed("POST"),
            },
        };
        answer.into_response()
    }

    async fn accept<B>(&self, request: Request<B>, task: &str) -> Answer
    where
        B: Body<Data: Send> + Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let body = match read(body).await {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let mut signatures = head.headers.get_all(SIGNATURE_HEADER).iter().map(http::HeaderValue::as_bytes);
        let signature = signatures.next();
        if signatures.next().is_some() {
            return refuse(SignatureError::Repeated);
        }
        let signed = match self.verify(signature, &body).await {
            Ok(signed) => signed,
            Err(answer) => return answer,
        };
        self.dispatch(signed, task).await
    }

    async fn verify<'a>(&self, signature: Option<&[u8]>, body: &'a [u8]) -> Result<SignedBody<'a>, Answer> {
        let trust = self.keys.trust().await.map_err(|error| {
            error!(event = event::KEY_UNAVAILABLE, error = %Chain(&error), "cannot verify requests");
            Answer::Unavailable
        })?;
        let ring = match trust {
            Trust::Keys(ring) => ring,
            Trust::Anybody => {
                warn!(
                    event = event::REQUEST_UNVERIFIED,
                    "took a request without verifying it, because RUNTASK_ALLOW_UNSIGNED is set"
                );
                return Ok(SignedBody::unsigned(body));
            }
        };
        let mut result = ring.verify(signature, body);
        if result == Err(SignatureError::Mismatch)
            && let Some(Trust::Keys(newer)) = self.keys.newer_trust().await
        {
            result = newer.verify(signature, body);
        }
        let (signed, key) = result.map_err(refuse)?;
        metric::count_by("RequestsVerified", "Key", key.as_str());
        info!(
            event = event::REQUEST_VERIFIED,
            key.name = key.as_str(),
            "the signature matches the {} key",
            key.as_str()
        );
        Ok(signed)
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
        let received_at = (self.now)();
        let receipt = Receipt::new(task, received_at);
        let job = match receipt.attach(signed) {
            Ok(job) => job,
            Err(error) => return unreadable(error),
        };
        let stage = run.stage.as_ref().map_or("none", |it| it.as_str());
        match self.hand_over.hand_over(job).await {
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

/// Reads a body up to its limit.
async fn read<B>(body: B) -> Result<Bytes, Answer>
where
    B: Body<Data: Send> + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if body.size_hint().lower() > REQUEST_BYTES as u64 {
        warn!(event = event::REQUEST_TOO_LARGE, "refused a request whose body is over {REQUEST_BYTES} bytes");
        return Err(Answer::TooLarge);
    }
    match Limited::new(body, REQUEST_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            warn!(
                event = event::REQUEST_TOO_LARGE,
                "refused a request whose body is over {REQUEST_BYTES} bytes"
            );
            Err(Answer::TooLarge)
        }
        Err(error) => {
            warn!(event = event::REQUEST_BROKEN_OFF, error = %Chain(&*error), "a request's body broke off");
            Err(Answer::BadRequest)
        }
    }
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
