//! Keeps a ticket for each job that is being run, from before GitLab is told that it runs until GitLab has its end.
//!
//! A ticket is renewed every few seconds. One that nobody renews any more is of a function that is dead: `abandoned.rs`.

use crate::ticket::{TicketSeal, decided};
use gitlab_runner::Outcome;
use gitlab_runner_protocol::job::Job;
use runtask_log::Chain;
use runtask_state::{Created, DocumentStore, Record, Saved, Version};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How often a ticket is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(10);

/// How long a ticket is kept after the end of its function, for somebody to find: GitLab itself gives a job up after an hour.
const KEPT: Duration = Duration::from_secs(2 * 60 * 60);

/// How long it is waited for the last writes.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// Tickets of one invocation.
#[derive(Debug)]
pub struct Tickets<S> {
    store: Arc<S>,
    seal: Arc<TicketSeal>,
    /// When the invocation ends.
    deadline: SystemTime,
    now: fn() -> SystemTime,
    renewals: TaskTracker,
}

/// The ticket of a job. When it is dropped, the ticket is torn.
#[derive(Debug)]
pub struct OpenTicket(mpsc::Sender<Change>);

/// What becomes of a ticket.
#[derive(Debug)]
enum Change {
    /// It is decided how its job has ended; somebody waits until that is written.
    Decide(Outcome, oneshot::Sender<()>),
    /// It is to stay.
    Leave,
}

/// A ticket that is renewed.
struct Renewed<S> {
    store: Arc<S>,
    key: String,
    record: Record,
    version: Version,
    now: fn() -> SystemTime,
}

impl<S: DocumentStore + 'static> Tickets<S> {
    /// For an invocation that ends at `deadline`.
    #[must_use]
    pub fn new(store: Arc<S>, seal: Arc<TicketSeal>, deadline: SystemTime, now: fn() -> SystemTime) -> Self {
        Self { store, seal, deadline, now, renewals: TaskTracker::new() }
    }

    /// Writes the ticket of a job. Where that is not possible the job is run without one: GitLab has handed it out.
    pub async fn open(&self, job: &Job) -> Option<OpenTicket> {
        let deadline_ms = self.deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let content = self.seal.write(job, u64::try_from(deadline_ms).unwrap_or(u64::MAX))?;
        let now = (self.now)();
        let record = Record { content, expires_at: self.deadline + KEPT, due_at: Some(now) };
        let key = job.id.to_string();
        let version = match self.store.create(&key, &record, now).await {
            Ok(Created::Yes(version)) => version,
            Ok(Created::Exists) => {
                warn!(
                    gitlab.job = job.id,
                    "there is a ticket of this job already, and it is run without another one"
                );
                return None;
            }
            Err(error) => {
                warn!(gitlab.job = job.id, error = %Chain(&error), "the job is run without a ticket");
                return None;
            }
        };
        let (sender, told) = mpsc::channel(1);
        let renewed = Renewed { store: Arc::clone(&self.store), key, record, version, now: self.now };
        self.renewals.spawn(renewed.until_told(told));
        Some(OpenTicket(sender))
    }

    /// Waits until everything about tickets that are done with is written, for a moment.
    pub async fn settle(&self) {
        self.renewals.close();
        if timeout(LAST_WRITES, self.renewals.wait()).await.is_err() {
            warn!("a ticket may be left of a job that is done");
        }
    }
}

impl OpenTicket {
    /// Writes down how the job has ended, before GitLab is told. Where that is not possible GitLab is told all the same.
    pub async fn decide(&self, outcome: Outcome) {
        let (sender, written) = oneshot::channel();
        let decided = async {
            let _renewed_no_more = self.0.send(Change::Decide(outcome, sender)).await;
            let _not_written = written.await;
        };
        let _late = timeout(LAST_WRITES, decided).await;
    }

    /// Leaves the ticket, and renews it no more: somebody else is to end the job.
    pub async fn leave(self) {
        let _renewed_no_more = self.0.send(Change::Leave).await;
    }
}

impl<S: DocumentStore> Renewed<S> {
    async fn until_told(mut self, mut told: mpsc::Receiver<Change>) {
        loop {
            let decided_for = tokio::select! {
                () = tokio::time::sleep(RENEWAL) => None,
                said = told.recv() => match said {
                    None => return self.tear().await,
                    Some(Change::Leave) => return,
                    Some(Change::Decide(outcome, sender)) => {
                        if let Some(content) = decided(&self.record.content, outcome) {
                            self.record.content = content;
                        }
                        Some(sender)
                    }
                },
            };
            match self.store.save(&self.key, self.version, &self.record, (self.now)()).await {
                Ok(Saved::Yes(version)) => self.version = version,
                Ok(Saved::Changed) => {
                    warn!(gitlab.job = self.key, "somebody else has taken the ticket of this job");
                    return;
                }
                Err(error) => {
                    warn!(gitlab.job = self.key, error = %Chain(&error), "a ticket was not renewed")
                }
            }
            if let Some(sender) = decided_for {
                let _waits_no_more = sender.send(());
            }
        }
    }

    async fn tear(self) {
        let now = (self.now)();
        let mut torn = self.store.delete(&self.key, self.version, now).await;
        // A renewal whose answer was lost has made another version of it.
        if matches!(torn, Ok(false))
            && let Ok(Some(document)) = self.store.load(&self.key, now).await
        {
            torn = self.store.delete(&self.key, document.version, now).await;
        }
        match torn {
            Ok(true) => {}
            Ok(false) => warn!(gitlab.job = self.key, "the ticket of a job that is done is somebody else's"),
            Err(error) => {
                warn!(gitlab.job = self.key, error = %Chain(&error), "the ticket of a job that is done is left");
            }
        }
    }
}
