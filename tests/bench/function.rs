//! Runs one process of a Lambda function, on the smallest Runtime API.
//!
//! It times from the start of the process to its first call of `/next`, and from handing over an event to its answer.
//! All of it runs on the bench's one thread, so that the other core is the function's. It knows nothing of freezing,
//! time limits and retries: that is what the tests have their Lambda double for.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use crate::http;
use crate::processors::Apart;
use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use std::convert::Infallible;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long anything may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running function. Dropping it ends the process.
pub(crate) struct Function {
    process: Child,
    api: AbortHandle,
    events: mpsc::UnboundedSender<Bytes>,
    said: mpsc::UnboundedReceiver<Said>,
    log: PathBuf,
    // Its `/tmp` and its log; they go with it.
    _directory: TempDir,
}

/// What the process told the Runtime API, and when.
enum Said {
    /// It asks for an event.
    Next(Instant),
    /// It answered the event that it had.
    Response(Instant, Bytes),
    Error(Bytes),
}

impl Function {
    /// Starts a process with Lambda's variables and `env`. Also returns the time until it asked for an event.
    pub(crate) async fn start(program: &Path, env: &[(&str, String)]) -> anyhow::Result<(Self, Duration)> {
        Self::start_by(program, env, |command| Ok(command.spawn()?)).await
    }

    /// As [`Self::start`], on a processor of its own.
    pub(crate) async fn start_apart(
        apart: &Apart,
        program: &Path,
        env: &[(&str, String)],
    ) -> anyhow::Result<(Self, Duration)> {
        Self::start_by(program, env, |command| Ok(apart.there(|| command.spawn())??)).await
    }

    async fn start_by(
        program: &Path,
        env: &[(&str, String)],
        spawn: impl FnOnce(&mut Command) -> anyhow::Result<Child>,
    ) -> anyhow::Result<(Self, Duration)> {
        let directory = tempfile::tempdir()?;
        let log = directory.path().join("log");
        let log_file = File::create(&log)?;
        let (events, waiting) = mpsc::unbounded_channel();
        let (told, said) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let (address, api) = http::serve(move |request| {
            let (waiting, told) = (Arc::clone(&waiting), told.clone());
            answer(request, waiting, told)
        })
        .await?;

        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(LAMBDA)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("TMPDIR", directory.path())
            .envs(env.iter().map(|(name, value)| (name, value)))
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file);
        let started = Instant::now();
        let process = spawn(&mut command).with_context(|| format!("{} cannot be run", program.display()))?;
        let mut function = Self { process, api, events, said, log, _directory: directory };
        let ready = function.wait_ready().await?;
        Ok((function, ready.duration_since(started)))
    }

    /// Hands over an event. Returns the answer, and the time from the one to the other.
    ///
    /// The process has then asked for its next event.
    pub(crate) async fn invoke(&mut self, event: Bytes) -> anyhow::Result<(Bytes, Duration)> {
        let given = Instant::now();
        self.events.send(event)?;
        let (answered, answer) = match self.hear().await? {
            Said::Response(at, answer) => (at, answer),
            Said::Next(_) => bail!("the function asked for another event without an answer"),
            Said::Error(error) => bail!("the function failed: {}", String::from_utf8_lossy(&error)),
        };
        self.wait_ready().await?;
        Ok((answer, answered.duration_since(given)))
    }

    /// The most memory that the process has held so far, in bytes, without what it started.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).context("there is no VmHWM")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// How many bytes it has logged so far.
    pub(crate) fn logged(&self) -> anyhow::Result<u64> {
        Ok(self.log.metadata()?.len())
    }

    async fn wait_ready(&mut self) -> anyhow::Result<Instant> {
        match self.hear().await? {
            Said::Next(at) => Ok(at),
            Said::Response(..) => bail!("the function answered twice"),
            Said::Error(error) => bail!("the function failed: {}", String::from_utf8_lossy(&error)),
        }
    }

    async fn hear(&mut self) -> anyhow::Result<Said> {
        let said = timeout(PATIENCE, self.said.recv()).await.ok().flatten();
        said.ok_or_else(|| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            anyhow!("the function says nothing any more; its log:\n{log}")
        })
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
        self.api.abort();
    }
}

async fn answer(
    request: Request<Incoming>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Bytes>>>,
    told: mpsc::UnboundedSender<Said>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // Sending fails when the bench has given up; then nobody wants to know.
    if request.method() == Method::GET {
        let _nobody = told.send(Said::Next(Instant::now()));
        let event = waiting.lock().await.recv().await;
        let mut response = Response::new(Full::new(event.unwrap_or_default()));
        for (name, value) in INVOCATION {
            response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
        }
        return Ok(response);
    }
    let is_response = request.uri().path().ends_with("/response");
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let body = body.unwrap_or_default();
    let said = if is_response { Said::Response(Instant::now(), body) } else { Said::Error(body) };
    let _nobody = told.send(said);
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// What comes with an event. The deadline is in the year 2100.
const INVOCATION: [(&str, &str); 5] = [
    ("content-type", "application/json"),
    ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
    ("lambda-runtime-deadline-ms", "4102444800000"),
    ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:bench"),
    ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
];

/// What Lambda sets for an OS-only runtime, as far as programs look at it.
///
/// Source: AWS Lambda developer guide, "Defined runtime environment variables".
const LAMBDA: [(&str, &str); 12] = [
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
    ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_SECRET_ACCESS_KEY", "example-secret-access-key"),
    ("AWS_SESSION_TOKEN", "example-session-token"),
    ("LANG", "en_US.UTF-8"),
    ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
];
