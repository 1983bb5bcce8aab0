//! Runs the command `runtask-runner`, which is `runtask runner` to people.
//!
//! Results go to stdout, logs and progress to stderr. Exit code 0: done; 1: GitLab or the function refuses; 2: could not do
//! it; 130 and 143: ended by SIGINT or SIGTERM.

mod answer;
mod arguments;
mod aws;
mod credentials;
mod encrypt;
mod function;
mod gitlab;
mod plan_report;
mod register;
mod run;
mod start;
mod stop;
mod unregister;
mod verify;
mod watch;
mod watching;

use arguments::{Arguments, Command};
use clap::Parser;
use runtask_process::{guard, hide_from_others, this_program};
use runtask_settings::unknown_settings;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use runtask_terminal::signals::{self, Work, unless_interrupted};
use runtask_terminal::{environment, logging};
use std::process::ExitCode;
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    hide_from_others();
    let first = std::env::args_os().nth(1);
    if let Some(code) = guard::run_if_asked(first.as_deref()) {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _reader_went_away = error.print();
            let exit = if error.exit_code() == 0 { Exit::Passed } else { Exit::Unable };
            return exit.code().into();
        }
    };
    let common = &arguments.common;
    let usual =
        if matches!(arguments.command, Command::Run(_)) { LevelFilter::INFO } else { LevelFilter::ERROR };
    logging::start(common.log.unwrap_or(usual), common.log_format, common.color);
    let output = Output::new(common.json, common.color);
    if let Ok(program) = this_program() {
        guard::enable(program);
    }
    for warning in unknown_settings(environment::names()) {
        output.note(&format!("warning: {warning}\n"));
    }
    match run(arguments.command, &output) {
        Ok(exit) => exit.code().into(),
        Err(error) => {
            output.error(&error);
            Exit::Unable.code().into()
        }
    }
}

fn run(command: Command, output: &Output) -> anyhow::Result<Exit> {
    signals::run(Work::Many, async {
        match command {
            // It has an end of its own for signals: a job at work is stopped, and reported.
            Command::Run(arguments) => run::run(&arguments, output).await,
            Command::Start(arguments) => unless_interrupted(start::start(&arguments, output)).await,
            // It has an end of its own for signals: who waits for an answer still gets it.
            Command::Watch(arguments) => watch::watch(&arguments, output).await,
            Command::Stop(arguments) => unless_interrupted(stop::stop(&arguments, output)).await,
            Command::Verify(arguments) => unless_interrupted(verify::verify(&arguments, output)).await,
            Command::Register(arguments) => unless_interrupted(register::register(&arguments, output)).await,
            Command::Unregister(arguments) => {
                unless_interrupted(unregister::unregister(&arguments, output)).await
            }
            Command::Encrypt(arguments) => unless_interrupted(encrypt::encrypt(&arguments, output)).await,
            Command::PlanReport(arguments) => plan_report::plan_report(&arguments, output),
        }
    })
}
