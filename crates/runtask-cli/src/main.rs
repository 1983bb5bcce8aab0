//! The command `runtask`.
//!
//! Results go to stdout, logs and progress to stderr. Exit code 0: passed; 1: failed; 2: could not do it.

mod arguments;
mod check;
mod environment;
mod key;
mod logging;
mod output;
mod pair;
mod policy;
mod register;
mod serve;
mod sign;
mod simulate;
mod tasks;

use arguments::{Arguments, Command};
use clap::Parser;
use output::Output;
use runtask_policy::run_if_asked;
use std::process::ExitCode;
use std::time::Duration;

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Passed,
    Failed,
    /// The result says why.
    Unable,
}

fn main() -> ExitCode {
    if let Some(code) = run_if_asked(std::env::args_os().nth(1).as_deref()) {
        return code;
    }
    let arguments = Arguments::parse();
    logging::start(&arguments);
    let output = Output::new(arguments.json, arguments.color);
    match run(arguments.command, &output) {
        Ok(Exit::Passed) => ExitCode::SUCCESS,
        Ok(Exit::Failed) => ExitCode::from(1),
        Ok(Exit::Unable) => ExitCode::from(2),
        Err(error) => {
            output.error(&error);
            ExitCode::from(2)
        }
    }
}

fn run(command: Command, output: &Output) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        match command {
            Command::Simulate(arguments) => simulate::simulate(*arguments, output).await,
            Command::Serve(arguments) => serve::serve(&arguments).await,
            Command::Check(arguments) => check::check(&arguments, output).await,
            Command::Policy(arguments) => policy::policy(&arguments.command, output).await,
            Command::Sign(arguments) => sign::sign(&arguments, output),
            Command::Register(arguments) => register::register(&arguments, output).await,
        }
    });
    // Threads that still unpack or compare for nobody do not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(500));
    exit
}
