//! Runs a function's process, from its first line to its end.

use runtask_log::{Chain, event};
use std::error::Error;
use std::process::ExitCode;
use tracing::error;

/// Runs `work`, which takes events for as long as the process lives, on this thread: Lambda gives a process one event at a
/// time, and a second thread would cost memory and start-up time for nothing. What keeps it from starting is logged.
pub fn run_function(work: impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(event = event::FUNCTION_NOT_STARTED, error = %Chain(&*error), "the function cannot start");
            ExitCode::FAILURE
        }
    }
}
