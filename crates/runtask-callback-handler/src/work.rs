//! Fetches what the checks need and runs them. Knows nothing of claims and results, and of deadlines only that it may be
//! asked to stop: then what was found by that time is reported, and what was not checked.

use crate::configuration::{Configuration, Readers, Wanted, relative};
use crate::plan::{self, PlanError};
use futures_util::FutureExt;
use runtask_checks::{FileReader, Inputs, LoadedCheck, PlanChanges, Stop, plan_changes};
use runtask_client::{Client, FetchError};
use runtask_findings::{CheckReport, Code};
use runtask_log::{Chain, event, trace};
use runtask_protocol::{Run, RunId, Stage};
use runtask_setup::{JobSettings, LoadedTask};
use runtask_tasks::{Date, RunFacts};
use std::fs::File;
use std::io::Seek;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use tracing::{error, warn};

/// Something a check needs, or a sentence that says why it is not there.
type Input<T> = Result<T, String>;

/// What work has come to.
pub(crate) struct Worked {
    /// What each check says.
    pub(crate) reports: Vec<CheckReport>,
    /// What the plan would do, where people may have to know and it can be told.
    pub(crate) plan: Option<PlanChanges>,
    /// Files that are to be removed when there is time.
    pub(crate) leftovers: Option<Configuration>,
}

/// Runs the checks.
pub(crate) async fn work(
    client: &Client,
    settings: &JobSettings,
    task: &LoadedTask,
    run: &Run,
    today: Date,
    stop: Stop,
) -> Worked {
    let wanted = task.wanted_files();
    let configuration = async {
        if wanted.is_empty() {
            return None;
        }
        let configuration = configuration(client, settings, task, run, wanted);
        fetch("configuration", async { Some(configuration.await) }).await
    };
    let plan = async {
        if !task.reads_plan() {
            return None;
        }
        fetch("plan", plan(client, settings, run)).await
    };
    let fetching = async { tokio::join!(configuration, plan) };
    let (configuration, plan) = tokio::select! {
        fetched = fetching => fetched,
        reason = stop.asked() => {
            let unavailable = |it: &LoadedCheck| CheckReport::unavailable(it.name(), reason);
            let reports = task.checks.iter().map(unavailable).collect();
            return Worked { reports, plan: None, leftovers: None };
        }
    };
    let (configuration, mut leftovers) = match configuration {
        Some(Ok((configuration, directory))) => (Ok(directory), Some(configuration)),
        Some(Err(reason)) => (Err(reason), None),
        None => (Err("the configuration was not fetched".to_owned()), None),
    };
    let mut readers = leftovers.as_mut().map(Configuration::readers).unwrap_or_default().into_iter();
    let root = leftovers.as_ref().and_then(Configuration::root).map(Path::to_path_buf);
    let inputs = Inputs { configuration, root, plan, run: facts(run), today, stop };
    let mut reports = Vec::new();
    for check in &task.checks {
        reports.push(report(check, &inputs, readers.next().flatten()).await);
    }
    let plan = match (task.approval(), inputs.plan) {
        (Some(_), Some(Ok(plan))) => changes(plan).await,
        _ => None,
    };
    Worked { reports, plan, leftovers }
}

/// Does `work`, which fetches something, within a span of its own.
async fn fetch<T>(what: &str, work: impl Future<Output = Option<Input<T>>>) -> Option<Input<T>> {
    let mut span = trace::within(format_args!("fetch {what}"), trace::Kind::Internal);
    let fetched = span.around(work).await;
    if let Some(Err(_)) = fetched {
        span.fail("not_fetched");
    }
    fetched
}

/// What a plan would do, if that can be told.
async fn changes(mut plan: File) -> Option<PlanChanges> {
    let read = move || plan.rewind().ok().and_then(|()| plan_changes(plan));
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

/// Runs a check. A panic in it is an answer, and takes nothing of what the others found.
async fn report(check: &LoadedCheck, inputs: &Inputs, reader: Option<Box<dyn FileReader>>) -> CheckReport {
    let name = check.name();
    let mut span = trace::within(format_args!("check {name}"), trace::Kind::Internal);
    let run = AssertUnwindSafe(check.run(inputs, reader)).catch_unwind();
    let report = span.around(run).await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        error!(event = event::CHECK_PANICKED, error = text, "the check {name} panicked");
        CheckReport::unavailable(name, "it ended unexpectedly")
    });
    span.set("runtask.check", name);
    span.set("runtask.findings", i64::try_from(report.findings.len()).unwrap_or(i64::MAX));
    if report.findings.iter().any(|it| it.code == Code::CHECK_UNAVAILABLE) {
        span.fail("check_unavailable");
    }
    report
}

