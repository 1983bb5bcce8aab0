//! Runs a command, and ends it at a signal.

use crate::exit::Exit;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// How long a command may take to be dropped at a signal.
const DROP_LIMIT: Duration = Duration::from_secs(1);

/// How long threads that still work for nobody may keep the process.
const THREADS_LIMIT: Duration = Duration::from_millis(500);

/// What a command is to those who call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It has one thing to do, and ends. Whatever is worth a thread starts one.
    Once,
    /// It answers many at once.
    Many,
}

/// Runs a command on a runtime of its own. What is dropped with that kills the programs that it started, and removes its
/// directories.
///
/// # Errors
///
/// The command's, or the system's when there is no room for threads.
pub fn run(work: Work, command: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if work == Work::Once {
        // Beside the thread of the command, which may wait for its stdin. The usual number is that of processors, which would
        // have little to do but start and stop.
        runtime.worker_threads(1);
    }
    let runtime = runtime.enable_all().build()?;
    let exit = runtime.block_on(command);
    runtime.shutdown_timeout(THREADS_LIMIT);
    exit
}

/// Does a command, or drops it at the first signal.
///
/// # Errors
///
/// The command's, or the system's when signals cannot be listened to.
pub async fn unless_interrupted(command: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let (tell, told) = oneshot::channel();
    // A task of its own: a command that waits for its stdin, say, keeps its thread, and hears of nothing.
    tokio::spawn(async move {
        let number = signals.next().await;
        let _ends_anyway = tell.send(number);
        tokio::time::sleep(DROP_LIMIT).await;
        end_at_once(Exit::Signal(number));
    });
    tokio::select! {
        exit = command => exit,
        Ok(number) = told => Ok(Exit::Signal(number)),
    }
}

/// SIGINT and SIGTERM, one after the other, as they come.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on; none that comes later is lost.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The number of the next one.
    pub async fn next(&mut self) -> u8 {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        u8::try_from(kind.as_raw_value()).unwrap_or_default()
    }
}

/// Ends a process whose command cannot be dropped. Its guard cleans up.
#[expect(clippy::exit, reason = "nothing else ends a thread that waits for a file")]
fn end_at_once(exit: Exit) {
    std::process::exit(exit.code().into());
}
