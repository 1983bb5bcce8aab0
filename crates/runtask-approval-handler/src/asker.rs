//! Asks people from the callback handler: it keeps the question, and has the sweep send it.
//!
//! So that function needs no secret but the key that seals runs' tokens, and no more rights than to keep what is new.

use crate::settings::keys;
use runtask_approvals::{AskError, AskPeople, Keys, UnixTime, Waiting, store};
use runtask_aws::{Functions, TableDocuments};
use runtask_lambda::{NoApprovalsKey, SweepEvent, aws, lookup, now, read_approvals_key};
use runtask_log::{Chain, event};
use runtask_settings::{SettingsError, SettingsReader};
use std::time::Duration;
use tracing::warn;

/// Time for all attempts to call the sweep.
const CALL: Duration = Duration::from_secs(2);

/// Keeps questions in a table.
#[derive(Debug)]
pub struct Asker {
    keys: Keys,
    store: TableDocuments,
    sweep: Option<Sweep>,
}

/// The function that sends what is due.
#[derive(Debug)]
struct Sweep {
    functions: Functions,
    name: String,
}

/// Nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoAsker {
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] NoApprovalsKey),
    /// There is no key.
    #[error("there is no key of approvals")]
    NoKey,
    /// Settings are wrong, or missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Asker {
    /// Reads `RUNTASK_APPROVALS_TABLE`, `RUNTASK_APPROVALS_SWEEP` and the key.
    ///
    /// # Errors
    ///
    /// What could not be read, or is wrong.
    pub async fn read() -> Result<Self, NoAsker> {
        let aws = aws();
        let key = read_approvals_key(&aws).await?;
        let lookup = |name: &str| key.get(name).or_else(|| lookup(name));
        let mut reader = SettingsReader::new(&lookup);
        let table = reader.required("RUNTASK_APPROVALS_TABLE", "it is the table in which approvals are kept");
        let sweep = reader.text("RUNTASK_APPROVALS_SWEEP");
        let keys = keys(&mut reader, true);
        reader.finish()?;
        let sweep = sweep.map(|name| Sweep { functions: Functions::new(&aws, CALL), name });
        let keys = keys.ok_or(NoAsker::NoKey)?;
        Ok(Self { keys, store: TableDocuments::new(&aws, table), sweep })
    }

    /// Has a new question sent. Whatever comes of it, the sweep finds the question within a minute.
    async fn send(&self, id: &str) {
        let Some(Sweep { functions, name }) = &self.sweep else { return };
        if let Err(error) = functions.invoke_event(name, SweepEvent::about(id).to_json().into()).await {
            warn!(event = event::APPROVAL_NOT_SENT, "a question waits for the next sweep: {}", Chain(&error));
        }
    }
}

impl AskPeople for Asker {
    async fn ask(&self, waiting: Waiting) -> Result<(), AskError> {
        let now = UnixTime::from(now());
        let approval = waiting.into_approval(&self.keys, now)?;
        if store::create(&self.store, &approval, now).await? {
            self.send(&approval.id).await;
        }
        Ok(())
    }
}