/// The facts of a run that its payload has.
pub(crate) fn facts(run: &Run) -> RunFacts {
    RunFacts {
        id: run.run_id.as_ref().map(RunId::as_str).map(str::to_owned),
        organization: run.organization_name.clone(),
        project: run.project_name.clone(),
        workspace: run.workspace_name.clone(),
        stage: run.stage.as_ref().map(|it| it.as_str().to_owned()),
        created_by: run.created_by.clone(),
        message: run.message.clone(),
        branch: run.branch.clone(),
        speculative: run.is_speculative,
    }
}

async fn configuration(
    client: &Client,
    settings: &JobSettings,
    task: &LoadedTask,
    run: &Run,
    wanted: Vec<fn(&Path) -> bool>,
) -> Input<(Configuration, PathBuf)> {
    // A token of our own may read what HCP Terraform does not offer to the run's.
    let by_id = settings.read_token.as_ref().and_then(|_| run.configuration_url_by_id());
    let url = run.configuration_url.as_deref().or(by_id.as_deref());
    let url = url.ok_or("HCP Terraform offers no configuration to download for this run (any more)")?;
    let token = settings.read_token.as_ref().unwrap_or(&run.access_token);
    let file = move |path: &Path| !is_of_terraform(path) && wanted.iter().any(|it| it(path));
    let (checks, working_directory) = (task.checks.clone(), run.working_directory.clone());
    let readers = move || readers(&checks, working_directory.as_deref());
    let wanted = Wanted { file, readers };
    let configuration = Configuration::fetch(client, url, token, &settings.archive, wanted).await;
    let configuration = configuration.map_err(|error| {
        warn!(
            event = event::CONFIGURATION_MISSING,
            error = %Chain(&error),
            "there is no configuration to check"
        );
        error.to_string()
    })?;
    let directory = configuration.working_directory(run.working_directory.as_deref());
    let directory = directory.map_err(|error| error.to_string())?;
    Ok((configuration, directory))
}

/// The checks, ready to read files as they come; `None` where one of them wants a directory.
fn readers(checks: &[LoadedCheck], working_directory: Option<&str>) -> Option<Readers> {
    // One that leads out of the configuration is refused when it is looked for.
    let directory = relative(working_directory.unwrap_or_default()).unwrap_or_default();
    let reader = |it: &LoadedCheck| match it.needs().configuration {
        Some(_) => it.reader(&directory).map(Some),
        None => Some(None),
    };
    checks.iter().map(reader).collect()
}

/// Whether a file is not the configuration's own: providers and modules that somebody had downloaded.
fn is_of_terraform(path: &Path) -> bool {
    path.components().any(|it| it.as_os_str() == ".terraform")
}

/// `None` where there cannot be a plan yet.
async fn plan(client: &Client, settings: &JobSettings, run: &Run) -> Option<Input<File>> {
    let Some(url) = &run.plan_url else {
        let before = run.stage == Some(Stage::PrePlan);
        return (!before).then(|| Err("HCP Terraform offers no plan to download for this run".to_owned()));
    };
    let token = settings.read_token.as_ref().unwrap_or(&run.access_token);
    let plan = plan::fetch(client, url, token, settings.max_plan_bytes).await;
    // Some senders name the plan's place before there is a plan.
    if run.stage == Some(Stage::PrePlan) && matches!(plan, Err(PlanError::Fetch(FetchError::NotReady { .. })))
    {
        return None;
    }
    Some(plan.map_err(|error| {
        warn!(event = event::PLAN_MISSING, error = %Chain(&error), "there is no plan to check");
        error.to_string()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    /// What the task that there is without a file reads of a configuration.
    #[test]
    fn files_that_terraform_formats_are_wanted_wherever_the_working_directory_is() {
        let settings = JobSettings::read(&|_unset| None, None, SystemTime::UNIX_EPOCH).unwrap();
        let wanted = settings.tasks.get("default").unwrap().wanted_files();
        let is_wanted =
            |path: &str| !is_of_terraform(Path::new(path)) && wanted.iter().any(|it| it(Path::new(path)));
        for path in ["main.tf", "live/prod/x.tfvars", ".infra/main.tf", "a/b.tftest.hcl", "mocks.tfmock.hcl"]
        {
            assert!(is_wanted(path), "{path}");
        }
        for path in
            [".terraform/modules/net/main.tf", "README.md", "main.tf.json", "a/.hidden.tf", "main.tf~"]
        {
            assert!(!is_wanted(path), "{path}");
        }
    }
}
