//! Runs the command `runtask`.
//!
//! Results go to stdout, logs and progress to stderr. Exit code 0: passed; 1: failed; 2: could not do
//! it; 130 and 143: ended by SIGINT or SIGTERM, with nothing left behind.

mod arguments;
mod check;
mod check_sarif;
mod environment;
mod exit;
mod fmt;
mod key;
mod listen;
mod logging;
mod notify;
mod output;
mod page_facts;
mod pair;
mod plan_file;
mod policy;
mod register;
mod scanners;
mod serve;
mod sign;
mod simulate;
mod tasks_arguments;

use arguments::{Arguments, Command};
use exit::Exit;
use output::Output;
use runtask_log::event;
use runtask_process::{guard, hide_from_others, this_program};
use runtask_settings::unknown_settings;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::level_filters::LevelFilter;
use tracing::warn;

/// How long a command may take to be dropped at a signal.
const DROP_LIMIT: Duration = Duration::from_secs(1);

/// How long threads that still unpack or compare for nobody may keep the process.
const THREADS_LIMIT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    hide_from_others();
    let first = std::env::args_os().nth(1);
    if let Some(code) = guard::run_if_asked(first.as_deref()) {
        return code;
    }
    let line = fmt::as_terraform_spells_them(std::env::args_os());
    let arguments = match Arguments::read(&line) {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error, line.get(1).is_some_and(|it| it == "fmt")),
    };
    let usual = match &arguments.command {
        Command::Serve(_) => LevelFilter::INFO,
        // What our own run task makes of each fault is said in its line.
        Command::Simulate(simulate) if simulate.all_faults => LevelFilter::OFF,
        // Nothing in it logs, and making ready to takes a tenth of its start.
        Command::Fmt(fmt) if fmt.only_looks() => LevelFilter::OFF,
        _ => LevelFilter::ERROR,
    };
    logging::start(arguments.every.log.unwrap_or(usual), arguments.every.log_format, arguments.every.color);
    let output = Output::new(arguments.every.json, arguments.every.color);
    if let Ok(program) = this_program() {
        guard::enable(program);
    }
    for warning in unknown_settings(environment::names()) {
        if matches!(arguments.command, Command::Serve(_)) {
            warn!(event = event::SETTING_UNKNOWN, "{warning}");
        } else {
            output.note(&format!("warning: {warning}\n"));
        }
    }
    match run(arguments.command, &output) {
        Ok(exit) => exit.code().into(),
        Err(error) => {
            output.error(&error);
            Exit::Unable.code().into()
        }
    }
}

/// Says what is wrong with a command line, or what was asked about the command. Terraform ends with 1 then.
fn refused(error: &clap::Error, as_terraform: bool) -> ExitCode {
    let _reader_went_away = error.print();
    match error.exit_code() {
        0 => Exit::Passed,
        _ if as_terraform => Exit::Failed,
        _ => Exit::Unable,
    }
    .code()
    .into()
}

fn run(command: Command, output: &Output) -> anyhow::Result<Exit> {
    if let Command::Fmt(arguments) = &command
        && arguments.only_looks()
    {
        return fmt::look(arguments, output);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        match command {
            // It has an end of its own for signals: jobs at work get their results.
            Command::Serve(arguments) => serve::serve(&arguments).await,
            Command::Simulate(arguments) => unless_interrupted(simulate::simulate(*arguments, output)).await,
            Command::Check(arguments) => unless_interrupted(check::check(&arguments, output)).await,
            Command::Fmt(arguments) => unless_interrupted(fmt::fmt(arguments, output)).await,
            Command::Scanners(arguments) => scanners::scanners(&arguments, output),
            Command::Policy(arguments) => unless_interrupted(policy::policy(&arguments, output)).await,
            Command::Notify(arguments) => unless_interrupted(notify::notify(&arguments, output)).await,
            Command::Sign(arguments) => sign::sign(&arguments, output),
            Command::Register(arguments) => unless_interrupted(register::register(&arguments, output)).await,
        }
    });
    // What is dropped here kills the programs that it started, and removes its directories.
    runtime.shutdown_timeout(THREADS_LIMIT);
    exit
}

/// Does a command, or drops it at the first signal.
async fn unless_interrupted(command: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let (mut interrupted, mut terminated) = (signal(interrupt)?, signal(terminate)?);
    let (tell, told) = oneshot::channel();
    // A task of its own: a command that waits for its stdin, say, keeps its thread, and hears of nothing.
    tokio::spawn(async move {
        let number = tokio::select! {
            number = received(&mut interrupted, interrupt) => number,
            number = received(&mut terminated, terminate) => number,
        };
        let _ends_anyway = tell.send(number);
        tokio::time::sleep(DROP_LIMIT).await;
        end_at_once(Exit::Signal(number));
    });
    tokio::select! {
        exit = command => exit,
        Ok(number) = told => Ok(Exit::Signal(number)),
    }
}

/// Ends a process whose command cannot be dropped. Its guard cleans up.
#[expect(clippy::exit, reason = "nothing else ends a thread that waits for a file")]
fn end_at_once(exit: Exit) {
    std::process::exit(exit.code().into());
}

/// The number of a signal, when it comes.
async fn received(stream: &mut Signal, kind: SignalKind) -> u8 {
    stream.recv().await;
    u8::try_from(kind.as_raw_value()).unwrap_or_default()
}
