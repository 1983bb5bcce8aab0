//! `runtask runner verify`: asks the function whether it could run jobs.

use crate::function::{FunctionArguments, LONGEST, said};
use clap::Args;
use runtask_findings::printable;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Value, json};
use std::fmt::Write;

/// Ask the Lambda function whether it could run jobs
///
/// It looks at its settings and its secret, at its token in GitLab, at the tools that jobs need, and at how well it is
/// closed off from jobs. It takes no job. Needs the right lambda:InvokeFunction on the function, and no other.
#[derive(Debug, Args)]
#[command(after_long_help = "Exit codes: 0 it could, 1 it could not, 2 it cannot be invoked.\n")]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) function: FunctionArguments,
}

pub(crate) async fn verify(arguments: &VerifyArguments, output: &Output) -> anyhow::Result<Exit> {
    let function = &arguments.function.function;
    let functions = arguments.function.functions(LONGEST).await?;
    let event = json!({"action": "verify"}).to_string().into_bytes();
    let answer = output.patiently("asking the function", functions.invoke(function, event)).await?;
    let value = said(function, &answer)?;
    if output.json {
        output.json(&value)?;
    } else {
        output.prose(&words(&value))?;
    }
    let is_well = value.get("problems").and_then(Value::as_array).is_none_or(Vec::is_empty);
    Ok(if is_well { Exit::Passed } else { Exit::Failed })
}

/// A line for each thing that it has looked at, and each problem.
fn words(answer: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &Value| {
        let value = match value {
            Value::Null => "none".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::String(text) => printable(text),
            other => printable(&other.to_string()),
        };
        let _infallible = writeln!(text, "{}: {value}", printable(name).replace('_', " "));
    };
    for (name, value) in answer.as_object().into_iter().flatten() {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, it)| line(name, it)),
            Value::Array(problems) => problems.iter().for_each(|it| line("problem", it)),
            it if name != "statusCode" => line(name, it),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_a_line_each() {
        let answer = json!({"statusCode": 500, "runner": 77, "token_expires_at": null, "sealed": true,
            "tools": {"git": "git version 2.39.5", "terraform": null}, "problems": ["there is no \u{1b}terraform"]});
        insta::assert_snapshot!(words(&answer), @r"
        problem: there is no \u{1b}terraform
        runner: 77
        sealed: yes
        token expires at: none
        git: git version 2.39.5
        terraform: none
        ");
    }
}
