//! `runtask runner`: becomes the program `runtask-runner`, so that nobody carries AWS and GitLab who does not use them.

use anyhow::anyhow;
use clap::Args;
use runtask_process::{find_program, is_program};
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

/// The program.
const PROGRAM: &str = "runtask-runner";

/// Run GitLab CI jobs of Terraform, here or as a Lambda function: the program runtask-runner
///
/// It is a program of its own, which has to lie beside this one or on PATH. `runtask runner --help` is its help.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct RunnerArguments {
    /// What it is given
    #[arg(value_name = "ARGUMENTS", trailing_var_arg = true, allow_hyphen_values = true)]
    _arguments: Vec<OsString>,
}

/// Becomes the program, with the command line `arguments` but for the word `runner`.
///
/// # Errors
///
/// When there is no such program.
pub(crate) fn become_it(arguments: impl Iterator<Item = OsString>) -> anyhow::Result<Exit> {
    let program = find().ok_or_else(|| {
        anyhow!(
            "the program {PROGRAM} is neither beside runtask nor on PATH; `cargo install --path \
             crates/gitlab-runner-command` installs it"
        )
    })?;
    let mut is_over = false;
    let arguments = arguments.filter(|it| {
        let is_the_word = !is_over && it == "runner";
        is_over |= is_the_word;
        !is_the_word
    });
    #[expect(clippy::disallowed_methods, reason = "no program is started: this one becomes it")]
    let error = std::process::Command::new(&program).args(arguments).exec();
    Err(anyhow!(error).context(format!("{} cannot be run", program.display())))
}

fn find() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().map(|it| it.with_file_name(PROGRAM));
    beside.filter(|it| is_program(it)).or_else(|| find_program(PROGRAM, &lookup("PATH").unwrap_or_default()))
}
