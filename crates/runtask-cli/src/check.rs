//! `runtask check`: runs the checks without a run.

use crate::environment::{lookup, now};
use crate::exit::Exit;
use crate::output::Output;
use crate::tasks_arguments::{TasksArguments, choose};
use anyhow::{Context, bail};
use clap::Args;
use runtask_checks::{CheckKind, Inputs, Terraform, json_plan};
use runtask_findings::{CheckReport, Code, Finding, Level, OnError, Verdict, shown_path, verdict};
use runtask_report::{Format, Style, render};
use runtask_settings::SettingsReader;
use runtask_setup::{CHECKS, LoadedTask, max_plan_bytes};
use runtask_tasks::{Date, RunFacts, Task};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The beginning of a saved plan, which is a zip archive.
const SAVED_PLAN: &[u8] = b"PK\x03\x04";
/// What people call a plan that they save in the directory of its configuration.
const PLAN_BESIDE: &str = "tfplan";

/// Check a configuration or a plan, offline, as the run task would
///
/// A directory is a configuration; a file, or `-` for stdin, is a plan: the JSON of `terraform show -json`, or a saved
/// plan, the file of `terraform plan -out=tfplan`.
///
/// Only terraform can read a saved plan. Whoever names one has `terraform show` started in the directory that is named,
/// or else in the plan's own, and it starts the providers that lie in `.terraform` there. Name a saved plan only where you
/// trust that directory. A configuration and a plan in JSON start no program of theirs.
///
/// runtask.toml lists the checks. Without it, a configuration must be formatted, and a plan is summarized and judged by
/// the shipped rules.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_HELP)]
pub(crate) struct CheckArguments {
    /// A directory, a plan, or both
    #[arg(value_name = "PATH", default_value = ".", num_args = 1..=2)]
    pub(crate) paths: Vec<PathBuf>,

    /// A plan, given as an option
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,

    /// How to print the result: text, json, sarif, junit, github, markdown
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    pub(crate) format: Format,

    /// A fact of the run, for policies to read in `data.run`: workspace=net-prod; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    run: Vec<RunFact>,
}

const CHECK_HELP: &str = "\
Examples:
  runtask check                                  the configuration here
  terraform show -json tfplan | runtask check -  a plan alone
  runtask check . tfplan                         the configuration here, and a saved plan of your own
  runtask check plan.json --task policy --format sarif > result.sarif

Keys of --run: id, organization, project, workspace, stage, created_by, message, branch, speculative.
Exit codes: 0 passed, 1 failed, 2 could not do it.
";

pub(crate) async fn check(arguments: &CheckArguments, output: &Output) -> anyhow::Result<Exit> {
    let mut settings = SettingsReader::new(&lookup);
    let terraform = Terraform::from_settings(&mut settings);
    let limit = max_plan_bytes(&mut settings);
    let on_error = settings.parsed("RUNTASK_ON_ERROR", OnError::Failed);
    settings.finish().context("settings are wrong")?;

    // Before anything that takes time.
    let named = Named::find(arguments)?;
    if let Some(plan) = named.plan_beside() {
        output.note(&format!(
            "{} is not read: name it to have it checked, if you trust its directory (--help says why)\n",
            shown_path(&plan)
        ));
    }
    let set = arguments.tasks.read(&named.without_a_file(), output)?;
    let task = choose(&set, arguments.task.as_deref())?;
    let plan = if task.reads_plan() { named.plan(limit, &terraform).await? } else { None };

    let reports = reports(task, &named, plan, facts(&arguments.run)).await?;
    let verdict = verdict(&reports, task.task.on_error.unwrap_or(on_error));
    let format = if output.json { Format::Json } else { arguments.format };
    let style = Style { colour: output.color && format == Format::Text, width: output.wrap };
    output.result(&render(format, &reports, verdict, style))?;
    Ok(exit(&reports, verdict))
}

/// The directory and the plan that the command line names.
struct Named {
    directory: Option<PathBuf>,
    plan: Option<PathBuf>,
}

impl Named {
    fn find(arguments: &CheckArguments) -> anyhow::Result<Self> {
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
        Ok(inputs)
    }

    /// A saved plan that may be meant and is not named. It is not taken unasked: whoever wrote the configuration has put it
    /// there, perhaps, and providers beside it.
    fn plan_beside(&self) -> Option<PathBuf> {
        let plan = self.directory.as_ref().filter(|_| self.plan.is_none())?.join(PLAN_BESIDE);
        plan.is_file().then_some(plan)
    }

    /// The content of `runtask.toml` where there is none: checks for the directory or plan that was named.
    fn without_a_file(&self) -> String {
        let can_run = |it: &&CheckKind| match (it.needs.configuration, it.needs.plan) {
            (Some(_), true) => self.directory.is_some() && self.plan.is_some(),
            (Some(_), false) => self.directory.is_some(),
            (None, true) => self.plan.is_some(),
            (None, false) => true,
        };
        let list: Vec<_> = CHECKS.iter().filter(can_run).map(|it| format!("{:?}", it.name)).collect();
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
        let plan = match file {
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
            let plan = json_plan(plan, limit);
            let named = if path == Path::new("-") { "stdin".into() } else { path.display().to_string() };
            return Ok(Some(plan.with_context(|| format!("{named} cannot be checked"))?));
        }
        if is_stream {
            bail!("this plan is not JSON: `terraform show -json FILE | runtask check -`");
        }
        // Whoever names JSON does not expect a program to be started.
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")) {
            bail!(
                "{} is not JSON, whatever its name says: it is a saved plan. Only terraform can read it, and starts the \
                 providers beside it: if you trust them, give it a name that does not end in .json",
                shown_path(path)
            );
        }
        let path = path.canonicalize().with_context(unreadable)?;
        let directory = self.directory.as_deref().or(path.parent()).unwrap_or(Path::new("."));
        let terraform = terraform.as_ref().map_err(|reason| anyhow::anyhow!("{reason}"));
        let terraform = terraform.context("the plan is not JSON, and only terraform can convert it")?;
        Ok(Some(terraform.show_plan(&path, directory, limit).await.map_err(anyhow::Error::msg)?))
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

/// Runs the checks of a task on the directory and the plan that were named.
async fn reports(
    task: &LoadedTask,
    named: &Named,
    plan: Option<File>,
    run: RunFacts,
) -> anyhow::Result<Vec<CheckReport>> {
    let (has_directory, has_plan) = (named.directory.is_some(), plan.is_some());
    let inputs = Inputs {
        configuration: named.directory.clone().ok_or_else(|| "no directory was named".to_owned()),
        plan: plan.map(Ok),
        run,
        today: Date::of(now()),
    };
    let mut reports = Vec::new();
    for check in &task.checks {
        let needs = check.needs();
        reports.push(if needs.configuration.is_some() && !has_directory {
            not_given(&task.task, check.name(), "directory", "DIR")
        } else if needs.plan && !has_plan {
            not_given(&task.task, check.name(), "plan", "--plan FILE")
        } else {
            check.run(&inputs).await
        });
    }
    if reports.iter().all(|it| it.findings.iter().any(|it| it.code == Code::NOT_GIVEN)) {
        let wants = if task.reads_plan() { "a plan" } else { "a directory" };
        bail!("the task {} has no check for the named path: name {wants}", task.task.name);
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
enum RunFact {
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
