//! Decides which jobs no check has to look at: their result is clear before anything is fetched.

use crate::work::facts;
use runtask_findings::{CheckReport, Code, Finding, Level, OnError, Verdict, printable, verdict};
use runtask_log::event;
use runtask_protocol::{Receipt, Run, Stage, Status, TaskResult};
use runtask_report::task_result;
use runtask_setup::{JobSettings, LoadedTask};
use runtask_tasks::{NotAdmitted, OnSkip};
use tracing::{info, warn};

/// The name that reports about a job as a whole have in place of a check's.
pub(crate) const TASK: &str = "task";

/// The task that a job names, if its checks have to look at the run; else the result, in words that say why, and who has to
/// do what.
pub(crate) fn task_for<'a>(
    settings: &'a JobSettings,
    run: &Run,
    receipt: &Receipt,
) -> Result<&'a LoadedTask, TaskResult> {
    if receipt.is_newer() {
        warn!(event = event::JOB_NEWER, version = receipt.version, "declined a job of a newer version");
        let text = format!(
            "Not checked: the request handler sends jobs of version {}, and the callback handler knows {}. \
             Deploy both from one release",
            receipt.version,
            Receipt::VERSION
        );
        // Which task it is for is not known, and so not what its settings make of that.
        return Err(TaskResult::new(Status::Failed, &text));
    }
    let task = &receipt.task;
    if let Some(Stage::Other(name)) = &run.stage {
        warn!(event = event::STAGE_UNKNOWN, "declined the unknown stage");
        let text = format!(
            "This run task does not know the stage `{name}`: update it, or detach it from that stage"
        );
        return Err(TaskResult::new(Status::Failed, &text));
    }
    let Some(task) = settings.tasks.get(task) else {
        warn!(event = event::TASK_UNKNOWN, "declined a task that is not configured");
        let names = settings.tasks.names().collect::<Vec<_>>().join(", ");
        let text = format!("This run task has no task `{}`: it has {names}", printable(task));
        // What the task would say of a check that could not run, nobody knows.
        let reports = [CheckReport::not_run(TASK, text)];
        return Err(task_result(&reports, Verdict::Failed, run.accepts_outcomes));
    };
    let Err(not_admitted) = task.task.filter.admits(&facts(run)) else { return Ok(task) };
    let text = not_admitted.to_string();
    let (report, verdict) = match not_admitted {
        NotAdmitted::Skipped(_) => {
            info!(
                event = event::TASK_SKIPPED,
                "the task is not for this run: {}",
                task.task.on_skip.as_str()
            );
            let finding = Finding::new(Code::RUN_SKIPPED, Level::Info, text.clone());
            let verdict = match task.task.on_skip {
                OnSkip::Passed => Verdict::Passed,
                OnSkip::Failed => Verdict::Failed,
            };
            (CheckReport::new(TASK, text, vec![finding]), verdict)
        }
        NotAdmitted::Unclear(why) => {
            warn!(event = event::TASK_UNCLEAR, reason = why, "whether the task is for this run is not known");
            let report = CheckReport::not_run(TASK, text);
            let on_error = on_error_of_unfinished(settings, &task.task.name);
            let verdict = verdict(std::slice::from_ref(&report), on_error);
            (report, verdict)
        }
    };
    Err(task_result(&[report], verdict, run.accepts_outcomes))
}

/// What follows for a task that did not come to its end. Where people should have been asked, nobody was.
pub(crate) fn on_error_of_unfinished(settings: &JobSettings, task: &str) -> OnError {
    match settings.tasks.get(task).and_then(LoadedTask::approval) {
        Some(_) => OnError::Failed,
        None => settings.on_error(task),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_protocol::Job;
    use runtask_setup::TasksFile;
    use std::path::Path;
    use std::time::SystemTime;

    const ASKS: &str = "[tasks.default.approval]\nrequired = [{ group = \"a\" }]\nchannels = [\"teams:a\"]\n\
                        [approval.groups]\na = { roles = [\"a\"] }\n";

    /// The status for a run of which the project is not known, where the task is for one project.
    fn unclear(more: &str) -> Status {
        let file =
            format!("[tasks.default]\nchecks = [\"fmt\"]\nprojects = [\"x\"]\non_error = \"passed\"\n{more}");
        let file = TasksFile::fetched("runtask.toml", file.into(), Path::new(""));
        let settings = JobSettings::read(&|_unset| None, Some(file), SystemTime::UNIX_EPOCH).unwrap();
        let job =
            r#"{"access_token":"t","task_result_id":"taskrs-1","task_result_callback_url":"https://h/c"}"#;
        let job = Job::parse(job.as_bytes()).unwrap();
        task_for(&settings, &job.run, &job.receipt).unwrap_err().status()
    }

    #[test]
    fn a_run_that_people_might_have_to_approve_does_not_pass_without() {
        assert_eq!(unclear(""), Status::Passed);
        assert_eq!(unclear(ASKS), Status::Failed);
    }
}
