//! Fetches what the checks need and runs them. Knows nothing of claims, deadlines and results.

use crate::config::Settings;
use crate::configuration::Configuration;
use crate::plan;
use runtask_checks::{fmt, plan_summary};
use runtask_client::Client;
use runtask_findings::{CheckReport, Code, Finding, Level};
use runtask_log::Chain;
use runtask_policy::{Policy, RunFacts};
use runtask_protocol::{Run, RunId, Stage};
use runtask_tasks::{CheckName, Date};
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tracing::{info, warn};

/// Something a check needs, or a sentence that says why it is not there.
type Input<T> = Result<T, String>;

/// What the checks say, and what is left on disk until somebody has time to remove it.
pub(crate) async fn work(
    client: &Client,
    settings: &Settings,
    task: &str,
    run: &Run,
    now: SystemTime,
) -> (Vec<CheckReport>, Option<Configuration>) {
    let checks = settings.tasks.get(task).map(|it| it.checks.clone()).unwrap_or_default();
    let needs = |need: fn(CheckName) -> bool| checks.iter().copied().any(need);
    let configuration = async {
        if needs(CheckName::needs_configuration) {
            Some(configuration(client, settings, run).await)
        } else {
            None
        }
    };
    let plan =
        async { if needs(CheckName::needs_plan) { Some(plan(client, settings, run).await) } else { None } };
    let (configuration, plan) = tokio::join!(configuration, plan);
    let mut leftovers = None;
    let directory = match configuration {
        Some(Ok((configuration, directory))) => {
            leftovers = Some(configuration);
            Ok(directory)
        }
        Some(Err(reason)) => Err(reason),
        None => Err("the configuration was not fetched".to_owned()),
    };
    let mut reports = Vec::new();
    for check in checks {
        info!(check = check.as_str(), "checking {check}");
        reports.push(match check {
            CheckName::Fmt => check_format(settings, &directory).await,
            CheckName::PlanSummary => summarize_plan(run, again(plan.as_ref())).await,
            CheckName::Policy => {
                let policy = settings.policies.get(task);
                judge_plan(policy, run, again(plan.as_ref()), Date::of(now)).await
            }
        });
    }
    (reports, leftovers)
}

async fn configuration(client: &Client, settings: &Settings, run: &Run) -> Input<(Configuration, PathBuf)> {
    let url = run.configuration_url.as_deref();
    let url = url.ok_or("HCP Terraform offers no configuration to download for this run (any more)")?;
    let token = settings.read_token.as_ref().unwrap_or(&run.access_token);
    let configuration = Configuration::fetch(client, url, token, &settings.archive, is_wanted).await;
    let configuration = configuration.map_err(|error| {
        warn!(error = %Chain(&error), "there is no configuration to check");
        error.to_string()
    })?;
    let directory = configuration.working_directory(run.working_directory.as_deref());
    let directory = directory.map_err(|error| error.to_string())?;
    Ok((configuration, directory))
}

/// Whether a file of the archive may be one that the checks read. Below the working directory, hidden directories do
/// not count; but the working directory itself may be hidden, so here only the file's own name does.
fn is_wanted(path: &Path) -> bool {
    let in_terraform = path.components().any(|it| it.as_os_str() == ".terraform");
    !in_terraform && path.file_name().is_some_and(|name| fmt::is_formatted_file(Path::new(name)))
}

/// `None` where there cannot be a plan yet.
async fn plan(client: &Client, settings: &Settings, run: &Run) -> Option<Input<File>> {
    let Some(url) = &run.plan_url else {
        let before = run.stage == Some(Stage::PrePlan);
        return (!before).then(|| Err("HCP Terraform offers no plan to download for this run".to_owned()));
    };
    let token = settings.read_token.as_ref().unwrap_or(&run.access_token);
    let plan = plan::fetch(client, url, token, settings.max_plan_bytes).await;
    Some(plan.map_err(|error| {
        warn!(error = %Chain(&error), "there is no plan to check");
        error.to_string()
    }))
}

async fn check_format(settings: &Settings, directory: &Input<PathBuf>) -> CheckReport {
    let name = CheckName::Fmt.as_str();
    match (&settings.terraform, directory) {
        (Ok(terraform), Ok(directory)) => fmt::check(terraform, directory).await,
        (_, Err(reason)) | (Err(reason), _) => CheckReport::unavailable(name, reason),
    }
}

/// The plan from its beginning, for the next check.
fn again(plan: Option<&Option<Input<File>>>) -> Option<Input<File>> {
    let from_the_beginning = |file: &File| -> io::Result<File> {
        let mut file = file.try_clone()?;
        file.rewind()?;
        Ok(file)
    };
    let plan = plan?.as_ref()?;
    Some(plan.as_ref().map_err(Clone::clone).and_then(|file| {
        from_the_beginning(file).map_err(|_broken| "the plan on disk could not be read".to_owned())
    }))
}

async fn judge_plan(
    policy: Option<&Policy>,
    run: &Run,
    plan: Option<Input<File>>,
    today: Date,
) -> CheckReport {
    let name = CheckName::Policy.as_str();
    match (policy, plan) {
        (Some(policy), Some(Ok(plan))) => policy.check(plan, &facts(run), today).await,
        (_, Some(Err(reason))) => CheckReport::unavailable(name, &reason),
        (None, _) => CheckReport::unavailable(name, "its policies were not read"),
        (_, None) => Policy::no_plan(run.stage.as_ref().map_or("this", Stage::as_str)),
    }
}

/// What policies may know of a run.
fn facts(run: &Run) -> RunFacts {
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

async fn summarize_plan(run: &Run, plan: Option<Input<File>>) -> CheckReport {
    let name = CheckName::PlanSummary.as_str();
    match plan {
        Some(Ok(file)) => match tokio::task::spawn_blocking(move || plan_summary::check(file)).await {
            Ok(report) => report,
            Err(_panicked) => CheckReport::unavailable(name, "the check ended unexpectedly"),
        },
        Some(Err(reason)) => CheckReport::unavailable(name, &reason),
        None => {
            let stage = run.stage.as_ref().map_or("this", Stage::as_str);
            let headline = format!("No plan to summarize: at stage {stage} there is none yet");
            let finding = Finding::new(Code::PLAN_SUMMARY, Level::Info, headline.clone());
            CheckReport::new(name, headline, vec![finding])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_terraform_formats_are_wanted_wherever_the_working_directory_is() {
        for path in ["main.tf", "live/prod/x.tfvars", ".infra/main.tf", "a/b.tftest.hcl", "mocks.tfmock.hcl"]
        {
            assert!(is_wanted(Path::new(path)), "{path}");
        }
        for path in
            [".terraform/modules/net/main.tf", "README.md", "main.tf.json", "a/.hidden.tf", "main.tf~"]
        {
            assert!(!is_wanted(Path::new(path)), "{path}");
        }
    }
}
