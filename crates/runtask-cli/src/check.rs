//! `runtask check`: the checks without a run.

use crate::arguments::Check;
use crate::environment::{lookup, now};
use crate::exit::Exit;
use crate::output::Output;
use crate::tasks::choose;
use anyhow::{Context, bail};
use runtask_callback_handler::{TaskSet, max_plan_bytes_from, terraform_from};
use runtask_checks::{Terraform, fmt, plan_summary};
use runtask_findings::{CheckReport, Code, Finding, Level, OnError, Verdict, verdict};
use runtask_policy::RunFacts;
use runtask_report::{Format, render};
use runtask_settings::Settings;
use runtask_tasks::{CheckName, Date, Task};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What a plan that was saved begins with: it is a zip archive.
const SAVED_PLAN: &[u8] = b"PK\x03\x04";
/// A plan in the directory that is checked.
const PLAN_BESIDE: &str = "tfplan";

pub(crate) async fn check(arguments: &Check, output: &Output) -> anyhow::Result<Exit> {
    let mut settings = Settings::new(&lookup);
    let terraform = terraform_from(&mut settings, &lookup);
    let limit = max_plan_bytes_from(&mut settings);
    let on_error = settings.parsed("RUNTASK_ON_ERROR", OnError::Failed);
    settings.finish().context("settings are wrong")?;

    // Before anything that takes time.
    let inputs = Inputs::find(arguments)?;
    let set = arguments.tasks.read(&inputs.without_a_file(), output)?;
    let task = choose(&set.tasks, arguments.task.as_deref())?;
    let plan = if task.checks.iter().any(|it| it.needs_plan()) {
        inputs.plan(limit, &terraform).await?
    } else {
        None
    };

    let facts = facts(&arguments.run);
    let reports = reports(&set, task, &inputs, plan, &terraform, &facts).await?;
    let verdict = verdict(&reports, task.on_error.unwrap_or(on_error));
    let format = if output.json { Format::Json } else { arguments.format };
    output.result(&render(format, &reports, verdict, output.color && format == Format::Text))?;
    Ok(exit(&reports, verdict))
}

/// What the command line names.
struct Inputs {
    directory: Option<PathBuf>,
    plan: Option<PathBuf>,
}

impl Inputs {
    fn find(arguments: &Check) -> anyhow::Result<Self> {
        let mut inputs = Self { directory: None, plan: arguments.plan.clone() };
        for path in &arguments.paths {
            let is_directory = path != Path::new("-")
                && path.metadata().with_context(|| format!("{} cannot be checked", path.display()))?.is_dir();
            let place = if is_directory { &mut inputs.directory } else { &mut inputs.plan };
            if place.is_some() {
                let noun = if is_directory { "one directory" } else { "one plan" };
                bail!("{noun} at a time, please: {} is another", path.display());
            }
            *place = Some(if is_directory { path.canonicalize()? } else { path.clone() });
        }
        // `runtask check --plan FILE` means the configuration here too, as `runtask check . --plan FILE` does.
        if let (None, Some(directory)) = (&inputs.plan, &inputs.directory) {
            inputs.plan = Some(directory.join(PLAN_BESIDE)).filter(|it| it.is_file());
        }
        Ok(inputs)
    }

    /// What is checked where no file says so: what was named.
    fn without_a_file(&self) -> String {
        let mut checks = Vec::new();
        if self.directory.is_some() {
            checks.push(CheckName::Fmt);
        }
        if self.plan.is_some() {
            checks.extend([CheckName::PlanSummary, CheckName::Policy]);
        }
        let list: Vec<_> = checks.iter().map(|it| format!("{:?}", it.as_str())).collect();
        let task = format!("[tasks.default]\nchecks = [{}]\n", list.join(", "));
        let policy = "[tasks.default.policy]\npaths = [\"builtin:all\"]\n";
        if self.plan.is_some() { task + policy } else { task }
    }

    /// The plan as JSON, from its beginning.
    async fn plan(&self, limit: u64, terraform: &Result<Terraform, String>) -> anyhow::Result<Option<File>> {
        let Some(path) = &self.plan else { return Ok(None) };
        let unreadable = || format!("{} cannot be read", path.display());
        let file =
            if path == Path::new("-") { None } else { Some(File::open(path).with_context(unreadable)?) };
        let is_regular = |it: &File| it.metadata().is_ok_and(|it| it.is_file());
        let is_stream = !file.as_ref().is_some_and(is_regular);
        // Every check reads the plan from its beginning, and `<(terraform show -json tfplan)` has one only once.
        let mut plan = match file {
            Some(file) if !is_stream => file,
            Some(file) => copied(file, limit).with_context(unreadable)?,
            None => copied(io::stdin().lock(), limit).context("the plan on stdin cannot be read")?,
        };
        let bytes = plan.metadata().with_context(unreadable)?.len();
        if bytes > limit {
            bail!("the plan is larger than {limit} bytes, the limit of RUNTASK_MAX_PLAN_BYTES");
        }
        let mut head = Vec::new();
        (&plan).take(SAVED_PLAN.len() as u64).read_to_end(&mut head).with_context(unreadable)?;
        if head != SAVED_PLAN {
            plan.rewind()?;
            return Ok(Some(plan));
        }
        if is_stream {
            bail!("this plan is not JSON: `terraform show -json FILE | runtask check -`");
        }
        let path = path.canonicalize().with_context(unreadable)?;
        let directory = self.directory.as_deref().or(path.parent()).unwrap_or(Path::new("."));
        let terraform = terraform.as_ref().map_err(|reason| anyhow::anyhow!("{reason}"));
        let terraform = terraform.context("the plan is not JSON, and only terraform can make it that")?;
        Ok(Some(terraform.show_plan(&path, directory).await.map_err(anyhow::Error::msg)?))
    }
}

