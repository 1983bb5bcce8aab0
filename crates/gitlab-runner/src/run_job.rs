//! Runs one job, from its first line to its final state.

use crate::budget::Budget;
use crate::caches::{keep_caches, restore_caches};
use crate::cloud::Cloud;
use crate::context::{Broken, Context};
use crate::coordinator::{Coordinator, Reports};
use crate::downloads::download_artifacts;
use crate::exports::exports;
use crate::head::{refusal, say_head};
use crate::host::Host;
use crate::job_variables::{credential_secrets, job_variables, secrets};
use crate::log::Log;
use crate::outcome::{Failure, Outcome};
use crate::private_file;
use crate::scripts::{run_after_script, run_steps};
use crate::sources::get_sources;
use crate::stop::{Stop, Stopper, Stopping};
use crate::switches::Switches;
use crate::terraform_hints::{HeldLock, find_errored_state, was_interrupted};
use crate::uploads::upload_artifacts;
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
    cloud: &impl Cloud,
    budget: &Budget,
    shutdown: &Stopping,
) -> Finished {
    let begin = Instant::now();
    let time = budget.for_job(job.runner_info.timeout(), begin);
    let workspace = Workspace::of(&host.builds, &job.job_info.project_full_path, job.job_info.project_id);
    let (workspace, refused) = match (workspace, refusal(job, host)) {
        (Some(workspace), None) => (workspace, None),
        (_, Some(why)) => (Workspace::nowhere(&host.builds), Some(why)),
        (None, None) => (Workspace::nowhere(&host.builds), Some("GitLab gave no usable path of the project")),
    };

    // Variables come before the log, which has to know what it must not show.
    let mut list = job_variables(job, host, &workspace, time.limit);
    let variables = list.expand(&workspace.private, &mut Vec::new());
    let mut warnings = Vec::new();
    let switches = Switches::read(&variables, &mut warnings);
    let traces = switches.debug_trace && host.allows_debug_trace;
    if switches.debug_trace && !traces {
        warnings.push("CI_DEBUG_TRACE is ignored: this runner does not allow it".to_owned());
    }
    let job_log = JobLog::new(LogSettings {
        limit_bytes: host.log_limit_bytes,
        masks: secrets(job, host, &variables),
        token_prefixes: job.features.token_mask_prefixes.clone(),
        timestamps: switches.timestamps.unwrap_or(true),
    });
    let log = Log::new(job_log.clone(), host.clock, job.features.trace_sections);

    let reports = coordinator.begin(job, &job_log, traces).await;
    if !reports.is_wanted() {
        return Finished { outcome: None, is_delivered: true, is_clean: true };
    }
    let (stopper, stopping) = Stopper::new();
    let forwarded = async {
        let mut shutdown = shutdown.clone();
        stopper.stop(shutdown.stopped().await);
        std::future::pending::<()>().await
    };
    let stages = async {
        say_head(&log, job, host, &time);
        if let Some(why) = refused {
            log.error(why);
            return Err(Broken::Failed(Failure::System));
        }
        let end = time.ends.checkout(begin);
        let given = match timeout_at(end, cloud.credentials(job, host.access.role(job))).await {
            Ok(given) => given,
            Err(_) => Err("the credentials of the job did not come in time".to_owned()),
        };
        let given = given.map_err(|why| {
            log.error(&why);
            Broken::Failed(Failure::System)
        })?;
        job_log.mask(credential_secrets(&given), (host.clock)());
        list.extend(given);
        let variables = list.expand(&workspace.private, &mut warnings);
        let exports = exports(variables.iter().map(|(name, it)| (name, it.text())), &mut warnings);
        for it in &warnings {
            log.warning(it);
        }
        let reserve = budget.reserve;
        let log = log.clone();
        let context =
            Context { job, host, log, variables, exports, switches, workspace, time, reserve, stopping };
        let result = stages(&context, coordinator, cloud, &job_log).await;
        tidy(&context).await;
        result
    };
    let result = tokio::select! {
        ended = stages => ended,
        never = forwarded => never_ends(never),
        () = reports.listen(&stopper) => never_ends(()),
    };
    let outcome = match result {
        Ok(()) => Some(Outcome::Success),
        Err(Broken::Failed(failure)) => Some(Outcome::Failed(failure)),
        Err(Broken::Aborted) => None,
    };
    let is_delivered = match outcome {
        Some(outcome) => {
            say_outcome(&log, outcome);
            job_log.flush((host.clock)());
            reports.finish(outcome, time.ends.finish).await
        }
        None => {
            drop(reports);
            true
        }
    };
    // What may take long comes last, when GitLab knows: it is what the margin is for.
    let is_clean = host.sandbox.clean().await.is_ok();
    Finished { outcome, is_delivered, is_clean }
}

