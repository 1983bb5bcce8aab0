//! `runtask notify`: works with the channels of a tasks' file.

mod test;

use clap::{Args, Subcommand};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use test::TestArguments;

/// Try the channels that runtask.toml has for telling people of results
#[derive(Debug, Args)]
pub(crate) struct NotifyArguments {
    #[command(subcommand)]
    command: NotifyCommand,
}

#[derive(Debug, Subcommand)]
enum NotifyCommand {
    Test(TestArguments),
}

pub(crate) async fn notify(arguments: &NotifyArguments, output: &Output) -> anyhow::Result<Exit> {
    match &arguments.command {
        NotifyCommand::Test(arguments) => test::test(arguments, output).await,
    }
}
