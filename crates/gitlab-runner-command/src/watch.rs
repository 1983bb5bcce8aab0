//! `runtask runner watch`: keeps the function asking for jobs, and shows what it says.

use crate::answer::PollAnswer;
use crate::function::{FunctionArguments, LONGEST, NoAnswer, Platform, poll_event, said};
use crate::watching;
use anyhow::{Context, bail};
use clap::Args;
use runtask_aws::InvokeError;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use runtask_terminal::signals::Signals;
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// How often in a row the function may end with an error.
const FAILURES: u32 = 3;

/// Keep the Lambda function asking for jobs, and show what it says
///
/// Invokes the function again and again, waits for each answer, and prints its jobs. Ctrl-C, SIGTERM or `runtask runner
/// stop` end it after the answer that it waits for; a second Ctrl-C ends it at once, and the function goes on to its own
/// end. Needs the right lambda:InvokeFunction on the function, and no other.
#[derive(Debug, Args)]
#[command(after_long_help = WATCH_HELP)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    pub(crate) function: FunctionArguments,

    /// Whose keys of the secret jobs get as AWS's
    #[arg(long, value_enum, value_name = "CLOUD")]
    pub(crate) platform: Option<Platform>,

    /// Seconds between two invocations
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) pause_seconds: u64,

    /// Invoke it once
    #[arg(long)]
    pub(crate) once: bool,
}

const WATCH_HELP: &str = "\
With --json, the answers as the function gave them, one a line.

The function waits some seconds for a job in each invocation (RUNNER_IDLE_SECONDS of its settings), which are paid for. A
Job Hook in place of `watch` starts it when there is a job, and at no other time: docs/gitlab-runner.md.

Exit codes: 0 it was ended, 1 the function cannot run jobs, as its token is refused, 2 the function cannot be invoked or fails again and again.
";

pub(crate) async fn watch(arguments: &WatchArguments, output: &Output) -> anyhow::Result<Exit> {
    let function = &arguments.function.function;
    let mut signals = Signals::listen()?;
    let _for_as_long = watching::begin(function)?;
    let event = poll_event(arguments.platform).to_string();
    let mut failures = 0;
    loop {
        // Anew each time: those of a sign-on run out.
        let functions = arguments.function.functions(LONGEST).await?;
        let mut answer = std::pin::pin!(functions.invoke(function, event.clone().into_bytes()));
        let (answer, is_ending) = tokio::select! {
            answer = &mut answer => (answer, false),
            _ = signals.next() => {
                output.note("ending with the next answer; a second time ends at once\n");
                tokio::select! {
                    answer = &mut answer => (answer, true),
                    number = signals.next() => return Ok(Exit::Signal(number)),
                }
            }
        };
        match answer {
            Ok(answer) => match said(function, &answer) {
                Ok(value) => {
                    failures = 0;
                    show(&value, output)?;
                }
                Err(error @ NoAnswer::Refused { .. }) => {
                    output.error(&error.into());
                    return Ok(Exit::Failed);
                }
                Err(error) if failures + 1 < FAILURES && !arguments.once && !is_ending => {
                    failures += 1;
                    output.note(&format!("{error}; trying again\n"));
                }
                Err(error) => return Err(error.into()),
            },
            Err(InvokeError::Busy) if arguments.once => bail!("{function} is at work already"),
            Err(InvokeError::Busy) => output.note(&format!("{function} is at work for somebody else\n")),
            Err(error) => return Err(error.into()),
        }
        if is_ending || arguments.once {
            return Ok(Exit::Passed);
        }
        tokio::select! {
            () = sleep(Duration::from_secs(arguments.pause_seconds)) => {}
            _ = signals.next() => return Ok(Exit::Passed),
        }
    }
}

fn show(value: &Value, output: &Output) -> anyhow::Result<()> {
    if output.json {
        return output.result(&format!("{value}\n"));
    }
    let answer: PollAnswer = serde_json::from_value(value.clone())
        .context("the answer is none of a runner; is it the right function?")?;
    output.prose(&answer.words(output.color))
}
