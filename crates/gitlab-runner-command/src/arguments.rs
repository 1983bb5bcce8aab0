//! The list of commands. Each command's arguments are beside its code.

use crate::encrypt::EncryptArguments;
use crate::plan_report::PlanReportArguments;
use crate::register::RegisterArguments;
use crate::run::RunArguments;
use crate::start::StartArguments;
use crate::stop::StopArguments;
use crate::unregister::UnregisterArguments;
use crate::verify::VerifyArguments;
use crate::watch::WatchArguments;
use clap::{Parser, Subcommand};
use runtask_terminal::options::CommonOptions;

/// Run GitLab CI jobs of Terraform: in a Lambda function that is started for them, or here.
///
/// A runner asks GitLab for jobs, runs them, and reports them. As a Lambda function it costs nothing between jobs, and
/// never takes a job that it cannot end.
#[derive(Debug, Parser)]
#[command(
    name = "runtask-runner",
    bin_name = "runtask runner",
    version,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: CommonOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 refused, 2 could not do it, 130 and 143 ended by SIGINT or SIGTERM.

docs/gitlab-runner.md leads from nothing to a first applied pipeline.
";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(Box<RunArguments>),
    Start(StartArguments),
    Watch(WatchArguments),
    Stop(StopArguments),
    Verify(VerifyArguments),
    Register(Box<RegisterArguments>),
    Unregister(UnregisterArguments),
    Encrypt(EncryptArguments),
    PlanReport(PlanReportArguments),
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
