//! `runtask approvals`: how approvals stand, for whoever operates the run task.

mod list;
mod show;
mod test_channel;

use clap::{Args, Subcommand};
use list::ListArguments;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use show::ShowArguments;
use test_channel::TestChannelArguments;

/// See how approvals stand, and try the channels in which people are asked
#[derive(Debug, Args)]
pub(crate) struct ApprovalsArguments {
    #[command(subcommand)]
    command: ApprovalsCommand,
}

#[derive(Debug, Subcommand)]
enum ApprovalsCommand {
    List(ListArguments),
    Show(ShowArguments),
    TestChannel(TestChannelArguments),
}

pub(crate) async fn approvals(arguments: &ApprovalsArguments, output: &Output) -> anyhow::Result<Exit> {
    match &arguments.command {
        ApprovalsCommand::List(arguments) => list::list(arguments, output).await,
        ApprovalsCommand::Show(arguments) => show::show(arguments, output).await,
        ApprovalsCommand::TestChannel(arguments) => test_channel::test_channel(arguments, output).await,
    }
}
