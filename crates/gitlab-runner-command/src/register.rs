//! `runtask runner register`: makes one runner in GitLab, and keeps its token.

use crate::aws::AwsArguments;
use crate::credentials::{Credentials, Place, PlaceArguments, RUNNER_ID, TOKEN};
use crate::gitlab::{GitLabArguments, personal_token};
use anyhow::{Context, anyhow, ensure};
use clap::Args;
use gitlab_runner_protocol::client::{CallError, Client, NewRunner, Owner, Registered};
use gitlab_runner_protocol::{Identity, RunnerToken, StatusCode};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How long GitLab may take for one thing.
const LIMIT: Duration = Duration::from_secs(60);

/// Make one runner in GitLab, and keep its token
///
/// Once: where there is a token already that GitLab takes, nothing is made. The token is shown to nobody; it is kept in the
/// secret that the runner function reads, or in a file for `run`. What else is in there stays.
#[derive(Debug, Args)]
#[command(after_long_help = REGISTER_HELP)]
pub(crate) struct RegisterArguments {
    #[command(flatten)]
    pub(crate) owner: OwnerArguments,

    /// What people read of it in GitLab
    #[arg(long, value_name = "TEXT", default_value = "terraform", help_heading = "The runner")]
    pub(crate) description: String,

    /// A tag of the jobs that it takes; may be given more than once
    #[arg(long, value_name = "TAG", help_heading = "The runner")]
    pub(crate) tag: Vec<String>,

    /// Take jobs without tags, too
    #[arg(long, help_heading = "The runner")]
    pub(crate) untagged: bool,

    /// Take jobs of protected branches and tags alone
    #[arg(long, help_heading = "The runner")]
    pub(crate) protected_only: bool,

    /// What a job may take, in seconds: what the function promises to each, RUNNER_PROMISED_SECONDS of its settings
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 600,
        value_parser = clap::value_parser!(u64).range(600..=2_592_000),
        help_heading = "The runner"
    )]
    pub(crate) maximum_timeout: u64,

    /// Make a new runner although there is a token
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) place: PlaceArguments,

    #[command(flatten)]
    pub(crate) gitlab: GitLabArguments,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

/// To whom the runner belongs.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OwnerArguments {
    /// It is this project's, by number
    #[arg(long, value_name = "ID", help_heading = "Whose runner")]
    pub(crate) project: Option<u64>,

    /// It is this group's, by number
    #[arg(long, value_name = "ID", help_heading = "Whose runner")]
    pub(crate) group: Option<u64>,

    /// It is the whole instance's, which only administrators may say
    #[arg(long, help_heading = "Whose runner")]
    pub(crate) instance: bool,
}

const REGISTER_HELP: &str = "\
From the environment, and never as an argument:
  GITLAB_TOKEN   a personal access token with the scope create_runner; it is used once, and may be revoked afterwards

Examples:
  runtask runner register --project 42 --tag terraform --secret credentials-for-gitlab-runner
  runtask runner register --group 7 --tag terraform --protected-only --credentials ~/.config/gitlab-runner.json

Exit codes: 0 there is a runner whose token is kept, 1 GitLab refused, 2 it could not be done.
";

pub(crate) async fn register(arguments: &RegisterArguments, output: &Output) -> anyhow::Result<Exit> {
    let client = arguments.gitlab.client()?;
    let place = arguments.place.place(&arguments.aws).await?;
    let mut credentials = place.read().await?;
    if !arguments.replace
        && let Some(token) = credentials.token()?
    {
        let identity = arguments.gitlab.identity(token);
        return there_is_one(&client, &identity, &place, output).await;
    }
    let personal = personal_token()?;
    // Where the token cannot be kept, no runner is made that nobody knows of.
    place.write(&credentials).await.context("the runner's token could not be kept, so no runner was made")?;
    let new = arguments.runner();
    let made = output.patiently("asking GitLab", client.create_runner(&personal, &new, end())).await;
    let made = match made {
        Ok(made) => made,
        Err(error) if error.status().is_some() => {
            let error = anyhow!(error).context("no runner was made");
            output.error(&error.context(
                "GITLAB_TOKEN needs the scope create_runner, and its owner the right to make runners there",
            ));
            return Ok(Exit::Failed);
        }
        Err(error) => {
            return Err(error).context("whether a runner was made is not known; look into GitLab's list");
        }
    };
    keep(&made, &mut credentials);
    if let Err(error) = place.write(&credentials).await {
        return Err(undone(&client, arguments, made.token, error).await);
    }
    tell("made", &made, &place, output)?;
    Ok(Exit::Passed)
}

impl RegisterArguments {
    fn runner(&self) -> NewRunner {
        let OwnerArguments { project, group, .. } = self.owner;
        let owner = project.map(Owner::Project).or(group.map(Owner::Group)).unwrap_or(Owner::Instance);
        NewRunner {
            owner,
            description: self.description.clone(),
            // A runner that takes nothing would be no use.
            run_untagged: self.untagged || self.tag.is_empty(),
            tags: self.tag.clone(),
            protected_only: self.protected_only,
            maximum_timeout_seconds: self.maximum_timeout,
        }
    }
}

fn end() -> Instant {
    Instant::now() + LIMIT
}

fn keep(made: &Registered, credentials: &mut Credentials) {
    credentials.set(TOKEN, made.token.expose());
    credentials.set(RUNNER_ID, &made.id.to_string());
}

/// Removes a runner whose token could not be kept; why, and what became of it.
async fn undone(
    client: &Client,
    arguments: &RegisterArguments,
    token: RunnerToken,
    why: anyhow::Error,
) -> anyhow::Error {
    let removed = client.delete_runner(&arguments.gitlab.identity(token), end()).await;
    why.context(match removed {
        Ok(()) => "the runner's token could not be kept, so the runner was removed again",
        Err(_) => "the runner's token could not be kept, and the runner is left: remove it in GitLab",
    })
}

/// Asks whether a token is still good.
async fn there_is_one(
    client: &Client,
    identity: &Identity,
    place: &Place,
    output: &Output,
) -> anyhow::Result<Exit> {
    match output.patiently("asking GitLab", client.verify(identity, end())).await {
        Ok(known) => {
            if matches!(place, Place::Secret { .. }) {
                // The function is the manager; that we have asked has put this host on the list.
                let _stays_on_the_list = client.remove_manager(identity, end()).await;
            }
            tell("there already", &known, place, output)?;
            Ok(Exit::Passed)
        }
        Err(error) if is_dead(&error) => {
            let words = format!(
                "GitLab does not take the token in {} any more; --replace makes a new runner",
                place.words()
            );
            output.error(&anyhow!(error).context(words));
            Ok(Exit::Failed)
        }
        Err(error) => Err(error).context("whether the token is good is not known"),
    }
}

fn is_dead(error: &CallError) -> bool {
    matches!(error.status(), Some(StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY))
}

fn tell(what: &str, runner: &Registered, place: &Place, output: &Output) -> anyhow::Result<()> {
    ensure!(!runner.token.expose().is_empty(), "GitLab gave no token");
    if output.json {
        return output.json(&json!({
            "runner": runner.id,
            "made": what == "made",
            "short_token": runner.token.short(),
            "token_expires_at": runner.token_expires_at,
            "kept_in": place.words(),
        }));
    }
    let expires = runner.token_expires_at.as_ref().map(|it| format!(", which expires at {it}"));
    output.prose(&format!(
        "runner {} ({}): {what}; its token{} is in {}\n",
        runner.id,
        runner.token.short(),
        expires.unwrap_or_default(),
        place.words()
    ))
}
