//! Jobs whose result is clear before anything is fetched.

use crate::config::Settings;
use runtask_findings::{CheckReport, Code, Finding, Level, Verdict, printable, verdict};
use runtask_protocol::{Run, Stage, Status, TaskResult};
use runtask_report::task_result;
use runtask_tasks::{Facts, OnSkip};
use tracing::{info, warn};

/// The name that reports about a job as a whole have in place of a check's.
const TASK: &str = "task";

/// The result of a job that no check has to look at, in words that say why, and who has to do what.
pub(crate) fn decline(settings: &Settings, run: &Run, task: &str) -> Option<TaskResult> {
    if let Some(Stage::Other(name)) = &run.stage {
        warn!("declined the unknown stage");
        let text = format!(
            "This run task does not know the stage `{name}`: update it, or detach it from that stage"
        );
        return Some(TaskResult::new(Status::Failed, &text));
    }
    let Some(task) = settings.tasks.get(task) else {
        warn!("declined a task that is not configured");
        let names = settings.tasks.names().collect::<Vec<_>>().join(", ");
        let text = format!("This run task has no task `{}`: it has {names}", printable(task));
        let reports = [CheckReport::not_run(TASK, text)];
        return Some(task_result(&reports, verdict(&reports, settings.on_error), run.accepts_outcomes));
    };
    let skipped = task.filter.admits(&facts(run)).err()?;
    info!("the task is not for this run: {}", task.on_skip.as_str());
    let text = skipped.to_string();
    let report =
        CheckReport::new(TASK, text.clone(), vec![Finding::new(Code::RUN_SKIPPED, Level::Info, text)]);
    let verdict = match task.on_skip {
        OnSkip::Passed => Verdict::Passed,
        OnSkip::Failed => Verdict::Failed,
    };
    Some(task_result(&[report], verdict, run.accepts_outcomes))
}

fn facts(run: &Run) -> Facts<'_> {
    Facts {
        stage: run.stage.as_ref().map(Stage::as_str),
        organization: run.organization_name.as_deref(),
        workspace: run.workspace_name.as_deref(),
        project: run.project_name.as_deref(),
        speculative: run.is_speculative,
    }
}