/// All stages but the last, each as the ones before it allow.
async fn stages(
    context: &Context<'_>,
    coordinator: &impl Coordinator,
    cloud: &impl Cloud,
    job_log: &JobLog,
) -> Result<(), Broken> {
    prepare(context).await?;
    let sources = async {
        get_sources(context).await?;
        restore_caches(context, cloud).await;
        download_artifacts(context, coordinator).await?;
        match context.stopped() {
            Some(why) => {
                context.say_stopped(why);
                Err(context.broken_by(why, false))
            }
            None => Ok(()),
        }
    };
    let mut result = sources.await;
    if result.is_ok() {
        result = run_steps(context).await;
        if result == Err(Broken::Aborted) {
            return result;
        }
        if result.is_err() {
            care_for_state(context, cloud, job_log).await;
        }
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
    keep_caches(context, cloud, result.is_ok()).await;
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

/// Says what a failed Terraform has left, and keeps what would be lost.
async fn care_for_state(context: &Context<'_>, cloud: &impl Cloud, job_log: &JobLog) {
    let bytes = job_log.summary().bytes;
    let end = job_log.part(bytes.saturating_sub(SEARCHED), SEARCHED);
    let end = String::from_utf8_lossy(&end);
    if let Some(lock) = HeldLock::find(&end) {
        context.log.warning(&lock.hint());
    }
    if was_interrupted(&end) {
        context.log.warning(
            "terraform was interrupted: what it was creating may exist without being in its state. Look before the next \
             apply",
        );
    }
    let Some(state) = find_errored_state(&context.workspace.files()) else { return };
    let end = context.time.ends.after_script;
    let kept = match private_file::open(&state) {
        Ok(Some(state)) => timeout_at(end, cloud.rescue(context.job, state, end)).await,
        _ => return,
    };
    let what = "Terraform could not store its state, and wrote errored.tfstate";
    match kept {
        Ok(Ok(Some(place))) => context.log.warning(&format!("{what}, which is kept as {place}")),
        Ok(Ok(None)) => context.log.error(&format!(
            "{what}, which goes with the job's other files: there is no place for it. Upload it as an artifact of failed \
             jobs, and look at what exists before the next apply"
        )),
        Ok(Err(error)) => context.log.error(&format!("{what}, which could not be kept: {error}")),
        Err(_) => context.log.error(&format!("{what}, which could not be kept in time")),
    }
}

/// Ends what still runs, and removes the files that hold secrets.
async fn tidy(context: &Context<'_>) {
    let _section = context.log.section("cleanup_file_variables", "Cleaning up");
    if let Err(left) = context.host.sandbox.end_leftovers().await {
        context.log.warning(&left);
    }
    let workspace = context.workspace.clone();
    let removed = tokio::task::spawn_blocking(move || workspace.remove_private()).await;
    if !matches!(removed, Ok(Ok(()))) {
        context.log.warning("the files of variables cannot be removed");
    }
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
fn never_ends((): ()) -> Result<(), Broken> {
    Err(Broken::Failed(Failure::System))
}
