//! `runtask check`: runs the checks without a run.

use crate::check_sarif::{SarifArguments, report};
use crate::plan_file::copied;
use crate::tasks_arguments::{TasksArguments, choose_or, say_which, with_checks};
use anyhow::{Context, bail};
use clap::Args;
use runtask_callback_handler::page_facts;
use runtask_checks::{FindError, Inputs, Needs, NoPlanError, Stop, Terraform, json_plan};
use runtask_findings::{CheckReport, Code, Finding, Level, OnError, Verdict, counted, shown_path, verdict};
use runtask_report::{Format, PageDetails, Style, page, render};
use runtask_settings::SettingsReader;
use runtask_setup::{CHECKS, LoadedTask, TaskSet, max_plan_bytes};
use runtask_tasks::{Date, RunFacts, Task};
use runtask_terminal::environment::{lookup, now};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::mem::ManuallyDrop;
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
/// runtask.toml lists the checks: the file here, or the one beside what is checked. Where RUNTASK_CHECKS is set, it lists
/// them, and no file is looked for; without either, the configuration must be formatted, and that is all, as in `serve`, in `simulate` and in the functions. A
/// line on stderr says which tasks are used. What is named and no check reads is an error.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_HELP)]
pub(crate) struct CheckArguments {
    /// A directory, a plan, or both; the directory here unless given
    #[arg(value_name = "PATH", num_args = 0..=2)]
    pub(crate) paths: Vec<PathBuf>,

    /// A plan, given as an option
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,

    /// Every task of the file, one after the other; all must pass
    #[arg(long, conflicts_with = "task")]
    pub(crate) all_tasks: bool,

    #[command(flatten)]
    pub(crate) sarif: SarifArguments,

    /// How to print the result: text, json, sarif, junit, github, gitlab, markdown, html
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "json")]
    pub(crate) format: Format,

    /// A file for the result, instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// A fact of the run, for policies to read in `data.run`: workspace=net-prod; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    run: Vec<RunFact>,
}

const CHECK_HELP: &str = "\
Examples:
  runtask check                                  the configuration here
  terraform show -json tfplan | runtask check -  a plan alone
  runtask check . tfplan                         the configuration here, and a saved plan of your own
  runtask check . plan.json --all-tasks          both, by every task of runtask.toml
  runtask check plan.json --task policy --format sarif > result.sarif
  runtask check --sarif trivy.sarif --fail-on critical    what another tool has found
  runtask check plan.json --task policy --format html --output report.html

Keys of --run: id, organization, project, workspace, stage, created_by, message, branch, speculative.
Exit codes: 0 passed, 1 failed, 2 could not do it.
";

/// What the checks of a task say.
struct Judged {
    task: String,
    reports: Vec<CheckReport>,
    verdict: Verdict,
}

pub(crate) async fn check(arguments: &CheckArguments, output: &Output) -> anyhow::Result<Exit> {
    if let Some(report) = report(&arguments.sarif)? {
        let mut settings = SettingsReader::new(&lookup);
        let on_error = settings.parsed("RUNTASK_ON_ERROR", OnError::Failed);
        settings.finish().context("settings are wrong")?;
        let reports = vec![report];
        let verdict = verdict(&reports, on_error);
        let judged = vec![Judged { task: String::new(), reports, verdict }];
        return say(judged, &facts(&arguments.run), arguments, output);
    }
    // Before anything that takes time.
    let named = Named::find(arguments)?;
    let lookup = arguments.tasks.lookup(named.given.as_deref(), named.plan.as_deref(), output).await?;
    let mut settings = SettingsReader::new(&lookup);
    let terraform = Terraform::from_settings(&mut settings);
    let limit = max_plan_bytes(&mut settings);
    let on_error = settings.parsed("RUNTASK_ON_ERROR", OnError::Failed);
    // The process ends with it: taking compiled policies apart would be a fifteenth of a small check.
    let set = ManuallyDrop::new(TaskSet::read(&mut settings, None, now()));
    if !set.warnings.is_empty() {
        output.note(&format!("{}\n\n", set.warnings));
    }
    settings.finish().context("settings are wrong")?;
    let tasks: Vec<&LoadedTask> = if arguments.all_tasks {
        set.iter().collect()
    } else {
        let advice = "choose one with --task, or all with --all-tasks";
        vec![choose_or(&set, arguments.task.as_deref(), advice)?]
    };
    say_which(&lookup, &tasks, output);
    named.is_read_by(&tasks)?;
    if let Some(plan) = named.plan_beside() {
        output.note(&format!(
            "{} is not read: name it to have it checked, if you trust its directory (--help says why)\n",
            shown_path(&plan)
        ));
    }

    let work = async {
        let inputs = Inputs {
            configuration: named.directory.clone().ok_or_else(|| "no directory was named".to_owned()),
            root: named.directory.as_deref().and_then(checkout),
            plan: named.plan(limit, &terraform).await?.map(Ok),
            run: facts(&arguments.run),
            today: Date::of(now()),
            stop: Stop::never(),
        };
        let mut judged = Vec::new();
        for task in &tasks {
            let reports = reports(task, &inputs).await;
            let verdict = verdict(&reports, task.task.on_error.unwrap_or(on_error));
            judged.push(Judged { task: task.task.name.clone(), reports, verdict });
        }
        anyhow::Ok((judged, inputs))
    };
    let (judged, inputs) = output.patiently("checking", work).await?;
    named.was_enough_for(&judged, &tasks)?;
    if let Some(Ok(plan)) = &inputs.plan {
        named.plan_is_one(plan, &judged)?;
    }
    say(judged, &inputs.run, arguments, output)
}

