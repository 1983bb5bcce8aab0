//! Runs one program of a job: what it prints goes into the log, and it is stopped when it has to be.

use crate::log::Log;
use crate::stop::Stop;
use runtask_process::{Program, Running, StopSignal};
use std::future::Future;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// What is read of a program's output at a time.
const CHUNK: usize = 64 * 1024;

/// How long output is waited for of whoever has left the program's group and keeps its pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a program came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code; 128 and the signal's number where a signal ended it.
    Exited(i32),
    /// It was stopped.
    Stopped(Stop),
}

/// Runs `program` to its end, or until `stop` says why not; then `ladder` says by which signals. Whoever is left of its
/// group is killed. What is to stop already is not started: it could do something before it hears of it.
///
/// # Errors
///
/// When it cannot be started, or the system does not say how it ended.
pub(crate) async fn run_logged(
    program: Program,
    log: &Log,
    stop: impl Future<Output = Stop>,
    ladder: impl FnOnce(Stop) -> Vec<(StopSignal, Duration)>,
) -> io::Result<End> {
    let mut stop = pin!(stop);
    tokio::select! {
        biased;
        why = &mut stop => return Ok(End::Stopped(why)),
        () = std::future::ready(()) => {}
    }
    let (mut running, mut output) = program.start_with_one_output()?;
    let mut copied = pin!(async {
        let mut chunk = Vec::with_capacity(CHUNK);
        while output.read_buf(&mut chunk).await.is_ok_and(|it| it > 0) {
            log.output(&chunk);
            chunk.clear();
        }
    });
    let mut ended = pin!(end(&mut running, stop, ladder));
    let early = tokio::select! {
        end = &mut ended => Some(end),
        () = &mut copied => None,
    };
    match early {
        // Some of its output may still be in the pipe, and somebody may hold that open for ever.
        Some(end) => {
            let _held_open = timeout(LAST_WORDS, copied).await;
            end
        }
        // It has closed its output, and goes on.
        None => ended.await,
    }
}

async fn end(
    running: &mut Running,
    stop: impl Future<Output = Stop>,
    ladder: impl FnOnce(Stop) -> Vec<(StopSignal, Duration)>,
) -> io::Result<End> {
    let stopped = tokio::select! {
        status = running.wait_alone() => {
            let end = End::Exited(code(status?));
            running.kill();
            return Ok(end);
        }
        why = stop => why,
    };
    running.stop_by(&ladder(stopped)).await;
    running.kill();
    Ok(End::Stopped(stopped))
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests;
