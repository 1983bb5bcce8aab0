//! What the function does that is told of the death of another one.

use crate::abandoned::Undertaker;
use crate::aws_cloud::AwsClients;
use crate::logs::MaskedStdout;
use crate::runner::{RunnerError, open};
use crate::settings::GitLabSettings;
use crate::ticket::TicketSeal;
use gitlab_runner_protocol::client::Client;
use runtask_aws::{Lookup, TableDocuments};
use runtask_log::Chain;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

/// Jobs may be left that GitLab still shows as running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotUndertaken {
    /// The secret.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The table.
    #[error("the tickets cannot be looked at: {0}")]
    Tickets(String),
    /// GitLab, or the table.
    #[error("{0} jobs may still be shown as running")]
    Left(usize),
}

/// Ends every job whose function is dead. What the event says is not looked at: the tickets say more.
///
/// # Errors
///
/// When jobs may be left; the same again may help.
pub async fn undertake(
    settings: &GitLabSettings,
    function: &str,
    clients: &AwsClients,
    store: Arc<TableDocuments>,
    lookup: Lookup,
    now: fn() -> SystemTime,
    log: &MaskedStdout,
) -> Result<Value, NotUndertaken> {
    let opened = open(&settings.secret_id, clients, lookup, function, log).await?;
    let client = Client::new(&settings.client).map_err(RunnerError::from)?;
    let Some(seal) = TicketSeal::new(&opened.token, &settings.url).map(Arc::new) else {
        return Err(NotUndertaken::Tickets("there is no key for them".to_owned()));
    };
    let undertaker = Undertaker { store, seal, client, now };
    let found = undertaker.find().await.map_err(|error| NotUndertaken::Tickets(Chain(&error).to_string()))?;
    let ended = undertaker.end(found).await;
    match ended.left {
        0 => Ok(json!({"statusCode": 200, "abandoned": ended.jobs})),
        left => Err(NotUndertaken::Left(left)),
    }
}