/// Prints the result, and says what it comes to.
fn say(
    judged: Vec<Judged>,
    run: &RunFacts,
    arguments: &CheckArguments,
    output: &Output,
) -> anyhow::Result<Exit> {
    let exit = judged.iter().map(|it| exit(&it.reports, it.verdict)).fold(Exit::Passed, worse);
    let format = if output.json { Format::Json } else { arguments.format };
    let style = match &arguments.output {
        Some(_) => Style::default(),
        None => Style { colour: output.color && format == Format::Text, width: output.wrap },
    };
    let text = rendered(judged, format, run, style);
    match &arguments.output {
        Some(path) => {
            let unwritable = || format!("the result cannot be written to {}", shown_path(path));
            std::fs::write(path, text).with_context(unwritable)?;
            output.note(&format!("{}: {}\n", exit.word(), shown_path(path)));
        }
        None => output.result(&text)?,
    }
    Ok(exit)
}

/// The directory and the plan that the command line names.
struct Named {
    directory: Option<PathBuf>,
    /// The directory as it was given; nothing where it is the one here because no path was.
    given: Option<PathBuf>,
    plan: Option<PathBuf>,
}

impl Named {
    fn find(arguments: &CheckArguments) -> anyhow::Result<Self> {
        let mut inputs = Self { directory: None, given: None, plan: arguments.plan.clone() };
        if arguments.paths.is_empty() {
            inputs.directory = Some(Path::new(".").canonicalize().context("there is no directory here")?);
        }
        for path in &arguments.paths {
            let is_directory = path != Path::new("-")
                && path.metadata().with_context(|| format!("{} cannot be checked", path.display()))?.is_dir();
            let place = if is_directory { &mut inputs.directory } else { &mut inputs.plan };
            if place.is_some() {
                let noun = if is_directory { "one directory" } else { "one plan" };
                bail!("{noun} at a time, please: {} is another", path.display());
            }
            *place = Some(if is_directory { path.canonicalize()? } else { path.clone() });
            if is_directory {
                inputs.given = Some(path.clone());
            }
        }
        Ok(inputs)
    }

    /// A saved plan that may be meant and is not named. It is not taken unasked: whoever wrote the configuration has put it
    /// there, perhaps, and providers beside it.
    fn plan_beside(&self) -> Option<PathBuf> {
        let plan = self.directory.as_ref().filter(|_| self.plan.is_none())?.join(PLAN_BESIDE);
        plan.is_file().then_some(plan)
    }

    fn plan_name(&self) -> String {
        match self.plan.as_deref() {
            Some(path) if path != Path::new("-") => shown_path(path),
            _ => "the plan on stdin".to_owned(),
        }
    }

    /// Says what was named and is read by no check: it was not checked, and must not look as if it had been.
    fn is_read_by(&self, tasks: &[&LoadedTask]) -> anyhow::Result<()> {
        let names = |kind: fn(&Needs) -> bool| {
            let names = CHECKS.iter().filter(|it| kind(&it.needs)).map(|it| format!("`{}`", it.name));
            names.collect::<Vec<_>>().join(" or ")
        };
        let noun = if tasks.len() == 1 { "task" } else { "tasks" };
        let asked: Vec<String> = tasks.iter().map(|it| with_checks(it)).collect();
        let asked = format!("no check of the {noun} {}", asked.join(", "));
        let is_read =
            |kind: fn(&Needs) -> bool| tasks.iter().flat_map(|it| &it.checks).any(|it| kind(&it.needs()));
        if self.plan.is_some() && !is_read(|it| it.plan) {
            bail!(
                "{asked} reads {}: leave it out, choose another task, or list {} among the checks of a task in \
                 runtask.toml (docs/policies.md shows one)",
                self.plan_name(),
                names(|it| it.plan)
            );
        }
        if let Some(directory) = self.given.as_ref().filter(|_| !is_read(|it| it.configuration.is_some())) {
            bail!(
                "{asked} reads the configuration {}: leave it out{}, choose another task, or list {} among the checks \
                 of a task in runtask.toml",
                shown_path(directory),
                if self.plan.is_none() { " and name a plan" } else { "" },
                names(|it| it.configuration.is_some())
            );
        }
        Ok(())
    }

