//! Says whose policies a command works with: those of paths that are named, or of a task.

use super::rules::policies;
use crate::tasks_arguments::TasksArguments;
use anyhow::Context;
use clap::Args;
use runtask_findings::{printable, printable_lines};
use runtask_policy::{DataPath, MemoryLimit, Policy, PolicyPath, PolicySettings, UnavailableError, Unknown};
use runtask_settings::SettingsReader;
use runtask_sources::Places;
use runtask_terminal::environment::lookup;
use runtask_terminal::output::Output;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct SourceArguments {
    /// Files and directories with policies; those of the task unless given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Files and directories with data for them
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

impl SourceArguments {
    /// The policies, one for each task that has some.
    pub(crate) async fn policies(&self, output: &Output) -> anyhow::Result<Vec<Policy>> {
        if !self.paths.is_empty() {
            return Ok(vec![self.named()?]);
        }
        let of_tasks = policies(&self.tasks, self.task.as_deref(), output).await?;
        Ok(of_tasks.into_iter().map(|(_task, policy)| policy).collect())
    }

    /// The policies of one task.
    pub(crate) async fn policy(&self, output: &Output) -> anyhow::Result<Policy> {
        let mut policies = self.policies(output).await?;
        match (policies.pop(), policies.is_empty()) {
            (Some(policy), true) => Ok(policy),
            _ => anyhow::bail!("several tasks have policies; name one with --task"),
        }
    }

    /// The policies that the command line names.
    fn named(&self) -> anyhow::Result<Policy> {
        let settings = PolicySettings {
            paths: self.paths.iter().cloned().map(PolicyPath::Path).collect(),
            data: self.data.iter().cloned().map(DataPath::Path).collect(),
            namespaces: None,
            unknown: Unknown::default(),
            params: json!({}),
            exceptions: Vec::new(),
            time_limit: PolicySettings::TIME_LIMIT,
        };
        let mut environment = SettingsReader::new(&lookup);
        let memory = MemoryLimit::from_settings(&mut environment);
        environment.finish().context("settings are wrong")?;
        Ok(Policy::load("", &settings, &Places::new(Path::new(""), None), memory)?)
    }
}

/// Every reason, each with what stands at its place.
pub(super) fn all_reasons(error: &UnavailableError) -> anyhow::Error {
    let reasons = error.troubles().into_iter().map(|it| match it.excerpt.is_empty() {
        true => printable(&it.summary),
        false => printable_lines(&format!("{}\n{}", it.summary, it.excerpt)),
    });
    anyhow::Error::msg(reasons.collect::<Vec<_>>().join("\n"))
}
