//! Keeps accepted jobs in Redis until they are done, so that another process takes up what one left that died.
//!
//! A job is written down before HCP Terraform hears that it was accepted, sealed, because a run's token is in it. Whoever
//! works on it puts off when it is looked at; whoever finds it due looks whether its claim is free, and works on it then. So
//! it does not matter who has died, and when.

use ring::rand::SystemRandom;
use runtask_approvals::{Keys, Purpose, Sealed, UnixTime};
use runtask_log::{Chain, event};
use runtask_protocol::Job;
use runtask_redis::{Redis, RedisDocuments};
use runtask_state::{Created, DocumentError, DocumentStore, MAX_CONTENT_BYTES, Record, Saved};
use runtask_terminal::environment::now;
use secrecy::ExposeSecret;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;
use tracing::{info, warn};

/// What Redis calls the documents.
const JOBS: &str = "jobs";

/// How long after somebody was last seen at work on a job it is looked at: as long as a claim lasts that nobody renews.
const LOOK_AGAIN: Duration = Duration::from_secs(20);

/// How often whoever is at work shows it.
const AT_WORK: Duration = Duration::from_secs(8);

/// How long a job is kept: as long as HCP Terraform waits.
const KEPT: Duration = Duration::from_hours(1);

/// Jobs that are looked at in one go.
const PAGE: usize = 100;

/// Accepted jobs.
#[derive(Debug)]
pub(crate) struct KeptJobs {
    store: RedisDocuments,
    keys: Arc<Keys>,
}

/// Why a job was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error("the job could not be sealed")]
    Seal(#[from] runtask_approvals::SealError),
    #[error("the job could not be written down")]
    Store(#[from] DocumentError),
}

impl KeptJobs {
    pub(crate) fn new(redis: Redis, keys: Arc<Keys>) -> Self {
        Self { store: RedisDocuments::new(redis, JOBS), keys }
    }

    /// Writes a job down. One that is there already stays. One that is too large for it is worked on all the same.
    pub(crate) async fn keep(&self, id: &str, job: &[u8], now: SystemTime) -> Result<(), KeepError> {
        let sealed = self.keys.seal(Purpose::Job, &[id], job, &SystemRandom::new())?;
        let content = serde_json::to_vec(&sealed).unwrap_or_default();
        if content.len() > MAX_CONTENT_BYTES {
            warn!(
                event = event::JOB_NOT_KEPT,
                "{id} is too large to be kept: nobody takes it up should this process die"
            );
            return Ok(());
        }
        let record = Record { content, expires_at: now + KEPT, due_at: Some(now + LOOK_AGAIN) };
        let _new_or_known: Created = self.store.create(&key(id), &record, now).await?;
        Ok(())
    }

    /// Does `work` on a job, and shows others meanwhile that somebody does.
    pub(crate) async fn during<T>(&self, id: &str, work: impl Future<Output = T>) -> T {
        let showing = async {
            loop {
                sleep(AT_WORK).await;
                if let Err(error) = self.put_off(&key(id), now() + LOOK_AGAIN, now()).await {
                    // Whoever looks at it finds its claim held.
                    warn!(event = event::JOB_NOT_KEPT, error = %Chain(&error), "{id} could not be put off");
                }
            }
        };
        tokio::select! {
            done = work => done,
            never = showing => never,
        }
    }

    /// Lets others look at it later, if it is due by `until`; what it is, if nobody was faster.
    async fn put_off(
        &self,
        key: &str,
        until: SystemTime,
        now: SystemTime,
    ) -> Result<Option<Record>, DocumentError> {
        let Some(document) = self.store.load(key, now).await? else { return Ok(None) };
        // Of several who found it due, whoever loads it late finds it put off.
        if document.record.due_at.is_none_or(|it| it > until) {
            return Ok(None);
        }
        let record = Record { due_at: Some(now + LOOK_AGAIN), ..document.record };
        let saved = self.store.save(key, document.version, &record, now).await?;
        Ok(matches!(saved, Saved::Yes(_)).then_some(record))
    }

    /// Forgets a job that is done. Should that fail, whoever looks at it finds its claim finished.
    pub(crate) async fn forget(&self, id: &str, now: SystemTime) {
        let key = key(id);
        let forgotten = async {
            match self.store.load(&key, now).await? {
                Some(document) => self.store.delete(&key, document.version, now).await.map(drop),
                None => Ok(()),
            }
        };
        if let Err(error) = forgotten.await {
            warn!(event = event::JOB_NOT_KEPT, "{id} could not be forgotten: {}", Chain(&error));
        }
    }

    /// Jobs that may have been left: nobody was seen at work on them for a while. Of several who look at the same instant one
    /// gets each.
    pub(crate) async fn left(&self, now: SystemTime) -> Result<Vec<Job>, DocumentError> {
        let mut jobs = Vec::new();
        for due in self.store.due(now, PAGE).await? {
            let Some(record) = self.put_off(&due.key, now, now).await? else { continue };
            match self.opened(&due.key, &record.content, now) {
                Some(job) => jobs.push(job),
                None => warn!(
                    event = event::JOB_NOT_KEPT,
                    "{} cannot be read with the keys of approvals", due.key
                ),
            }
        }
        if !jobs.is_empty() {
            info!(
                event = event::JOBS_LOOKED_AT,
                jobs = jobs.len(),
                "looking at {} jobs that may have been left",
                jobs.len()
            );
        }
        Ok(jobs)
    }

    fn opened(&self, key: &str, content: &[u8], now: SystemTime) -> Option<Job> {
        let id = key.strip_prefix(PREFIX)?;
        let sealed: Sealed = serde_json::from_slice(content).ok()?;
        let job = self.keys.open(Purpose::Job, &[id], &sealed, UnixTime::from(now))?;
        Job::parse(job.expose_secret()).ok()
    }
}

const PREFIX: &str = "job#";

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}
