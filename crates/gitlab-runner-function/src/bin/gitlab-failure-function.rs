//! Runs the Lambda function that ends the jobs of a runner function which has died: its on-failure destination.

use gitlab_runner_function::GitLabSettings;
use gitlab_runner_function::lambda::{clients, diagnostic, lookup, now, read_file, start_log, tickets};
use gitlab_runner_function::undertake;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use runtask_process::hide_from_others;
use serde_json::value::RawValue;
use tracing::error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    hide_from_others();
    let log = start_log();
    let settings =
        GitLabSettings::read(&lookup, read_file).inspect_err(|it| error!("settings are wrong: {it}"))?;
    let store = tickets(settings.ticket_table.as_deref().unwrap_or_default());
    let clients = clients();
    // Values are encrypted for the function that has died.
    let function = lookup("RUNNER_FUNCTION").unwrap_or_default();
    let handle = async |_event: LambdaEvent<Box<RawValue>>| {
        let undertaken = undertake(&settings, &function, &clients, store.clone(), lookup, now, &log).await;
        undertaken.map_err(|failed| diagnostic("Runner.NotUndertaken", &failed, &log))
    };
    lambda_runtime::run(service_fn(handle)).await
}
