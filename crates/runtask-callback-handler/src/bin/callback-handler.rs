//! The Lambda function `callback-handler`: a job is an event.

use lambda_runtime::Error;
use runtask_callback_handler::Handler;
use runtask_callback_handler::lambda::{Start, run};
use runtask_protocol::Job;

// One event at a time: threads are for unpacking, not for a second event.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let start = Start::read()?;
    let handler = Handler::new(start.settings, start.claims, start.now)?;
    run(handler.settings().deadline, async |event, attempt| {
        let job = Job::parse(event.get().as_bytes())?;
        Ok(handler.run(job, attempt).await?)
    })
    .await
}
