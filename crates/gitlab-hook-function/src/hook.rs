//! From a request to an answer.

use crate::proof::HookSecrets;
use http::{HeaderMap, Method, StatusCode};
use runtask_log::metric;
use serde::Deserialize;
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;
use tracing::{error, info, warn};

/// Bytes of a hook that are looked at. One about a job has a few thousand.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The runner could not be started.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStarted(pub String);

/// Starts the runner.
pub trait StartRunner: Send + Sync {
    /// Starts it, and does not wait for it.
    fn start(&self) -> impl Future<Output = Result<(), NotStarted>> + Send;
}

/// Has the secrets of the hook.
pub trait ReadSecrets: Send + Sync {
    /// The secrets as they are now, more or less. The error is for the log.
    fn secrets(&self) -> impl Future<Output = Result<Arc<HookSecrets>, String>> + Send;
}

/// Answers GitLab.
#[derive(Debug)]
pub struct Hook<S, R> {
    /// What hooks are verified with.
    pub secrets: S,
    /// What is started.
    pub runner: R,
    /// The clock.
    pub now: fn() -> SystemTime,
}

/// All that matters of a hook. Anything else in it, or missing, is of no interest.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(borrow, default)]
    object_kind: Cow<'a, str>,
    #[serde(borrow, default)]
    build_status: Cow<'a, str>,
}

impl<S: ReadSecrets, R: StartRunner> Hook<S, R> {
    /// Answers a request.
    pub async fn answer(&self, method: &Method, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        if method != Method::POST {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        if body.len() > MAX_BODY_BYTES {
            warn!("a hook was refused: it is too large");
            return StatusCode::PAYLOAD_TOO_LARGE;
        }
        let secrets = match self.secrets.secrets().await {
            Ok(secrets) => secrets,
            Err(error) => {
                error!(error, "there is nothing to verify a hook with");
                return StatusCode::SERVICE_UNAVAILABLE;
            }
        };
        if let Err(refusal) = secrets.verify(headers, body, (self.now)()) {
            metric::count("HooksRefused");
            warn!("a hook was refused: {refusal}");
            return StatusCode::UNAUTHORIZED;
        }
        // Its owner may have given it another body, and other hooks may come here, too.
        let is_waiting = serde_json::from_slice::<Told<'_>>(body)
            .is_ok_and(|it| it.object_kind == "build" && it.build_status == "pending");
        if !is_waiting {
            return StatusCode::NO_CONTENT;
        }
        match self.runner.start().await {
            Ok(()) => {
                info!("a job waits, and the runner was started");
                StatusCode::ACCEPTED
            }
            Err(NotStarted(error)) => {
                error!(error, "a job waits, and the runner could not be started");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::UNIX_EPOCH;

    #[derive(Default)]
    struct Runner {
        is_broken: bool,
        starts: AtomicUsize,
    }

    impl StartRunner for Runner {
        async fn start(&self) -> Result<(), NotStarted> {
            self.starts.fetch_add(1, Ordering::Relaxed);
            if self.is_broken { Err(NotStarted("throttled".to_owned())) } else { Ok(()) }
        }
    }

    struct Known(Option<Arc<HookSecrets>>);

    impl ReadSecrets for Known {
        async fn secrets(&self) -> Result<Arc<HookSecrets>, String> {
            self.0.clone().ok_or_else(|| "gone".to_owned())
        }
    }

    async fn answer(runner: Runner, method: Method, token: &'static str, body: &str) -> (u16, usize) {
        let secrets = HookSecrets::parse(r#"{"GITLAB_HOOK_TOKEN":"right"}"#).unwrap();
        let known = Known((token != "unreadable").then(|| Arc::new(secrets)));
        let hook = Hook { secrets: known, runner, now: || UNIX_EPOCH };
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-gitlab-token"),
            http::HeaderValue::from_static(token),
        )]);
        let status = hook.answer(&method, &headers, body.as_bytes()).await;
        (status.as_u16(), hook.runner.starts.into_inner())
    }

    const PENDING: &str = r#"{"object_kind":"build","build_status":"pending"}"#;

    #[tokio::test]
    async fn a_job_that_waits_starts_the_runner_and_nothing_else_does() {
        for (body, expected) in [
            (PENDING, (202, 1)),
            (r#"{"object_kind":"build","build_status":"running"}"#, (204, 0)),
            (r#"{"object_kind":"pipeline","build_status":"pending"}"#, (204, 0)),
            (r#"{"object_kind":"buil\u0064","build_status":"pending"}"#, (202, 1)),
            (r#"{"object_kind":7}"#, (204, 0)),
            ("own template", (204, 0)),
            ("", (204, 0)),
        ] {
            assert_eq!(answer(Runner::default(), Method::POST, "right", body).await, expected, "{body}");
        }
    }

    #[tokio::test]
    async fn what_is_not_gitlabs_is_refused() {
        let post = Method::POST;
        assert_eq!(answer(Runner::default(), post.clone(), "wrong", PENDING).await, (401, 0));
        assert_eq!(answer(Runner::default(), Method::GET, "right", PENDING).await, (405, 0));
        assert_eq!(answer(Runner::default(), post, "right", &" ".repeat(MAX_BODY_BYTES + 1)).await, (413, 0));
    }

    #[tokio::test]
    async fn our_own_trouble_is_a_503() {
        let post = Method::POST;
        assert_eq!(answer(Runner::default(), post.clone(), "unreadable", PENDING).await, (503, 0));
        let broken = Runner { is_broken: true, ..Runner::default() };
        assert_eq!(answer(broken, post, "right", PENDING).await, (503, 1));
    }
}
