//! `runtask policy explain-result`: says why a rule found what it found in a plan, and why not more.

use super::seen::times;
use super::sources::{SourceArguments, all_reasons};
use crate::plan_file::plan_file;
use anyhow::{Context, bail};
use clap::Args;
use runtask_findings::printable;
use runtask_policy::{Explanation, SeenExpression};
use runtask_tasks::RunFacts;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_long_help = EXPLAIN_HELP)]
pub(crate) struct ExplainResultArguments {
    /// The plan in JSON; `-` for stdin
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,

    /// The rule's code, such as public-s3-bucket
    #[arg(long, value_name = "CODE")]
    pub(crate) rule: String,

    /// The resource; the plan is looked at as if it changed nothing else
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<String>,

    #[command(flatten)]
    pub(crate) sources: SourceArguments,
}

const EXPLAIN_HELP: &str = "\
Lists the expressions of the rule's file that did not hold, each with the values that it looked at when that happened for
the last time: `r.change.after.acl in public_acls: \"private\", {\"public-read\"}`. Those that were never come to stand
behind one that did not hold.

No text or number that the plan marks as sensitive is shown, nor a text that a policy has computed: `(computed text)`.
";

pub(crate) async fn explain_result(
    arguments: &ExplainResultArguments,
    output: &Output,
) -> anyhow::Result<Exit> {
    let policy = arguments.sources.policy(output).await?;
    let plan = plan_file(&arguments.plan)?;
    let explained =
        policy.explain(&arguments.rule, plan, arguments.address.as_deref(), &RunFacts::default()).await;
    let explanation = explained.map_err(|error| all_reasons(&error)).context("the rule cannot be asked")?;
    let files: Vec<&str> = explanation.rules.iter().map(|(rule, _)| rule.file.as_str()).collect();
    if files.is_empty() {
        bail!("there is no rule {}; `runtask policy list` lists the rules", arguments.rule);
    }
    let seen: Vec<&SeenExpression> =
        explanation.seen.iter().filter(|it| files.contains(&it.file.as_str())).collect();
    if output.json {
        let rules = explanation.rules.iter();
        let rules: Vec<_> = rules.map(|(rule, found)| json!({ "path": rule.path, "found": found })).collect();
        output.json(&json!({ "rules": rules, "expressions": seen }))?;
    } else {
        output.result(&text(&explanation, &seen))?;
    }
    Ok(Exit::Passed)
}

fn text(explanation: &Explanation, seen: &[&SeenExpression]) -> String {
    let mut text = String::new();
    for (rule, found) in &explanation.rules {
        let _infallible =
            writeln!(text, "{} ({}:{})", printable(&rule.path), printable(&rule.file), rule.line);
        for message in found {
            let _infallible = writeln!(text, "  found: {}", printable(message));
        }
        if found.is_empty() {
            text.push_str("  found nothing\n");
        }
    }
    let mut file = None;
    let failed = seen.iter().filter(|it| it.failed > 0 && !it.values.is_empty());
    for expression in failed {
        if file != Some(&expression.file) {
            file = Some(&expression.file);
            let _infallible = writeln!(text, "\nWhat did not hold in {}:", printable(&expression.file));
        }
        let SeenExpression { line, text: written, failed, values, .. } = expression;
        let values: Vec<String> = values.iter().map(|it| printable(it)).collect();
        let _infallible = writeln!(text, "  line {line}: {}", printable(written));
        let _infallible = writeln!(text, "    {}; the last time with {}", times(*failed), values.join(", "));
    }
    let reached: HashSet<u32> = seen.iter().filter(|it| it.reached > 0).map(|it| it.line).collect();
    let mut lines: Vec<u32> = seen.iter().map(|it| it.line).filter(|it| !reached.contains(it)).collect();
    lines.sort_unstable();
    lines.dedup();
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
        let _infallible = writeln!(text, "\nNever come to: lines {}", lines.join(", "));
    }
    text
}
