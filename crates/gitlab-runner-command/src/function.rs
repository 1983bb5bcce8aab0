//! The Lambda function that is a runner, and what it is asked. All of it needs the right `lambda:InvokeFunction`, and no
//! other.

use crate::aws::AwsArguments;
use clap::{Args, ValueEnum};
use runtask_aws::{Answer, Functions};
use runtask_findings::printable;
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than any function may run, which is 900 seconds.
pub(crate) const LONGEST: Duration = Duration::from_secs(960);

/// Which function.
#[derive(Debug, Args)]
pub(crate) struct FunctionArguments {
    /// The function that is the runner: its name or ARN
    #[arg(value_name = "FUNCTION", env = "RUNNER_FUNCTION")]
    pub(crate) function: String,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

/// Whose credentials of the secret jobs get as AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    Aws,
    Scaleway,
}

/// The event that asks for jobs.
pub(crate) fn poll_event(platform: Option<Platform>) -> Value {
    match platform {
        None => json!({"action": "poll"}),
        Some(Platform::Aws) => json!({"TARGET_CLOUD_PLATFORM": "aws"}),
        Some(Platform::Scaleway) => json!({"TARGET_CLOUD_PLATFORM": "scaleway"}),
    }
}

impl FunctionArguments {
    /// What calls functions, and waits so long.
    pub(crate) async fn functions(&self, budget: Duration) -> anyhow::Result<Functions> {
        Ok(Functions::new(&self.aws.config(&self.function).await?, budget))
    }
}

/// Why a function's answer is an error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Asking again would be answered in the same way: its settings, its secret or its token are wrong.
    #[error("{function} cannot run jobs: {message}")]
    Refused { function: String, message: String },
    /// It may be another time.
    #[error("{function} ended with an error: {message}")]
    Failed { function: String, message: String },
    /// It is another function.
    #[error("{0} gave an answer that is none of a runner; is it the right function?")]
    Strange(String),
}

/// The names of errors that stay.
const STAYING: [&str; 5] =
    ["Runner.Refused", "Runner.Secret", "Runner.Settings", "Runner.NotSealed", "Runner.Event"];

/// What a function says, where it is no error.
pub(crate) fn said(function: &str, answer: &Answer) -> Result<Value, NoAnswer> {
    let strange = || NoAnswer::Strange(function.to_owned());
    let value: Value = serde_json::from_slice(&answer.payload).map_err(|_no_json| strange())?;
    if !answer.is_error {
        return if value.is_object() { Ok(value) } else { Err(strange()) };
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or("it does not say why");
    let (function, message) = (function.to_owned(), printable(text("errorMessage")));
    Err(if STAYING.contains(&text("errorType")) {
        NoAnswer::Refused { function, message }
    } else {
        NoAnswer::Failed { function, message }
    })
}
