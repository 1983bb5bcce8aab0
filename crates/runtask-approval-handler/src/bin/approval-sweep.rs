//! Runs the Lambda function `approval-sweep`: a schedule calls it once a minute, and whoever has just asked people.

use lambda_runtime::{LambdaEvent, service_fn};
use runtask_approval_handler::lambda::Start;
use runtask_approval_handler::sweep;
use runtask_lambda::{SweepEvent, now, run_function, time_left};
use serde_json::value::RawValue;
use std::process::ExitCode;
use std::time::Duration;

/// The time for one event where Lambda's own deadline makes no sense.
const OTHERWISE: Duration = Duration::from_secs(50);

fn main() -> ExitCode {
    run_function(async {
        let handler = Start::read().await?.sweep()?;
        lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let left = time_left(event.context.deadline, now(), OTHERWISE);
            let event = SweepEvent::parse(event.payload.get())?;
            // Boxed: with the futures of the runtime around it, the type is too deep for the compiler.
            Box::pin(sweep(&handler, &event, left)).await
        }))
        .await
    })
}
