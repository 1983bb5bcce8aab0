//! `runtask policy files`: lists the files that `runtask.toml` needs, after seeing that a run task would start with them.

use crate::tasks_arguments::TasksArguments;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use runtask_findings::{printable, printable_lines};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

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
    }
    let tried = set.try_out().await;
    for warning in &tried.warnings {
        output.note(&format!("warning: {}\n", printable_lines(warning)));
    }
    if !tried.errors.is_empty() {
        bail!("{}", printable_lines(&tried.errors.join("\n")));
    }
    let text = |it: PathBuf| it.into_os_string().into_string();
    let files: Result<Vec<String>, _> = files.into_iter().map(text).collect();
    let files = files.map_err(|name| anyhow!("{} is no name that every system can have", name.display()))?;
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
