//! `runtask policy explain`: says what rules demand, why, and how to mend what they find.

use super::rules::{policies, rules};
use crate::tasks_arguments::TasksArguments;
use anyhow::bail;
use clap::Args;
use runtask_policy::RuleEntry;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fmt::Write as _;

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The rule's code, such as public-s3-bucket
    #[arg(required_unless_present = "all")]
    pub(crate) rule: Option<String>,

    /// All rules
    #[arg(long, conflicts_with = "rule")]
    pub(crate) all: bool,

    /// As Markdown
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// The task, where the file has several
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

pub(crate) async fn explain(arguments: &ExplainArguments, output: &Output) -> anyhow::Result<Exit> {
    let policies = policies(&arguments.tasks, arguments.task.as_deref(), output).await?;
    let mut rules: Vec<RuleEntry> = rules(&policies).await?.into_iter().map(|(rule, _)| rule).collect();
    if let Some(code) = &arguments.rule {
        rules.retain(|it| it.code == *code);
        if rules.is_empty() {
            bail!("there is no rule {code}; `runtask policy list` lists the rules");
        }
    }
    // Of `deny` and `warn` of one package, one explains both.
    rules.dedup_by(|a, b| a.code == b.code && a.title == b.title);
    if output.json {
        output.json(&json!(rules))?;
        return Ok(Exit::Passed);
    }
    let pages: Vec<_> = rules.iter().map(|rule| page(rule, arguments.markdown)).collect();
    output.result(&pages.join("\n"))?;
    Ok(Exit::Passed)
}

/// What an author wrote is shown as it is written: it is Markdown, and it is theirs who run this.
fn page(rule: &RuleEntry, markdown: bool) -> String {
    let mut text = String::new();
    let heading = |name: &str| if markdown { format!("### {name}\n\n") } else { format!("{name}:\n") };
    let _infallible = if markdown {
        writeln!(text, "## {}\n\n{}.\n", rule.code, rule.title.trim_end_matches('.'))
    } else {
        writeln!(text, "{}: {}\n", rule.code, rule.title)
    };
    let severity = rule.severity.as_deref().unwrap_or("not said");
    let _infallible =
        writeln!(text, "Severity: {severity}. Written in `{}`, line {}.\n", rule.file, rule.line);
    if !rule.description.is_empty() {
        let _infallible = writeln!(text, "{}\n", rule.description);
    }
    if !rule.params.is_empty() {
        text.push_str(&heading("Parameters"));
        for (name, meaning) in &rule.params {
            let _infallible = writeln!(text, "- `{name}`: {}", meaning.replace('\n', "\n  "));
        }
        text.push('\n');
    }
    if !rule.fix.is_empty() {
        text.push_str(&heading("How to fix it"));
        let _infallible = writeln!(text, "{}\n", rule.fix);
    }
    if !rule.links.is_empty() {
        text.push_str(&heading("More"));
        for link in &rule.links {
            let _infallible = writeln!(text, "- <{link}>");
        }
    }
    text
}
