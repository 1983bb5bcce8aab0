//! Keeps approvals in a store of documents: each change is one write that names the version it was made of.

use crate::apply::apply;
use crate::approval::Approval;
use crate::effects::due_at;
use crate::event::Event;
use crate::observe;
use crate::record::RecordError;
use crate::refusal::Refusal;
use crate::time::UnixTime;
use runtask_state::{Created, DocumentError, DocumentStore, Record, Saved, Version};
use std::time::SystemTime;

/// How often a change is made again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// An approval as it is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What is known.
    pub approval: Approval,
    /// Which write it is of.
    pub version: Version,
    /// When the store says that it is due.
    pub due_at: Option<SystemTime>,
}

/// An approval could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Somebody's answer does not count.
    #[error("the answer was refused: {}", .0.word())]
    Refused(Refusal),
    /// There is no such approval, or none any more.
    #[error("there is no such approval")]
    NotFound,
    /// The store did not answer; ask again. The change may have been made.
    #[error("the approval could not be read or written")]
    Store(#[from] DocumentError),
    /// What the store has is not for this version.
    #[error("the approval cannot be read")]
    Record(#[from] RecordError),
    /// Others were faster every time; ask again.
    #[error("the approval was changed by others again and again")]
    Contended,
}

/// The key of an approval in a store.
#[must_use]
pub fn key(id: &str) -> String {
    format!("approval#{id}")
}

/// Keeps a new approval. `false` when there is one for this task result: it stays as it is, so a request that comes again
/// asks nobody a second time.
///
/// # Errors
///
/// When the store did not answer.
pub async fn create(
    store: &impl DocumentStore,
    approval: &Approval,
    now: UnixTime,
) -> Result<bool, DocumentError> {
    let created = store.create(&key(&approval.id), &document(approval), now.into()).await?;
    let is_new = matches!(created, Created::Yes(_));
    if is_new {
        observe::asked(approval);
    }
    Ok(is_new)
}

/// Finds an approval by its task result's id.
///
/// # Errors
///
/// When the store did not answer, or has what this version cannot read.
pub async fn load(store: &impl DocumentStore, id: &str, now: UnixTime) -> Result<Option<Kept>, ChangeError> {
    load_key(store, &key(id), now).await
}

pub(crate) async fn load_key(
    store: &impl DocumentStore,
    key: &str,
    now: UnixTime,
) -> Result<Option<Kept>, ChangeError> {
    let Some(document) = store.load(key, now.into()).await? else { return Ok(None) };
    let approval = Approval::from_json(&document.record.content)?;
    Ok(Some(Kept { approval, version: document.version, due_at: document.record.due_at }))
}

/// Applies an event, and keeps what comes of it. Where somebody else was faster, it is applied to what they made of it.
///
/// # Errors
///
/// When the event is refused, or the change could not be kept: then it was not made, except where the store did not answer.
pub async fn change(
    store: &impl DocumentStore,
    id: &str,
    event: &Event,
    now: UnixTime,
) -> Result<Kept, ChangeError> {
    change_key(store, &key(id), event, now).await
}

pub(crate) async fn change_key(
    store: &impl DocumentStore,
    key: &str,
    event: &Event,
    now: UnixTime,
) -> Result<Kept, ChangeError> {
    for _attempt in 0..ATTEMPTS {
        let kept = load_key(store, key, now).await?.ok_or(ChangeError::NotFound)?;
        let next = apply(&kept.approval, event.clone(), now).map_err(|refusal| {
            observe::refused(&kept.approval, event, &refusal);
            ChangeError::Refused(refusal)
        })?;
        if next == kept.approval {
            return Ok(kept);
        }
        if let Some(saved) = save(store, kept.version, next, now).await? {
            observe::moved(&kept.approval, &saved.approval);
            return Ok(saved);
        }
    }
    Err(ChangeError::Contended)
}

/// Writes the next version of an approval; `None` when somebody else was faster.
pub(crate) async fn save(
    store: &impl DocumentStore,
    version: Version,
    approval: Approval,
    now: UnixTime,
) -> Result<Option<Kept>, DocumentError> {
    let record = document(&approval);
    match store.save(&key(&approval.id), version, &record, now.into()).await? {
        Saved::Yes(version) => Ok(Some(Kept { approval, version, due_at: record.due_at })),
        Saved::Changed => Ok(None),
    }
}

/// Lets what is under a key be due later, whatever it is.
pub(crate) async fn put_off(
    store: &impl DocumentStore,
    key: &str,
    until: UnixTime,
    now: UnixTime,
) -> Result<(), DocumentError> {
    let Some(document) = store.load(key, now.into()).await? else { return Ok(()) };
    let record = Record { due_at: Some(until.into()), ..document.record };
    // Whoever was faster has made it anew.
    store.save(key, document.version, &record, now.into()).await.map(|_saved| ())
}

/// While somebody sends what is due, it is due for others when that one's lease has run out.
fn document(approval: &Approval) -> Record {
    let due_at = approval.lease.map(|it| it.until).or_else(|| due_at(approval));
    Record {
        content: approval.to_json(),
        expires_at: approval.expires_at().into(),
        due_at: due_at.map(SystemTime::from),
    }
}
