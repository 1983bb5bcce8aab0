//! Runs the command `runtask`.
//!
//! Results go to stdout, logs and progress to stderr. Exit code 0: passed; 1: failed; 2: could not do
//! it; 130 and 143: ended by SIGINT or SIGTERM, with nothing left behind.

mod approval_clock;
mod approvals;
mod arguments;
mod check;
mod check_sarif;
mod comment;
mod dialect;
mod fmt;
mod healthcheck;
mod kept_jobs;
mod key;
mod listen;
mod metrics;
mod notify;
mod pair;
mod plan_file;
mod policy;
mod register;
mod reports;
mod runner;
mod scanners;
mod schema;
mod serve;
mod shared;
mod shell;
mod sign;
mod simulate;
mod stores;
mod sweeping;
mod tasks_arguments;
mod traces;

use arguments::{Arguments, Command};
use clap::CommandFactory;
use runtask_log::event;
use runtask_process::{guard, hide_from_others, this_program};
use runtask_settings::unknown_settings;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use runtask_terminal::signals::{self, Work, unless_interrupted};
use runtask_terminal::{environment, logging};
use std::process::ExitCode;
use tracing::level_filters::LevelFilter;
use tracing::warn;

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
    let common = &arguments.common;
    logging::start(common.log.unwrap_or(usual), common.log_format, common.color);
    let output = Output::new(common.json, common.color);
    if let Ok(program) = this_program() {
        guard::enable(program);
    }
    // The program that `runner` becomes has warnings of its own.
    let is_ours = !matches!(arguments.command, Command::Runner(_));
    for warning in unknown_settings(environment::names().filter(|_| is_ours)) {
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
    let work = match command {
        Command::Serve(_) | Command::Simulate(_) => Work::Many,
        _ => Work::Once,
    };
    signals::run(work, async {
        match command {
            // It has an end of its own for signals: jobs at work get their results.
            Command::Serve(arguments) => serve::serve(&arguments, output).await,
            Command::Healthcheck(arguments) => healthcheck::healthcheck(&arguments, output),
            Command::Simulate(arguments) => unless_interrupted(simulate::simulate(*arguments, output)).await,
            Command::Check(arguments) => unless_interrupted(check::check(&arguments, output)).await,
            Command::Comment(arguments) => unless_interrupted(comment::comment(&arguments, output)).await,
            Command::Fmt(arguments) => unless_interrupted(fmt::fmt(arguments, output)).await,
            Command::Scanners(arguments) => scanners::scanners(&arguments, output),
            Command::Policy(arguments) => unless_interrupted(policy::policy(&arguments, output)).await,
            Command::Approvals(arguments) => {
                unless_interrupted(approvals::approvals(&arguments, output)).await
            }
            Command::Notify(arguments) => unless_interrupted(notify::notify(&arguments, output)).await,
            Command::Sign(arguments) => sign::sign(&arguments, output),
            Command::Completions(arguments) => shell::completions(&arguments, Arguments::command(), output),
            Command::Man(arguments) => shell::man(&arguments, Arguments::command(), output),
            Command::Schema(arguments) => schema::schema(&arguments, output),
            Command::Register(arguments) => unless_interrupted(register::register(&arguments, output)).await,
            Command::Runner(_) => runner::become_it(std::env::args_os().skip(1)),
        }
    })
}
