//! Finds the tasks that a command works with: those of a file, or the default without one.

use crate::shared::make_ready;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use runtask_checks::LoadedCheck;
use runtask_findings::{printable, shown_path};
use runtask_settings::SettingsReader;
use runtask_setup::{LoadedTask, TaskSet, TasksFile};
use runtask_tasks::DEFAULT_TASK;
use runtask_terminal::environment::{lookup, now};
use runtask_terminal::output::Output;
use std::path::{Path, PathBuf};

/// The file that is read where nobody names one.
const FILE: &str = "runtask.toml";

/// The setting that says what is checked without a file.
const CHECKS: &str = "RUNTASK_CHECKS";

/// Which tasks there are.
#[derive(Debug, Args)]
pub(crate) struct TasksArguments {
    /// The file with the tasks and their checks; runtask.toml, if there is one
    #[arg(long, value_name = "FILE", env = "RUNTASK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

impl TasksArguments {
    /// The file that is named, or the one that is here.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.named().or_else(|| Some(PathBuf::from(FILE)).filter(|it| it.is_file()))
    }

    fn named(&self) -> Option<PathBuf> {
        self.config.clone().filter(|it| !it.as_os_str().is_empty())
    }

    /// The environment, with the file that is named on the command line, or is here or in the `directory` that is checked,
    /// or else beside the `plan`. Who has `RUNTASK_CHECKS` set has no file, unless they name one.
    ///
    /// # Errors
    ///
    /// When there is a file here and another in the directory: whichever were taken, somebody would have meant the other. When
    /// policies that the file shares with others are not here, and cannot be fetched.
    pub(crate) async fn lookup(
        &self,
        directory: Option<&Path>,
        plan: Option<&Path>,
        output: &Output,
    ) -> anyhow::Result<impl Fn(&str) -> Option<String> + use<>> {
        let path = match self.named() {
            Some(path) => Some(path),
            None if has_checks(&lookup) => None,
            None => file_for(directory, plan)?,
        };
        if let Some(path) = &path {
            make_ready(path, output).await?;
        }
        let path = path.map(|it| it.to_string_lossy().into_owned());
        Ok(move |name: &str| if name == "RUNTASK_CONFIG" { path.clone() } else { lookup(name) })
    }

    /// The tasks of the file; without one, `otherwise` is its content. What is odd about the file is said on stderr,
    /// whatever is logged.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file and with the policies that it names.
    pub(crate) async fn read(&self, otherwise: &str, output: &Output) -> anyhow::Result<TaskSet> {
        let path = self.path();
        let content = match &path {
            Some(path) => {
                make_ready(path, output).await?;
                let content = TasksFile::read(path);
                content.with_context(|| format!("{} cannot be read", path.display()))?
            }
            None => TasksFile::fetched("what there is without a file", otherwise.into(), Path::new("")),
        };
        // `RUNTASK_CHECKS` is for those who have no file, and here is always one.
        let lookup = |name: &str| lookup(name).filter(|_| name != CHECKS);
        let mut settings = SettingsReader::new(&lookup);
        let tasks = TaskSet::read(&mut settings, Some(content), now());
        if !tasks.warnings.is_empty() {
            output.note(&format!("{}\n\n", tasks.warnings));
        }
        settings.finish().context("settings are wrong")?;
        Ok(tasks)
    }
}

fn has_checks(lookup: &impl Fn(&str) -> Option<String>) -> bool {
    lookup(CHECKS).is_some_and(|it| !it.is_empty())
}

/// The file of tasks here or in `directory`, or else beside `plan`.
fn file_for(directory: Option<&Path>, plan: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let file_in = |it: &Path| Some(it.join(FILE)).filter(|it| it.is_file());
    let (here, there) = (file_in(Path::new("")), directory.and_then(file_in));
    match (here, there) {
        (Some(here), Some(there)) if here.canonicalize()? != there.canonicalize()? => bail!(
            "there are {} and {}: say with --config which of them to use",
            shown_path(&here),
            shown_path(&there)
        ),
        (Some(only), _) | (None, Some(only)) => Ok(Some(only)),
        (None, None) => Ok(plan.and_then(Path::parent).and_then(file_in)),
    }
}

/// Says in a line on stderr where the tasks come from, as [`TasksArguments::lookup`] has it, and which are used.
pub(crate) fn say_which(lookup: &impl Fn(&str) -> Option<String>, tasks: &[&LoadedTask], output: &Output) {
    let noun = if tasks.len() == 1 { "Task" } else { "Tasks" };
    let tasks: Vec<String> = tasks.iter().map(|it| with_checks(it)).collect();
    output.note(&format!("{noun} {}: {}\n", origin(lookup), tasks.join(", ")));
}

/// Where the tasks come from, as [`TasksArguments::lookup`] has it: `of runtask.toml`, say.
pub(crate) fn origin(lookup: &impl Fn(&str) -> Option<String>) -> String {
    match lookup("RUNTASK_CONFIG") {
        Some(file) => format!("of {}", printable(&file)),
        None if has_checks(lookup) => format!("of {CHECKS}"),
        None => format!("without a {FILE}"),
    }
}

/// Such as `policy (plan-summary, policy)`.
pub(crate) fn with_checks(task: &LoadedTask) -> String {
    let checks = task.checks.iter().map(LoadedCheck::name).chain(task.task.sections.keys().copied());
    format!("{} ({})", task.task.name, checks.collect::<Vec<_>>().join(", "))
}

/// Refuses a plan for a task that reads none: whatever were in it, the task would say the same.
pub(crate) fn refuse_unread_plan(task: &LoadedTask) -> anyhow::Result<()> {
    if task.reads_plan() { Ok(()) } else { Err(unread(task, "a plan", "the plan")) }
}

/// Refuses a configuration, where it is all that is given, for a task that reads none.
pub(crate) fn refuse_unread_configuration(task: &LoadedTask) -> anyhow::Result<()> {
    if task.wanted_files().is_empty() {
        Err(unread(task, "a configuration", "the directory"))
    } else {
        Ok(())
    }
}

fn unread(task: &LoadedTask, noun: &str, given: &str) -> anyhow::Error {
    let checks: Vec<_> = task.checks.iter().map(LoadedCheck::name).collect();
    anyhow!(
        "no check of the task {} reads {noun}, its checks are {}: leave {given} out, or choose another task",
        task.task.name,
        checks.join(", ")
    )
}

/// The task of this name; without a name the only one, or `default`.
pub(crate) fn choose<'a>(all: &'a TaskSet, name: Option<&str>) -> anyhow::Result<&'a LoadedTask> {
    choose_or(all, name, "choose one with --task")
}

/// As [`choose`], with what to do where there are several.
pub(crate) fn choose_or<'a>(
    all: &'a TaskSet,
    name: Option<&str>,
    advice: &str,
) -> anyhow::Result<&'a LoadedTask> {
    let names = all.names().collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        return all.get(name).with_context(|| format!("there is no task {name}; there are {names}"));
    }
    let mut tasks = all.iter();
    match (tasks.next(), tasks.next()) {
        (Some(only), None) => Ok(only),
        _ => match all.get(DEFAULT_TASK) {
            Some(task) => Ok(task),
            None => bail!("there are several tasks ({names}): {advice}"),
        },
    }
}
