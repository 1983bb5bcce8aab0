//! Defines the options before the command, and the list of commands. Each command's arguments are beside its code.

use crate::check::CheckArguments;
use crate::logging::LogFormat;
use crate::output::Color;
use crate::policy::PolicyArguments;
use crate::register::RegisterArguments;
use crate::serve::ServeArguments;
use crate::sign::SignArguments;
use crate::simulate::SimulateArguments;
use clap::{Parser, Subcommand};
use tracing::level_filters::LevelFilter;

/// A run task for HCP Terraform: try it, run it, check with it.
///
/// A run task is a service that HCP Terraform asks, at four points of a run, whether the run may go on.
#[derive(Debug, Parser)]
#[command(name = "runtask", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Print the result as JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,

    /// What to log on stderr: off, error, warn, info, debug, trace
    ///
    /// `serve` logs info unless told otherwise, the other commands error.
    #[arg(long, global = true, env = "RUNTASK_LOG", value_name = "LEVEL")]
    pub(crate) log: Option<LevelFilter>,

    /// How to log: lines for people, or one JSON object a line
    #[arg(
        long,
        global = true,
        env = "RUNTASK_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 passed, 1 failed, 2 could not do it.

Try it, with no account anywhere:
  runtask simulate examples/unformatted
";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Simulate(Box<SimulateArguments>),
    Serve(ServeArguments),
    Check(CheckArguments),
    Policy(PolicyArguments),
    Sign(SignArguments),
    Register(Box<RegisterArguments>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
