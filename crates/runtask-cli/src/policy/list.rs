//! `runtask policy list`: lists rules.

use super::rules::{policies, rules};
use crate::tasks_arguments::TasksArguments;
use clap::Args;
use runtask_findings::printable;
use runtask_policy::{RuleEntry, RuleKind};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

pub(crate) async fn list(arguments: &ListArguments, output: &Output) -> anyhow::Result<Exit> {
    let policies = policies(&arguments.tasks, arguments.task.as_deref(), output).await?;
    let rules = rules(&policies).await?;
    if output.json {
        let all: Vec<_> = rules.iter().map(|(rule, tasks)| json!({ "rule": rule, "tasks": tasks })).collect();
        output.json(&json!(all))?;
        return Ok(Exit::Passed);
    }
    let rows: Vec<[String; 4]> = rules.iter().map(|(rule, _)| row(rule)).collect();
    let header = ["RULE", "SEVERITY", "KIND", "TITLE"].map(str::to_owned);
    let all = || std::iter::once(&header).chain(&rows);
    let width = |column: usize| all().filter_map(|it| it.get(column)).map(|it| it.chars().count()).max();
    let [code, severity, kind] = [0, 1, 2].map(|it| width(it).unwrap_or(0));
    let mut text = String::new();
    for [a, b, c, title] in all() {
        let line = format!("{a:code$}  {b:severity$}  {c:kind$}  {title}");
        let _infallible = writeln!(text, "{}", line.trim_end());
    }
    let _infallible = writeln!(text, "\n`runtask policy explain RULE` says more of one.");
    output.result(&text)?;
    Ok(Exit::Passed)
}

fn row(rule: &RuleEntry) -> [String; 4] {
    let kind = match rule.kind {
        RuleKind::Deny => "deny",
        RuleKind::Warn => "warn",
        RuleKind::Test => "test",
    };
    let severity = rule.severity.as_deref().unwrap_or("–");
    let title = format!("{} ({}:{})", rule.title, rule.file, rule.line);
    [&rule.code, severity, kind, &title].map(printable)
}
