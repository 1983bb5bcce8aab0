//! Runs the Lambda function `callback-handler` where people approve runs: it is the same, and can ask them.

use runtask_approval_handler::Asker;
use runtask_callback_handler::lambda::{Start, work};
use runtask_lambda::run_function;
use runtask_process::hide_from_others;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    hide_from_others();
    run_function(async {
        let start = Start::read_asking().await?;
        let people = match &start.settings.tasks.asking {
            Some(_) => Some(Arc::new(Asker::read().await?)),
            None => None,
        };
        work(start, people).await
    })
}