    /// Says what to name where nothing was checked at all.
    fn was_enough_for(&self, judged: &[Judged], tasks: &[&LoadedTask]) -> anyhow::Result<()> {
        let is_missing = |it: &CheckReport| it.findings.iter().any(|it| it.code == Code::NOT_GIVEN);
        if judged.iter().flat_map(|it| &it.reports).all(is_missing) {
            let wants = if tasks.iter().any(|it| it.reads_plan()) { "a plan" } else { "a directory" };
            let names: Vec<&str> = judged.iter().map(|it| it.task.as_str()).collect();
            bail!("nothing was named that the task {} reads: name {wants}", names.join(", "));
        }
        Ok(())
    }

    /// Says that what begins as a plan is no JSON, once and not for each check that it kept from running.
    fn plan_is_one(&self, mut plan: &File, judged: &[Judged]) -> anyhow::Result<()> {
        let hindered = |it: &Finding| [Code::UNREADABLE_PLAN, Code::CHECK_UNAVAILABLE].contains(&it.code);
        if !judged.iter().flat_map(|it| &it.reports).flat_map(|it| &it.findings).any(hindered) {
            return Ok(());
        }
        let name = self.plan_name();
        plan.rewind()?;
        match serde_json::from_reader::<_, IgnoredAny>(BufReader::new(plan)) {
            Err(error) if !error.is_io() => bail!(
                "{name} is not JSON (line {}, column {}): `terraform show -json FILE` prints a plan in JSON",
                error.line(),
                error.column()
            ),
            _ => Ok(()),
        }
    }

    /// The plan as JSON, from its beginning.
    async fn plan(
        &self,
        limit: u64,
        terraform: &Result<Terraform, FindError>,
    ) -> anyhow::Result<Option<File>> {
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
            return Ok(Some(plan.with_context(|| format!("{} cannot be checked", self.plan_name()))?));
        }
        if is_stream {
            return Err(NoPlanError::Saved)
                .with_context(|| format!("{} cannot be checked", self.plan_name()));
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
        let terraform = terraform.as_ref().map_err(|error| *error);
        let terraform = terraform.context("the plan is not JSON, and only terraform can convert it")?;
        Ok(Some(terraform.show_plan(&path, directory, limit).await.map_err(anyhow::Error::msg)?))
    }
}

/// The checkout that a directory is a part of.
fn checkout(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|it| it.join(".git").exists()).map(Path::to_path_buf)
}

/// Runs the checks of a task on the directory and the plan that were named.
async fn reports(task: &LoadedTask, inputs: &Inputs) -> Vec<CheckReport> {
    let mut reports = Vec::new();
    for check in &task.checks {
        let needs = check.needs();
        reports.push(if needs.configuration.is_some() && inputs.configuration.is_err() {
            not_given(&task.task, check.name(), "directory", "DIR")
        } else if needs.plan && inputs.plan.is_none() {
            not_given(&task.task, check.name(), "plan", "--plan FILE")
        } else {
            check.run(inputs, None).await
        });
    }
    reports
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

/// The one of both that says more: a failure, then that something could not be done.
fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (Exit::Passed, other) => other,
        (one, _) => one,
    }
}

/// Several tasks are told apart for people; for programs, and on a page, there is one document.
fn rendered(mut judged: Vec<Judged>, format: Format, run: &RunFacts, style: Style) -> String {
    let names = judged.iter().map(|it| it.task.as_str()).collect::<Vec<_>>().join(", ");
    let made = Date::of(now()).to_string();
    let details = PageDetails {
        task: Some(&names),
        facts: page_facts(run, None),
        made: Some(&made),
        ..PageDetails::default()
    };
    let render = |reports: &[CheckReport], verdict| match format {
        Format::Html => page(reports, verdict, &details),
        _ => render(format, reports, verdict, style),
    };
    if let [only] = judged.as_slice() {
        return render(&only.reports, only.verdict);
    }
    let failed = judged.iter().filter(|it| it.verdict == Verdict::Failed).count();
    if format == Format::Text {
        let of_task = |it: &Judged| format!("Task {}\n\n{}\n", it.task, render(&it.reports, it.verdict));
        let text: String = judged.iter().map(of_task).collect();
        return format!(
            "{text}{}: {} passed, {failed} failed\n",
            counted(judged.len(), "task"),
            judged.len() - failed
        );
    }
    let verdict = if failed == 0 { Verdict::Passed } else { Verdict::Failed };
    let reports: Vec<CheckReport> =
        judged.iter_mut().flat_map(|it| std::mem::take(&mut it.reports)).collect();
    render(&reports, verdict)
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
