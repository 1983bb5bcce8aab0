//! What every stage of a job needs.

use crate::budget::{JobTime, LimitSource, Reserve};
use crate::exports::{exports, read_handed_on};
use crate::host::Host;
use crate::log::Log;
use crate::outcome::Failure;
use crate::script::script;
use crate::shell::{End, run_logged};
use crate::stop::{Stop, Stopping, ladder};
use crate::switches::Switches;
use crate::variables::Variables;
use crate::workspace::Workspace;
use gitlab_runner_protocol::job::Job;
use runtask_process::Program;
use std::future::Future;
use std::io;
use tokio::time::Instant;

/// A job, and all that was made for it.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) job: &'a Job,
    pub(crate) host: &'a Host,
    pub(crate) log: Log,
    pub(crate) variables: Variables,
    /// The variables as lines of a shell's script.
    pub(crate) exports: String,
    pub(crate) switches: Switches,
    pub(crate) workspace: Workspace,
    pub(crate) time: JobTime,
    pub(crate) reserve: Reserve,
    pub(crate) stopping: Stopping,
}

/// Why a job does not go on. Nothing more is said to GitLab of one that is aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Failed(Failure),
    Aborted,
}

impl Context<'_> {
    /// Runs entries in a shell of their own, in the project's directory, until `stop` says why not. `status` is what
    /// `CI_JOB_STATUS` is there. Whoever they leave running is ended.
    pub(crate) async fn shell(
        &self,
        entries: &[String],
        status: &str,
        stop: impl Future<Output = Stop>,
    ) -> io::Result<End> {
        let (handed_on, others) = read_handed_on(&self.workspace.handed_on()?);
        let mut warnings = Vec::new();
        let more = handed_on.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let more = exports(more.chain([("CI_JOB_STATUS", status)]), &mut warnings);
        if others > 0 {
            warnings.push(format!("{others} lines in $GITLAB_ENV are not NAME=VALUE, and are ignored"));
        }
        for it in warnings {
            self.log.warning(&it);
        }
        let traces = self.switches.debug_trace && self.host.allows_debug_trace;
        let text = script(&format!("{}{more}", self.exports), entries, traces);
        let mut program = Program::new(&self.host.bash)
            .arguments(["--noprofile", "--norc"])
            .directory(&self.workspace.project)
            .no_core_files()
            .input(text.as_bytes())?;
        for (name, value) in &self.host.environment {
            program = program.variable(name, value);
        }
        let steps = |why| ladder(why, Instant::now(), &self.time.ends, &self.reserve);
        let end = run_logged(program, &self.log, stop, steps).await;
        // Nobody must be able to put something else in the place of what is unpacked or packed next.
        if let Err(left) = self.host.sandbox.end_leftovers().await {
            self.log.warning(&left);
        }
        end
    }

    /// Asks whether it is `end`, or GitLab wants nothing of the job any more: for what works on a thread of its own.
    pub(crate) fn is_over_at(&self, end: Instant) -> impl Fn() -> bool + Send + use<> {
        let stopping = self.stopping.clone();
        move || Instant::now() >= end || stopping.said() == Some(Stop::Aborted)
    }

    /// Why nothing more is to be started, if that is so.
    pub(crate) fn stopped(&self) -> Option<Stop> {
        let is_late = Instant::now() >= self.time.ends.script;
        self.stopping.said().or_else(|| is_late.then_some(Stop::TimeUp))
    }

    /// What a job has come to that was stopped before, or when, its script had begun.
    pub(crate) fn broken_by(&self, stop: Stop, has_begun: bool) -> Broken {
        let is_our_limit = self.time.source != LimitSource::Job;
        Broken::Failed(match stop {
            Stop::Aborted => return Broken::Aborted,
            Stop::Canceled => Failure::Canceled,
            Stop::TimeUp if has_begun || !is_our_limit => Failure::TimeOut,
            Stop::Shutdown if has_begun => Failure::TimeOut,
            Stop::TimeUp | Stop::Shutdown => Failure::Interrupted,
        })
    }

    /// Says in the log why a job was stopped.
    pub(crate) fn say_stopped(&self, stop: Stop) {
        self.log.error(match stop {
            Stop::TimeUp => "the time of the job is up, and it was stopped",
            Stop::Canceled => "the job was canceled, and stopped",
            Stop::Aborted => "GitLab wants nothing of the job any more, and it was stopped",
            Stop::Shutdown => "this runner has to end, and the job was stopped",
        });
    }

    /// Says in the log that something of this runner does not work.
    pub(crate) fn system_failure(&self, what: &str, error: &(dyn std::error::Error + 'static)) -> Broken {
        let mut text = format!("{what}: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        self.log.error(&text);
        Broken::Failed(Failure::System)
    }
}
