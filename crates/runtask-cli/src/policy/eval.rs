//! `runtask policy eval`: answers a query.

use super::sources::{SourceArguments, all_reasons};
use crate::plan_file::plan_file;
use anyhow::Context;
use clap::Args;
use runtask_findings::printable_lines;
use runtask_policy::Solution;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_long_help = EVAL_HELP)]
pub(crate) struct EvalArguments {
    /// The query, such as data.main.deny
    #[arg(value_name = "QUERY")]
    pub(crate) query: String,

    /// What the query is asked about: a plan in JSON, or any other JSON; `-` for stdin
    #[arg(long, short, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) sources: SourceArguments,
}

const EVAL_HELP: &str = "\
Examples:
  runtask policy eval data.main.deny policies/ --input plan.json
  runtask policy eval 'r := input.resource_changes[_]; r.change.actions == [\"delete\"]' --input plan.json
  runtask policy eval 'data.runtask.plan.touched_of(\"aws_s3_bucket\")[_].address' --input plan.json

A query that is one term gives its value, any other one its variables, once for each way in which it holds.
What is known only after apply is \"(known after apply)\", and `hangs_on` says on which attributes a solution hangs.
No text or number that the plan marks as sensitive is shown; what a policy computes from one is.

Exit codes: 0 it holds, 1 it is undefined, 2 it could not be answered.
";

pub(crate) async fn eval(arguments: &EvalArguments, output: &Output) -> anyhow::Result<Exit> {
    let policy = arguments.sources.policy(output).await?;
    let input = arguments.input.as_deref().map(plan_file).transpose()?;
    let answer = policy.query(&arguments.query, input).await;
    let solutions = answer.map_err(|error| all_reasons(&error)).context("the query cannot be answered")?;
    if output.json {
        output.json(&json!({ "solutions": solutions }))?;
    } else {
        let texts = solutions.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        output.result(&texts.concat())?;
    }
    if solutions.is_empty() {
        output.note("undefined\n");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Passed)
}

fn text(solution: &Solution) -> anyhow::Result<String> {
    let value = serde_json::to_string_pretty(&solution.value)?;
    let hangs_on = solution.hangs_on.iter().map(|(address, attribute)| format!("{address} {attribute}"));
    let hangs_on: Vec<String> = hangs_on.collect();
    Ok(match hangs_on.is_empty() {
        true => printable_lines(&format!("{value}\n")),
        false => printable_lines(&format!("{value}\n  hangs on: {}\n", hangs_on.join(", "))),
    })
}
