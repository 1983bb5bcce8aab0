//! Runs an execution environment: one process of a function, from its start to its end.

use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use super::activity::Pending;
use super::clock::since_epoch;
use super::process_group::ProcessGroup;
use super::record::Outcome;
use super::runtime_api::{self, Said, Work};
use super::state::{ACCOUNT, FunctionState, REGION};

/// How long a process may take until it asks for its first event.
///
/// Source: AWS Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// One process, running or frozen. Dropping it kills the process and its children.
#[derive(Debug)]
pub(super) struct Environment {
    group: Arc<ProcessGroup>,
    work: mpsc::Sender<Work>,
    said: mpsc::UnboundedReceiver<Said>,
    is_initialized: bool,
    is_alive: bool,
    runtime_api: AbortHandle,
    _tmp: TempDir,
}

/// One attempt to run a function with an event.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) request_id: String,
    pub(super) arn: String,
    pub(super) trace_id: String,
    pub(super) payload: Bytes,
}

impl Environment {
    /// Starts a process of `function`.
    ///
    /// # Errors
    ///
    /// When the binary cannot be executed.
    pub(super) fn start(function: &FunctionState, invoke_endpoint: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        let listener = tokio::net::TcpListener::from_std(listener)?;

        let tmp = tempfile::Builder::new().prefix("tmp-").tempdir_in(function.directory.path())?;
        let log = OpenOptions::new().append(true).create(true).open(&function.log)?;
        let settings = &function.settings;
        let mut command = Command::new(&settings.binary);
        if let Some(prelude) = &settings.prelude {
            command = Command::new("/bin/sh");
            command.args(["-c", &format!("{prelude}; exec \"$0\"")]).arg(&settings.binary);
        }
        let child = command
            .env_clear()
            .envs(lambda_environment(function))
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_ENDPOINT_URL", invoke_endpoint)
            .env("TMPDIR", tmp.path())
            .envs(&settings.env)
            .current_dir(&function.task_root)
            .stdin(Stdio::null())
            // A file takes what the process wrote before it answered; a pipe would still hold some of it.
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let leader = child.id().and_then(|it| Pid::from_raw(it.try_into().ok()?));
        let group = Arc::new(ProcessGroup::of(leader.unwrap()));

        let (work, work_receiver) = mpsc::channel(1);
        let (said_sender, said) = mpsc::unbounded_channel();
        let router = runtime_api::router(work_receiver, said_sender.clone());
        let runtime_api = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        tokio::spawn(watch_exit(child, Arc::clone(&group), said_sender));
        Ok(Self {
            group,
            work,
            said,
            is_initialized: false,
            is_alive: true,
            runtime_api: runtime_api.abort_handle(),
            _tmp: tmp,
        })
    }

    /// Runs the function once: initialization if it was not done yet, then at most `limit` for the event.
    ///
    /// Returns when the process asks for its next event, and is then frozen, as Lambda does; or when it is gone.
    pub(super) async fn run(
        &mut self,
        execution: &Execution,
        limit: Duration,
        pending: &Pending,
    ) -> (Outcome, Duration) {
        let request_id = &execution.request_id;
        if !self.is_initialized {
            if let Err(outcome) = self.initialize(request_id).await {
                self.end();
                return (outcome, Duration::ZERO);
            }
            self.is_initialized = true;
        }
        self.group.thaw();
        let started = Instant::now();
        let deadline = started + limit;
        let work = Work {
            request_id: request_id.clone(),
            arn: execution.arn.clone(),
            trace_id: execution.trace_id.clone(),
            deadline_ms: (since_epoch() + limit).as_millis(),
            payload: execution.payload.clone(),
        };
        // A process that is gone has closed its end; `answer` then finds that it exited.
        let _gone = self.work.send(work).await;
        pending.started();
        let outcome = self.answer(request_id, deadline, limit).await;
        let duration = started.elapsed();
        if self.is_alive && !self.asks_again(deadline).await {
            self.end();
        }
        self.group.freeze();
        (outcome, duration)
    }

