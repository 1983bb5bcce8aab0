//! Tells channels of results, and keeps with the claim what is still to be told where that may be told twice.

use crate::attempt::Attempt;
use runtask_log::event;
use runtask_notify::{Message, Notifier};
use runtask_setup::JobSettings;
use serde::{Deserialize, Serialize};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// How long telling may take, all channels together.
const LIMIT: Duration = Duration::from_secs(10);

/// What the kept text looks like. An attempt of an older release leaves a newer one alone.
const VERSION: u32 = 1;

/// Who is told.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    settings: Arc<JobSettings>,
    /// Nothing where there is no channel: it takes a while to make.
    notifier: Option<Notifier>,
}

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    message: Message,
}

/// The version alone, which every release can read.
#[derive(Deserialize)]
struct KeptVersion {
    version: u32,
}

impl Telling {
    pub(crate) const fn new(settings: Arc<JobSettings>, notifier: Option<Notifier>) -> Self {
        Self { settings, notifier }
    }

    /// What has to be kept until the channels were told; nothing where none of them may be told twice.
    pub(crate) fn owed(&self, message: &Message) -> Option<String> {
        let owes = self.notifier.as_ref()?.owes(self.names(message), message);
        let kept = Kept { version: VERSION, message: message.clone() };
        owes.then(|| serde_json::to_string(&kept).ok()).flatten()
    }

    /// Tells the channels of its task, in what is left of the attempt, and not for long. What came of it is in the log.
    pub(crate) async fn tell(&self, message: &Message, now: SystemTime, attempt: &Attempt) {
        let Some(notifier) = &self.notifier else { return };
        let until = until(attempt);
        within(attempt, notifier.tell(self.names(message), message, now, until)).await;
    }

    /// Tells what another attempt owed, those channels that may have been told already.
    pub(crate) async fn tell_again(&self, owed: &str, now: SystemTime, attempt: &Attempt) {
        let (Some(notifier), Some(message)) = (&self.notifier, read(owed)) else { return };
        let until = until(attempt);
        within(attempt, notifier.tell_again(self.names(&message), &message, now, until)).await;
    }

    fn names(&self, message: &Message) -> &[String] {
        self.settings.tasks.get(&message.task).map(|it| it.task.notify.as_slice()).unwrap_or_default()
    }
}

fn until(attempt: &Attempt) -> Instant {
    attempt.deliver_until().min(Instant::now() + LIMIT)
}

async fn within<T>(attempt: &Attempt, telling: impl Future<Output = T>) {
    let mut telling = pin!(telling);
    tokio::select! {
        _told = &mut telling => {}
        until = attempt.cut_short() => {
            let _cut = timeout_at(until, telling).await;
        }
    }
}

fn read(owed: &str) -> Option<Message> {
    let version = serde_json::from_str(owed).map(|KeptVersion { version }| version);
    let kept = version.and_then(|_any| serde_json::from_str(owed));
    match kept {
        Ok(Kept { version: VERSION, message }) => Some(message),
        _ => {
            warn!(
                event = event::OWED_NOT_READ,
                "what another release wanted to be told cannot be read, and is not told"
            );
            None
        }
    }
}
