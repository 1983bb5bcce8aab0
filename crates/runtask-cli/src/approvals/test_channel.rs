//! `runtask approvals test-channel`: greets a channel, and says what to look for.

use crate::approval_clock::approval_time;
use crate::stores::Stores;
use crate::sweeping::Approvals;
use crate::tasks_arguments::TasksArguments;
use anyhow::{Context, bail};
use clap::Args;
use runtask_approval_handler::HandlerSettings;
use runtask_approvals::{Answer, Channel};
use runtask_findings::printable;
use runtask_settings::SettingsReader;
use runtask_setup::client_settings;
use runtask_terminal::environment::lookup;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;

/// Post a greeting to a channel in which people are asked
///
/// Teams answers before anything is shown, so only somebody who looks into the channel knows whether it arrived. The settings
/// are those of `runtask serve`: the secrets that runtask.toml names have to be in this environment.
#[derive(Debug, Args)]
#[command(after_long_help = TEST_CHANNEL_HELP)]
pub(crate) struct TestChannelArguments {
    /// The channel, as `channels` of a task names it: teams:payments, slack:C0EXAMPLE01
    #[arg(value_name = "NAME")]
    name: String,

    #[command(flatten)]
    tasks: TasksArguments,
}

const TEST_CHANNEL_HELP: &str = "\
Example:
  TEAMS_WEBHOOK_URL=https://… runtask approvals test-channel teams:payments

Exit codes: 0 it was taken, 2 it was not, or settings are wrong.
";

const LOOK_IN_TEAMS: &str = "\
Teams took it, which proves nothing: look into the channel. A card “This is a test” appears within a minute.
If it does not, the flow failed in silence. Its run history in Power Automate says why; mostly the flow expects another form:
  made from the template “Send webhook alerts to a channel”    card = \"envelope\", the default
  hands all it gets to “Post card in a chat or channel”        card = \"bare\"
  was built for messages of the form {\"text\": …}               card = \"text\"
";

pub(crate) async fn test_channel(arguments: &TestChannelArguments, output: &Output) -> anyhow::Result<Exit> {
    let path = arguments.tasks.path().context("there is no runtask.toml here: name one with --config")?;
    let tasks = arguments.tasks.read("", output).await?;
    let Some(asking) = &tasks.asking else {
        bail!("no task of {} asks people: write `[tasks.NAME.approval]`", path.display());
    };
    let mut settings = SettingsReader::new(&lookup);
    let client = client_settings(&mut settings);
    let read = HandlerSettings::read(&mut settings, asking, false);
    settings.finish().context("settings are wrong")?;
    let read = read.context("settings are wrong")?;
    let channel = Channel(arguments.name.clone());
    if !read.rooms.contains_key(&channel) {
        let names: Vec<_> = read.rooms.keys().map(|it| it.0.as_str()).collect();
        bail!("there is no channel {}; there are {}", printable(&arguments.name), names.join(", "));
    }
    let approvals = Approvals::new(read, &client, Stores::in_memory().documents, None, approval_time)?;
    let answer = output.patiently("posting", approvals.greet(&channel)).await;
    if !matches!(answer, Some(Answer::Taken { .. })) {
        bail!("{} did not take it: --log warn says what it answered", arguments.name);
    }
    if output.json {
        output.json(&json!({ "channel": arguments.name, "taken": true }))?;
    } else if arguments.name.starts_with("teams:") {
        output.prose(LOOK_IN_TEAMS)?;
    } else {
        output.prose("Slack took it: look into the channel, “This is a test” is there now\n")?;
    }
    Ok(Exit::Passed)
}
