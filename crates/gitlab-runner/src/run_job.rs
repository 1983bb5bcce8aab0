//! Runs one job, from its first line to its final state.

use crate::budget::Budget;
use crate::context::{Broken, Context};
use crate::coordinator::{Coordinator, Reports};
use crate::downloads::download_artifacts;
use crate::exports::exports;
use crate::head::{refusal, say_head};
use crate::host::{Credentials, Host};
use crate::job_variables::{job_variables, secrets};
use crate::log::Log;
use crate::outcome::{Failure, Outcome};
use crate::scripts::{run_after_script, run_steps};
use crate::sources::get_sources;
use crate::stop::{Stop, Stopper, Stopping};
use crate::switches::Switches;
use crate::terraform_hints::{HeldLock, has_errored_state};
use crate::uploads::upload_artifacts;
use crate::variables::Variables;
use crate::workspace::Workspace;
use gitlab_runner_protocol::job::Job;
use gitlab_runner_protocol::log::{JobLog, LogSettings};
use tokio::time::{Instant, timeout_at};

/// What of the end of a log is searched for errors of Terraform, in bytes.
const SEARCHED: usize = 64 * 1024;

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// How it ended; `None` where GitLab wanted nothing of it any more, and was told nothing.
    pub outcome: Option<Outcome>,
    /// Whether GitLab has its final state, where there is one.
    pub is_delivered: bool,
    /// Whether nothing of it is left, so that another job can run here.
    pub is_clean: bool,
}

