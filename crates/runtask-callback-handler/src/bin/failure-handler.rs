//! Runs the Lambda function `failure-handler`: each event is Lambda's record of a job that the callback handler gave
//! up.

use lambda_runtime::Error;
use runtask_callback_handler::FailureHandler;
use runtask_callback_handler::lambda::{Start, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let start = Start::read_leniently().await;
    let deadline = start.settings.deadline;
    let handler = FailureHandler::new(start.settings, start.claims, start.now)?;
    run(deadline, async |event, attempt| handler.run(event.get().as_bytes(), &attempt).await).await
}