/// A file with what a stream says, as far as a plan may go and a byte more.
fn copied(stream: impl Read, limit: u64) -> anyhow::Result<File> {
    let temporary = std::env::temp_dir();
    let mut file = tempfile::tempfile()
        .with_context(|| format!("no file for it can be made in {}", temporary.display()))?;
    io::copy(&mut stream.take(limit.saturating_add(1)), &mut file)?;
    file.rewind()?;
    Ok(file)
}

async fn reports(
    set: &TaskSet,
    task: &Task,
    inputs: &Inputs,
    plan: Option<File>,
    terraform: &Result<Terraform, String>,
    facts: &RunFacts,
) -> anyhow::Result<Vec<CheckReport>> {
    let mut reports = Vec::new();
    for check in &task.checks {
        let name = check.as_str();
        let plan = plan.as_ref().map(|it| -> io::Result<File> {
            let mut again = it.try_clone()?;
            again.rewind()?;
            Ok(again)
        });
        reports.push(match (check, &inputs.directory, plan.transpose()?) {
            (CheckName::Fmt, Some(directory), _) => match terraform {
                Ok(terraform) => fmt::check(terraform, directory).await,
                Err(reason) => CheckReport::unavailable(name, reason),
            },
            (CheckName::PlanSummary, _, Some(plan)) => plan_summary::check(plan),
            (CheckName::Policy, _, Some(plan)) => {
                let policy = set.policies.get(&task.name).context("the task has no policies")?;
                policy.check(plan, facts, Date::of(now())).await
            }
            (CheckName::Fmt, None, _) => not_given(task, name, "directory", "DIR"),
            (CheckName::PlanSummary | CheckName::Policy, _, None) => {
                not_given(task, name, "plan", "--plan FILE")
            }
        });
    }
    if reports.iter().all(|it| it.findings.iter().any(|it| it.code == Code::NOT_GIVEN)) {
        let wants = if task.checks.iter().any(|it| it.needs_plan()) { "a plan" } else { "a directory" };
        bail!("the task {} checks nothing of what was named: name {wants}", task.name);
    }
    Ok(reports)
}

/// A check that the task has, for which the command line names nothing. An error: what a task did not check has not
/// passed it.
fn not_given(task: &Task, check: &'static str, noun: &str, argument: &str) -> CheckReport {
    let headline = format!("Not checked: no {noun} was named");
    let advice = format!(
        "The task `{}` has the check `{check}`: name a {noun} as well (`{argument}`), or another task (`--task`).\n",
        task.name
    );
    let finding = Finding::new(Code::NOT_GIVEN, Level::Error, headline.clone()).advice(advice);
    CheckReport::new(check, headline, vec![finding])
}

/// A check that could not run is not a check that failed; other errors count for more.
fn exit(reports: &[CheckReport], verdict: Verdict) -> Exit {
    let mut errors = reports.iter().flat_map(|it| &it.findings).filter(|it| it.level == Level::Error);
    match verdict {
        Verdict::Passed => Exit::Passed,
        Verdict::Failed if errors.all(|it| it.code.is_of_no_check()) => Exit::Unable,
        Verdict::Failed => Exit::Failed,
    }
}

/// Something of a run that policies may know.
#[derive(Debug, Clone)]
pub(crate) enum RunFact {
    Text(fn(&mut RunFacts) -> &mut Option<String>, String),
    Speculative(bool),
}

impl FromStr for RunFact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
        let place: fn(&mut RunFacts) -> &mut Option<String> = match key {
            "id" => |it| &mut it.id,
            "organization" => |it| &mut it.organization,
            "project" => |it| &mut it.project,
            "workspace" => |it| &mut it.workspace,
            "stage" => |it| &mut it.stage,
            "created_by" => |it| &mut it.created_by,
            "message" => |it| &mut it.message,
            "branch" => |it| &mut it.branch,
            "speculative" => {
                let value = value.parse().map_err(|_neither| "speculative is true or false")?;
                return Ok(Self::Speculative(value));
            }
            _ => return Err("`runtask check --help` lists the keys".to_owned()),
        };
        Ok(Self::Text(place, value.to_owned()))
    }
}

fn facts(given: &[RunFact]) -> RunFacts {
    let mut facts = RunFacts::default();
    for fact in given {
        match fact {
            RunFact::Text(place, value) => *place(&mut facts) = Some(value.clone()),
            RunFact::Speculative(value) => facts.speculative = Some(*value),
        }
    }
    facts
}
