//! Runs the Lambda function `callback-handler`: each event is a job.

use runtask_callback_handler::NoPeople;
use runtask_callback_handler::lambda::{Start, work};
use runtask_lambda::run_function;
use runtask_process::hide_from_others;
use std::process::ExitCode;

fn main() -> ExitCode {
    hide_from_others();
    run_function(async { work::<NoPeople>(Start::read().await?, None).await })
}
