//! Finds the tasks that a command works with: those of a file, or the default without one.

use crate::environment::{lookup, now};
use crate::output::Output;
use anyhow::{Context, bail};
use clap::Args;
use runtask_settings::SettingsReader;
use runtask_setup::{LoadedTask, TaskSet, TasksFile};
use runtask_tasks::DEFAULT_TASK;
use std::path::{Path, PathBuf};

/// The file that is read where nobody names one.
const FILE: &str = "runtask.toml";

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
        let here = || Some(PathBuf::from(FILE)).filter(|it| it.is_file());
        self.config.clone().filter(|it| !it.as_os_str().is_empty()).or_else(here)
    }

    /// The environment, with the file that is named on the command line, or is here. Who has `RUNTASK_CHECKS` set has no
    /// file, unless they name one.
    pub(crate) fn lookup(&self) -> impl Fn(&str) -> Option<String> + use<> {
        let has_checks = lookup("RUNTASK_CHECKS").is_some_and(|it| !it.is_empty());
        let path = if has_checks { self.config.clone() } else { self.path() };
        let path = path.map(|it| it.to_string_lossy().into_owned());
        move |name| if name == "RUNTASK_CONFIG" { path.clone() } else { lookup(name) }
    }

    /// The tasks of the file; without one, `otherwise` is its content. What is odd about the file is said on stderr,
    /// whatever is logged.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file and with the policies that it names.
    pub(crate) fn read(&self, otherwise: &str, output: &Output) -> anyhow::Result<TaskSet> {
        let path = self.path();
        let content = match &path {
            Some(path) => {
                let content = TasksFile::read(path);
                content.with_context(|| format!("{} cannot be read", path.display()))?
            }
            None => TasksFile::fetched("what there is without a file", otherwise.into(), Path::new("")),
        };
        // `RUNTASK_CHECKS` is for those who have no file, and here is always one.
        let lookup = |name: &str| lookup(name).filter(|_| name != "RUNTASK_CHECKS");
        let mut settings = SettingsReader::new(&lookup);
        let tasks = TaskSet::read(&mut settings, Some(content), now());
        if !tasks.warnings.is_empty() {
            output.note(&format!("{}\n\n", tasks.warnings));
        }
        settings.finish().context("settings are wrong")?;
        Ok(tasks)
    }
}

/// The task of this name; without a name the only one, or `default`.
pub(crate) fn choose<'a>(all: &'a TaskSet, name: Option<&str>) -> anyhow::Result<&'a LoadedTask> {
    let names = all.names().collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        return all.get(name).with_context(|| format!("there is no task {name}; there are {names}"));
    }
    let mut tasks = all.iter();
    match (tasks.next(), tasks.next()) {
        (Some(only), None) => Ok(only),
        _ => match all.get(DEFAULT_TASK) {
            Some(task) => Ok(task),
            None => bail!("there are several tasks; choose one with --task: {names}"),
        },
    }
}