    /// Whether the process can take another event.
    pub(super) fn is_alive(&self) -> bool {
        self.is_alive && !self.group.is_gone()
    }

    /// The processes, to be killed from outside.
    pub(super) fn group(&self) -> &Arc<ProcessGroup> {
        &self.group
    }

    async fn initialize(&mut self, request_id: &str) -> Result<(), Outcome> {
        match timeout(INIT_LIMIT, self.said.recv()).await {
            Ok(Some(Said::Ready)) => Ok(()),
            Ok(Some(Said::InitError(error))) => Err(Outcome::Error(error)),
            Ok(Some(Said::Exited(how))) => Err(exit_error(request_id, &how)),
            Ok(Some(Said::Answered(_)) | None) => Err(exit_error(request_id, "answered before it asked")),
            Err(_elapsed) => Err(timed_out(request_id, INIT_LIMIT)),
        }
    }

    async fn answer(&mut self, request_id: &str, deadline: Instant, limit: Duration) -> Outcome {
        loop {
            match timeout_at(deadline, self.said.recv()).await {
                Ok(Some(Said::Answered(outcome))) => return outcome,
                // It asked once more without an answer; there is nothing to give it.
                Ok(Some(Said::Ready)) => {}
                Ok(Some(Said::InitError(error))) => {
                    self.end();
                    return Outcome::Error(error);
                }
                Ok(Some(Said::Exited(_))) if self.group.ran_out_of_time() => {
                    self.end();
                    return timed_out(request_id, limit);
                }
                Ok(Some(Said::Exited(how))) => {
                    self.end();
                    return exit_error(request_id, &how);
                }
                Ok(None) => {
                    self.end();
                    return exit_error(request_id, "unknown");
                }
                Err(_elapsed) => {
                    self.end();
                    return timed_out(request_id, limit);
                }
            }
        }
    }

    async fn asks_again(&mut self, deadline: Instant) -> bool {
        matches!(timeout_at(deadline, self.said.recv()).await, Ok(Some(Said::Ready)))
    }

    fn end(&mut self) {
        self.is_alive = false;
        self.group.kill();
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.group.kill();
        self.runtime_api.abort();
    }
}

async fn watch_exit(mut child: Child, group: Arc<ProcessGroup>, said: mpsc::UnboundedSender<Said>) {
    let status = child.wait().await.unwrap();
    group.leader_exited();
    let _nobody_listens = said.send(Said::Exited(in_words(status)));
}

fn in_words(status: ExitStatus) -> String {
    let name = |signal| match signal {
        6 => "aborted".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        15 => "terminated".to_owned(),
        other => format!("signal {other}"),
    };
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {}", name(signal)),
        (None, None) => "Runtime exited with error".to_owned(),
    }
}

fn exit_error(request_id: &str, how: &str) -> Outcome {
    Outcome::platform_error("Runtime.ExitError", request_id, how)
}

fn timed_out(request_id: &str, limit: Duration) -> Outcome {
    let message = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
    Outcome::platform_error("Sandbox.Timedout", request_id, &message)
}

/// What Lambda sets for an OS-only runtime. There is no `HOME`.
///
/// Source: AWS Lambda developer guide, "Defined runtime environment variables".
fn lambda_environment(function: &FunctionState) -> Vec<(&'static str, String)> {
    let name = &function.settings.name;
    let task_root = function.task_root.display().to_string();
    vec![
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00".to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.settings.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("2025/01/01/[$LATEST]{ACCOUNT}")),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "example-secret-access-key".to_owned()),
        ("AWS_SESSION_TOKEN", "example-session-token".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:1".to_owned()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LAMBDA_TASK_ROOT", task_root.clone()),
        ("LANG", "en_US.UTF-8".to_owned()),
        (
            "LD_LIBRARY_PATH",
            format!("/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{task_root}:{task_root}/lib:/opt/lib"),
        ),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ]
}
