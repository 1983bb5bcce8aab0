//! Runs the Lambda function `callback-handler`: each event is a job.

use lambda_runtime::Error;
use runtask_callback_handler::lambda::{Start, run};
use runtask_callback_handler::{Handler, NoPeople};
use runtask_log::{Chain, event};
use runtask_process::hide_from_others;
use runtask_protocol::Job;
use std::process::ExitCode;
use tracing::error;

fn main() -> ExitCode {
    hide_from_others();
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(event = event::FUNCTION_NOT_STARTED, error = %Chain(&*error), "the function cannot start");
            ExitCode::FAILURE
        }
    }
}

// One event at a time: threads are for unpacking, not for a second event.
#[tokio::main(flavor = "current_thread")]
async fn work() -> Result<(), Error> {
    let start = Start::read().await?;
    let handler = Handler::<_, NoPeople>::new(start.settings, start.claims, None, start.now)?;
    run(handler.settings().deadline, async |event, attempt| {
        let job = Job::parse(event.get().as_bytes())?;
        Ok(handler.run(job, attempt).await?)
    })
    .await
}