/// Runs a job that GitLab has handed out. When `shutdown` says so, it is stopped and reported.
pub async fn run_job(
    job: &Job,
    host: &Host,
    coordinator: &impl Coordinator,
    credentials: &impl Credentials,
    budget: &Budget,
    shutdown: &Stopping,
) -> Finished {
    let begin = Instant::now();
    let time = budget.for_job(job.runner_info.timeout(), begin);
    let (stopper, stopping) = Stopper::new();
    let workspace = Workspace::of(&host.builds, &job.job_info.project_full_path, job.job_info.project_id);
    let mut warnings = Vec::new();

    // Variables come before the log, which has to know what it must not show.
    let given =
        match timeout_at(time.ends.checkout(begin), credentials.for_job(job, host.access.role(job))).await {
            Ok(given) => given,
            Err(_) => Err("the credentials of the job did not come in time".to_owned()),
        };
    let (given, no_credentials) = match given {
        Ok(given) => (given, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let variables = match &workspace {
        Some(it) => job_variables(job, host, it, time.limit, &given).expand(&it.private),
        None => Variables::default(),
    };
    let switches = Switches::read(&variables, &mut warnings);
    if switches.debug_trace && !host.allows_debug_trace {
        warnings.push("CI_DEBUG_TRACE is ignored: this runner does not allow it".to_owned());
    }
    let exports = exports(variables.iter().map(|(name, it)| (name, it.text())), &mut warnings);
    let job_log = JobLog::new(LogSettings {
        limit_bytes: host.log_limit_bytes,
        masks: secrets(job, host, &variables, &given),
        token_prefixes: job.features.token_mask_prefixes.clone(),
        timestamps: switches.timestamps.unwrap_or(true),
    });
    let log = Log::new(job_log.clone(), host.clock, job.features.trace_sections);

    let traces = switches.debug_trace && host.allows_debug_trace;
    let reports = coordinator.begin(job, &job_log, traces).await;
    if !reports.is_wanted() {
        return Finished { outcome: None, is_delivered: true, is_clean: true };
    }
    let forwarded = async {
        let mut shutdown = shutdown.clone();
        stopper.stop(shutdown.stopped().await);
        std::future::pending::<()>().await
    };
    let stages = async {
        say_head(&log, job, host, &time);
        for it in &warnings {
            log.warning(it);
        }
        let refused = refusal(job, host).map(str::to_owned).or(no_credentials);
        let workspace = match (refused, workspace) {
            (None, Some(workspace)) => workspace,
            (refused, _) => {
                log.error(&refused.unwrap_or_else(|| "GitLab gave no usable path of the project".to_owned()));
                return (Err(Broken::Failed(Failure::System)), true);
            }
        };
        let context = Context {
            job,
            host,
            log: log.clone(),
            variables,
            exports,
            switches,
            workspace,
            time,
            reserve: budget.reserve,
            stopping,
        };
        let result = stages(&context, coordinator, &job_log).await;
        let is_clean = clean_up(&context).await;
        (result, is_clean)
    };
    let (result, is_clean) = tokio::select! {
        ended = stages => ended,
        never = forwarded => never_ends(never),
        () = reports.listen(&stopper) => never_ends(()),
    };
    let outcome = match result {
        Ok(()) => Outcome::Success,
        Err(Broken::Failed(failure)) => Outcome::Failed(failure),
        Err(Broken::Aborted) => return Finished { outcome: None, is_delivered: true, is_clean },
    };
    say_outcome(&log, outcome);
    job_log.flush((host.clock)());
    let is_delivered = reports.finish(outcome, time.ends.finish).await;
    Finished { outcome: Some(outcome), is_delivered, is_clean }
}

/// All stages but the last, each as the ones before it allow.
async fn stages(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
    job_log: &JobLog,
) -> Result<(), Broken> {
    let prepared = prepare(context).await;
    prepared?;
    let sources = async {
        get_sources(context).await?;
        restore_cache(context);
        download_artifacts(context, coordinator).await
    };
    let mut result = sources.await;
    if result.is_ok() {
        result = run_steps(context).await;
        if result == Err(Broken::Aborted) {
            return result;
        }
        hint(context, result, job_log);
        let so_far = match result {
            Ok(()) => Outcome::Success,
            Err(Broken::Failed(failure)) => Outcome::Failed(failure),
            Err(Broken::Aborted) => return result,
        };
        result = result.and(run_after_script(context, so_far).await);
    }
    if result == Err(Broken::Aborted) {
        return result;
    }
    // Nobody must be able to put something else in the place of what is packed.
    if let Err(left) = context.host.sandbox.end_leftovers().await {
        context.log.warning(&left);
    }
    let uploaded = upload_artifacts(context, coordinator, result.is_ok()).await;
    if context.stopping.said() == Some(Stop::Aborted) {
        return Err(Broken::Aborted);
    }
    if uploaded { result } else { result.and(Err(Broken::Failed(Failure::Script { code: None }))) }
}

async fn prepare(context: &Context<'_>) -> Result<(), Broken> {
    let _section = context.log.section("prepare_executor", "Preparing the directories");
    let (workspace, variables) = (context.workspace.clone(), context.variables.clone());
    let made = tokio::task::spawn_blocking(move || {
        workspace.make().and_then(|()| workspace.write_files(&variables))
    });
    match made.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(context.system_failure("the directories of the job cannot be made", &error)),
        Err(error) => Err(context.system_failure("the directories of the job cannot be made", &error)),
    }
}

fn restore_cache(context: &Context<'_>) {
    if !context.job.cache.is_empty() {
        let _section = context.log.section("restore_cache", "Restoring the cache");
        context.log.line("No store for caches is configured: nothing is restored, and nothing will be kept");
    }
}

/// Says what a failed Terraform has left.
fn hint(context: &Context<'_>, result: Result<(), Broken>, job_log: &JobLog) {
    if result.is_ok() {
        return;
    }
    let bytes = job_log.summary().bytes;
    let end = job_log.part(bytes.saturating_sub(SEARCHED), SEARCHED);
    if let Some(lock) = HeldLock::find(&String::from_utf8_lossy(&end)) {
        context.log.warning(&lock.hint());
    }
    if has_errored_state(&context.workspace.project) {
        context.log.error(
            "Terraform could not store its state, and wrote errored.tfstate, which is removed with the job's other \
             files: upload it as an artifact for failed jobs, and look at what exists before the next apply",
        );
    }
}

/// Removes what is left of the job. Whatever GitLab wants, this is done.
async fn clean_up(context: &Context<'_>) -> bool {
    let _section = context.log.section("cleanup_file_variables", "Cleaning up");
    let mut problems = Vec::new();
    if let Err(left) = context.host.sandbox.clean().await {
        problems.extend(left);
    }
    let workspace = context.workspace.clone();
    let removed = tokio::task::spawn_blocking(move || workspace.remove()).await;
    if !matches!(removed, Ok(Ok(()))) {
        problems.push("the job's directories cannot be removed".to_owned());
    }
    for it in &problems {
        context.log.warning(it);
    }
    problems.is_empty()
}

fn say_outcome(log: &Log, outcome: Outcome) {
    match outcome {
        Outcome::Success => log.notice("Job succeeded"),
        Outcome::Failed(Failure::Script { code: Some(code) }) => {
            log.error(&format!("Job failed: exit status {code}"));
        }
        Outcome::Failed(Failure::Script { code: None }) => log.error("Job failed"),
        Outcome::Failed(Failure::System) => log.error("Job failed (system failure)"),
        Outcome::Failed(Failure::TimeOut) => log.error("Job failed: its time was up"),
        Outcome::Failed(Failure::Interrupted) => {
            log.error("Job failed (system failure): this runner had to end before the script had begun");
        }
        Outcome::Failed(Failure::Canceled) => log.error("Job canceled"),
    }
}

/// For what cannot come: those futures are pending for ever.
fn never_ends((): ()) -> (Result<(), Broken>, bool) {
    (Err(Broken::Failed(Failure::System)), false)
}
