//! `runtask runner stop`: ends the `watch` of a function on this machine.

use crate::watching;
use clap::Args;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;

/// End the `watch` of a function that runs on this machine
///
/// Waits until it has its last answer: a job that is at work is not stopped, which GitLab's Cancel does. Nothing runs
/// between invocations, so there is nothing else to stop.
#[derive(Debug, Args)]
#[command(after_long_help = "Exit codes: 0 it has ended, 1 nobody watches the function here.\n")]
pub(crate) struct StopArguments {
    /// The function, as it was named to `watch`
    #[arg(value_name = "FUNCTION", env = "RUNNER_FUNCTION")]
    pub(crate) function: String,
}

pub(crate) async fn stop(arguments: &StopArguments, output: &Output) -> anyhow::Result<Exit> {
    let function = arguments.function.clone();
    let ended = tokio::task::spawn_blocking(move || watching::end(&function));
    let was_watched = output.patiently("waiting for its last answer", ended).await??;
    let function = &arguments.function;
    if output.json {
        output.json(&json!({"function": function, "was_watched": was_watched}))?;
    } else if was_watched {
        output.prose(&format!("{function} is not watched any more\n"))?;
    } else {
        output.prose(&format!("nobody watches {function} on this machine\n"))?;
    }
    Ok(if was_watched { Exit::Passed } else { Exit::Failed })
}
