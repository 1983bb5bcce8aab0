//! `runtask notify test`: tells a channel of a result that is made up.

use crate::tasks_arguments::TasksArguments;
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use runtask_findings::printable;
use runtask_notify::{Message, Notifier, Outcome};
use runtask_settings::SettingsReader;
use runtask_setup::client_settings;
use runtask_terminal::environment::{lookup, now};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a receiver is waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// Tell a channel of a result that is made up
///
/// The message says that it is a test. It is sent whatever results the channel is told of otherwise, with the secrets that
/// this environment has: what the channel's settings name as `env:NAME` has to be set here.
#[derive(Debug, Args)]
#[command(after_long_help = TEST_HELP)]
pub(crate) struct TestArguments {
    /// The channel: NAME of `[notify.NAME]`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) tasks: TasksArguments,

    /// What the made-up result is; with `passed`, the alert of an earlier test is resolved
    #[arg(long, value_enum, default_value_t = MadeUp::Failed, value_name = "OUTCOME")]
    pub(crate) outcome: MadeUp,
}

const TEST_HELP: &str = "\
Example:
  SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… runtask notify test ops

Exit codes: 0 the receiver took it, 2 it could not be told.
";

/// The outcome of a result that is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MadeUp {
    Failed,
    Unavailable,
    Passed,
}

pub(crate) async fn test(arguments: &TestArguments, output: &Output) -> anyhow::Result<Exit> {
    let path = arguments.tasks.path().context("there is no runtask.toml here: name one with --config")?;
    let tasks = arguments.tasks.read("", output).await?;
    let mut settings = SettingsReader::new(&lookup);
    let client = client_settings(&mut settings);
    let channel = match tasks.channel(&arguments.name, &settings, None) {
        Some(channel) => channel.map_err(|why| anyhow!(why))?,
        None => bail!("{}", unknown(&arguments.name, tasks.channel_names(), &path.to_string_lossy())),
    };
    settings.finish().context("settings are wrong")?;
    let notifier = Notifier::new(vec![channel.clone()], &client)?;
    let message = message(arguments);
    let work = notifier.tell_one(&channel, &message, now(), Instant::now() + LIMIT);
    let told = output.patiently("telling", work).await;
    told.result.with_context(|| format!("the channel {} could not be told", told.channel))?;
    if output.json {
        output.json(&json!({ "channel": told.channel, "kind": told.kind, "told": true }))?;
    } else {
        output.prose(&format!("Told {} ({}): see whether it arrived\n", told.channel, told.kind))?;
    }
    Ok(Exit::Passed)
}

fn unknown<'a>(name: &str, names: impl Iterator<Item = &'a str>, file: &str) -> String {
    let names: Vec<_> = names.collect();
    let (name, file) = (printable(name), printable(file));
    if names.is_empty() {
        return format!("there is no channel in {file}: write `[notify.{name}]`, and there `kind`");
    }
    format!("there is no channel {name} in {file}; there are {}", names.join(", "))
}

fn message(arguments: &TestArguments) -> Message {
    let (outcome, counts) = match arguments.outcome {
        MadeUp::Failed => (Outcome::Failed, "1 error"),
        MadeUp::Unavailable => (Outcome::Unavailable, "1 not checked"),
        MadeUp::Passed => (Outcome::Passed, "no findings"),
    };
    Message {
        id: format!("test-{}", Uuid::new_v4()),
        outcome,
        task: "test".to_owned(),
        stage: None,
        organization: None,
        workspace: Some("runtask-notify-test".to_owned()),
        project: None,
        run: None,
        run_url: None,
        counts: counts.to_owned(),
        headlines: vec![format!(
            "This is a test of the channel {}; no run has ended",
            printable(&arguments.name)
        )],
        findings: Vec::new(),
        at: now(),
    }
}
