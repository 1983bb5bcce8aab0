//! `runtask policy files`: lists the files that `runtask.toml` needs, after seeing that a run task would start with them.

use crate::exit::Exit;
use crate::output::Output;
use crate::tasks_arguments::TasksArguments;
use anyhow::Context;
use clap::Args;
use runtask_findings::printable;
use runtask_policy::Policy;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;

#[derive(Debug, Args)]
#[command(after_long_help = FILES_HELP)]
pub(crate) struct FilesArguments {
    #[command(flatten)]
    pub(crate) tasks: TasksArguments,
}

const FILES_HELP: &str = "\
The first line is the file itself, the others are relative to its directory. With --json: the file, its tasks, its files.
Exit codes: 0 a run task would start with them, 2 it would not, for the reasons on stderr.
";

pub(crate) async fn files(arguments: &FilesArguments, output: &Output) -> anyhow::Result<Exit> {
    let file = arguments.tasks.path().context("there is no runtask.toml here; name one with --config")?;
    let set = arguments.tasks.read("", output)?;
    let mut files = BTreeSet::new();
    for task in set.iter() {
        for check in &task.checks {
            files.extend(check.files());
        }
        // What cannot be compiled would fail every run.
        if let Some(policy) = task.checks.iter().find_map(|it| it.get::<Policy>()) {
            policy.rules().await.with_context(|| format!("the policies of task {}", task.task.name))?;
        }
    }
    // As JSON holds them, and as the file does, where they were read as texts.
    let files: Vec<String> = files.into_iter().map(|it| it.to_string_lossy().into_owned()).collect();
    if output.json {
        let tasks: Vec<&str> = set.names().collect();
        output.json(&json!({ "file": file.to_string_lossy(), "tasks": tasks, "files": files }))?;
        return Ok(Exit::Passed);
    }
    let mut text = printable(&file.to_string_lossy()) + "\n";
    for file in &files {
        let _infallible = writeln!(text, "{}", printable(file));
    }
    output.result(&text)?;
    Ok(Exit::Passed)
}
