//! `runtask runner start`: has the function ask for jobs, and does not wait.

use crate::function::{FunctionArguments, Platform, poll_event};
use clap::Args;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::time::Duration;

/// How long Lambda may take to queue the event.
const LIMIT: Duration = Duration::from_secs(30);

/// Have the Lambda function ask for jobs once, without waiting for it
///
/// Needs the right lambda:InvokeFunction on the function, and no other. What becomes of the jobs is in GitLab.
#[derive(Debug, Args)]
#[command(after_long_help = START_HELP)]
pub(crate) struct StartArguments {
    #[command(flatten)]
    pub(crate) function: FunctionArguments,

    /// Whose keys of the secret jobs get as AWS's
    #[arg(long, value_enum, value_name = "CLOUD")]
    pub(crate) platform: Option<Platform>,
}

const START_HELP: &str = "\
Example:
  runtask runner start gitlab-runner

The same with the AWS CLI:
  aws lambda invoke --function-name gitlab-runner --invocation-type Event \\
    --cli-binary-format raw-in-base64-out --payload '{\"action\":\"poll\"}' /dev/null

Exit codes: 0 Lambda has taken it, 2 it has not.
";

pub(crate) async fn start(arguments: &StartArguments, output: &Output) -> anyhow::Result<Exit> {
    let function = &arguments.function.function;
    let functions = arguments.function.functions(LIMIT).await?;
    let event = poll_event(arguments.platform).to_string().into_bytes();
    output.patiently("calling Lambda", functions.invoke_event(function, event)).await?;
    if output.json {
        output.json(&json!({"function": function, "started": true}))?;
    } else {
        output.prose(&format!("{function} is started; its jobs are seen in GitLab\n"))?;
    }
    Ok(Exit::Passed)
}
