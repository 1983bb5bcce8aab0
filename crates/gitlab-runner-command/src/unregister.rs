//! `runtask runner unregister`: removes the runner that `register` has made, and no other.

use crate::aws::AwsArguments;
use crate::credentials::{PlaceArguments, RUNNER_ID, TOKEN};
use crate::gitlab::GitLabArguments;
use anyhow::{Context, anyhow};
use clap::Args;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// How long GitLab may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Remove the runner that `register` has made
///
/// The runner is deleted in GitLab, and its token where it is kept. A runner that was made by somebody else is not deleted:
/// only this host is taken off its list of managers.
#[derive(Debug, Args)]
#[command(after_long_help = "Exit codes: 0 done, 1 GitLab refused, 2 it could not be done.\n")]
pub(crate) struct UnregisterArguments {
    #[command(flatten)]
    pub(crate) place: PlaceArguments,

    #[command(flatten)]
    pub(crate) gitlab: GitLabArguments,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

pub(crate) async fn unregister(arguments: &UnregisterArguments, output: &Output) -> anyhow::Result<Exit> {
    let client = arguments.gitlab.client()?;
    let place = arguments.place.place(&arguments.aws).await?;
    let mut credentials = place.read().await?;
    let token =
        credentials.token()?.with_context(|| format!("{} holds no token of a runner", place.words()))?;
    let id = credentials.text(RUNNER_ID).map(str::to_owned);
    let identity = arguments.gitlab.identity(token);
    let end = Instant::now() + LIMIT;
    let removed = output.patiently("asking GitLab", async {
        match &id {
            Some(_made_by_us) => client.delete_runner(&identity, end).await,
            None => client.remove_manager(&identity, end).await,
        }
    });
    match removed.await {
        Ok(()) => {}
        Err(error) if error.status().is_some() => {
            output.error(&anyhow!(error).context("nothing was removed"));
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(error.into()),
    }
    if id.is_some() {
        credentials.remove(TOKEN);
        credentials.remove(RUNNER_ID);
        place.write(&credentials).await.context("the runner is removed, and its token still kept")?;
    }
    if output.json {
        output.json(&json!({"runner": id, "is_deleted": id.is_some()}))?;
    } else {
        output.prose(&match id {
            Some(id) => format!("runner {id} is deleted, and its token is not in {} any more\n", place.words()),
            None => "this host is no manager of the runner any more; the runner was not made by `register`, so it stays: delete it in GitLab\n".to_owned(),
        })?;
    }
    Ok(Exit::Passed)
}
