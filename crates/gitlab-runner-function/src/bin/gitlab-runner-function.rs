//! Runs the Lambda function that runs jobs.

use gitlab_runner::{Stop, Stopper};
use gitlab_runner_function::RunnerSettings;
use gitlab_runner_function::lambda::{
    clients, clock, diagnostic, invocation, leftovers, lookup, now, read_file, start_log, tickets,
};
use gitlab_runner_function::{Parts, Runner};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use runtask_process::{hide_from_others, let_children_be_interrupted};
use serde_json::Value;
use serde_json::value::RawValue;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing::error;

/// How long the last answer may take to be gone, when the process has to end.
const LAST_ANSWER: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    hide_from_others();
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("the function cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

// One event at a time: threads are for files, not for a second event.
#[tokio::main(flavor = "current_thread")]
async fn work() -> Result<(), Error> {
    let log = start_log();
    let_children_be_interrupted()?;
    let leftovers = leftovers()?;
    let (stopper, stopping) = Stopper::new();
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        terminated.recv().await;
        stopper.stop(Stop::Shutdown);
    });
    let settings = match RunnerSettings::read(&lookup, read_file) {
        Ok(settings) => settings,
        // Whoever invokes the function hears what is wrong.
        Err(problems) => {
            error!("settings are wrong: {problems}");
            let answer = async |_event: LambdaEvent<Box<RawValue>>| {
                Err::<Value, _>(diagnostic("Runner.Settings", &problems, &log))
            };
            let stopped = async { stopping.clone().stopped().await };
            return tokio::select! {
                ran = lambda_runtime::run(service_fn(answer)) => ran,
                _ = stopped => Ok(()),
            };
        }
    };
    let table = settings.gitlab.ticket_table.as_deref().map(tickets);
    let (log_of_runner, told) = (log.clone(), stopping.clone());
    let parts = Parts {
        settings,
        clients: clients(),
        tickets: table,
        lookup,
        now,
        clock,
        log: log_of_runner,
        stopping: told,
    };
    let runner = Runner::new(parts, leftovers);
    let handle = async |event: LambdaEvent<Box<RawValue>>| {
        let invocation = invocation(&event.context);
        // Boxed: the future of a whole job inside those of the runtime is a type too deep for the compiler.
        let handled = Box::pin(runner.handle(event.payload.get().as_bytes(), &invocation)).await;
        handled.map_err(|failed| -> Diagnostic { diagnostic(failed.kind(), &failed, &log) })
    };
    let ended = async {
        stopping.clone().stopped().await;
        runner.idle().await;
        tokio::time::sleep(LAST_ANSWER).await;
    };
    tokio::select! {
        ran = lambda_runtime::run(service_fn(handle)) => ran,
        () = ended => Ok(()),
    }
}
