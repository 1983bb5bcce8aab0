//! Ends jobs whose function has died: those whose ticket nobody renews any more.
//!
//! Nothing is concluded from clocks that may differ. A ticket is watched: whoever lives renews it, and the dead do not. Only
//! one whose function has reached its deadline is dead without that.

use crate::ticket::{BadTicket, Ticket, TicketSeal};
use gitlab_runner::{Failure, Outcome};
use gitlab_runner_protocol::client::Client;
use gitlab_runner_protocol::log::lines;
use gitlab_runner_protocol::{Delivery, DeliveryError};
use runtask_log::{Chain, metric};
use runtask_state::{Document, DocumentError, DocumentStore, Saved};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

/// How long a ticket is watched that is not renewed: three times as long as those that live take.
pub(crate) const WATCHED: Duration = Duration::from_secs(30);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_secs(3);

/// How far clocks may differ.
const SKEW: Duration = Duration::from_secs(5);

/// How long GitLab may take to be told.
const TELLING: Duration = Duration::from_secs(20);

/// More than there can be at the same time.
const MOST: usize = 100;

/// What such a job's log ends with.
const EPITAPH: &str = "the runner has died in the middle of this job, which so has failed. If it was changing something, look at \
     what exists before the next apply: what was being made may be in no state, and the state may still be locked";

/// Why it is not known whether a job has ended.
#[derive(Debug, thiserror::Error)]
enum NotEnded {
    #[error("the table of tickets failed")]
    Table(#[from] DocumentError),
    #[error("GitLab does not have its end")]
    Delivery(#[from] DeliveryError),
}

/// What became of tickets that were watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Jobs that were ended as failed.
    pub jobs: Vec<u64>,
    /// Tickets of which it is not known whether their job has ended: somebody has to look again.
    pub left: usize,
}

/// Who looks for such jobs.
#[derive(Debug)]
pub struct Undertaker<S> {
    /// Where tickets are kept.
    pub store: Arc<S>,
    /// What they are written with.
    pub seal: Arc<TicketSeal>,
    /// The instance.
    pub client: Client,
    /// The clock.
    pub now: fn() -> SystemTime,
}

impl<S> Clone for Undertaker<S> {
    fn clone(&self) -> Self {
        let Self { store, seal, client, now } = self;
        Self { store: store.clone(), seal: seal.clone(), client: client.clone(), now: *now }
    }
}

impl<S: DocumentStore + 'static> Undertaker<S> {
    /// The tickets that there are.
    ///
    /// # Errors
    ///
    /// When the table does not answer.
    pub async fn find(&self) -> Result<Vec<String>, DocumentError> {
        // Whoever has just died may have had a clock that is ahead.
        let due = self.store.due((self.now)() + SKEW, MOST).await?;
        Ok(due.into_iter().map(|it| it.key).collect())
    }

    /// Watches tickets, and ends the jobs of those whose function is dead. It takes less than a minute.
    pub async fn end(&self, tickets: Vec<String>) -> Ended {
        let mut watches = JoinSet::new();
        for key in tickets {
            let own = self.clone();
            watches.spawn(async move {
                own.watch(&key).await.inspect_err(|error| {
                    warn!(gitlab.job = key, error = %Chain(error), "the job of a ticket was not ended");
                })
            });
        }
        let mut ended = Ended::default();
        for watched in watches.join_all().await {
            match watched {
                Ok(job) => ended.jobs.extend(job),
                Err(_was_told) => ended.left += 1,
            }
        }
        ended
    }

    async fn watch(&self, key: &str) -> Result<Option<u64>, NotEnded> {
        let since = Instant::now();
        let mut first: Option<Document> = None;
        loop {
            let Some(document) = self.store.load(key, (self.now)()).await? else { return Ok(None) };
            if first.as_ref().is_some_and(|it| it.version != document.version) {
                return Ok(None);
            }
            let ticket = match self.seal.read(&document.record.content) {
                Ok(ticket) => ticket,
                Err(BadTicket::Elsewhere) => return Ok(None),
                Err(error) => {
                    error!(gitlab.job = key, "the job of a ticket cannot be ended: {error}");
                    return Ok(None);
                }
            };
            let deadline = UNIX_EPOCH + Duration::from_millis(ticket.deadline_ms) + SKEW;
            if since.elapsed() >= WATCHED || (self.now)() >= deadline {
                return self.end_job(key, document, ticket).await;
            }
            first = Some(document);
            sleep(LOOK).await;
        }
    }

    async fn end_job(&self, key: &str, document: Document, ticket: Ticket) -> Result<Option<u64>, NotEnded> {
        // Whoever changes it first ends the job.
        let taken = self.store.save(key, document.version, &document.record, (self.now)()).await?;
        let Saved::Yes(version) = taken else { return Ok(None) };
        let job = self.client.job(ticket.job, ticket.token);
        let outcome = ticket.outcome.unwrap_or(Outcome::Failed(Failure::System));
        let text = match ticket.outcome {
            None => lines::error(EPITAPH),
            Some(_) => lines::warning(
                "the runner has died when this job was over, and somebody else reports how it ended",
            ),
        };
        let told = job
            .end_abandoned(&text, outcome.final_state(), &ticket.failure_reasons, Instant::now() + TELLING)
            .await;
        let is_news = told? == Delivery::Accepted;
        if is_news {
            metric::count("JobsAbandoned");
            error!(gitlab.job = ticket.job, "a function died, and its job was ended in its name");
        } else {
            info!(gitlab.job = ticket.job, "a function died, and GitLab knows the end of its job already");
        }
        self.store.delete(key, version, (self.now)()).await?;
        Ok(is_news.then_some(ticket.job))
    }
}
