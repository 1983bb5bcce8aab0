//! Defines documents with versions: a writer names the version that it read, and loses if another writer was first.
//!
//! An approval is kept in one: found by its key, changed by one of several who try at once, taken up again when its
//! time comes, and forgotten at its end.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

/// How large a content may be: small enough for an item of a table, with room for what a store adds.
pub const MAX_CONTENT_BYTES: usize = 128 * 1024;

/// Marks one write: distinct for every write that a store ever took, so that a document which was deleted and created
/// again is not taken for the one before. No version is greater than another.
///
/// Stores make them. One that numbers its writes by chance knows its own again when the answer to a write was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(pub u128);

/// The content under a key, and its times. Times are kept to the millisecond; a store may drop finer parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Anything; no store looks into it. At most [`MAX_CONTENT_BYTES`].
    pub content: Vec<u8>,
    /// From then on it is as if the document had never been.
    pub expires_at: SystemTime,
    /// From then on it is in the due list. `None`: nothing is left to be done.
    pub due_at: Option<SystemTime>,
}

/// A record, and the version that whoever changes it must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which write it is of.
    pub version: Version,
    /// What was written.
    pub record: Record,
}

/// The answer to a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there, in this version.
    Yes(Version),
    /// There is one already; it stays as it is.
    Exists,
}

/// The answer to a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is written, and this is its version now.
    Yes(Version),
    /// Somebody else saved it, deleted it, or it expired: nothing is written. Load it again.
    Changed,
}

/// A document whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Where it is.
    pub key: String,
    /// Since when it is due.
    pub due_at: SystemTime,
}

/// A document could not be read or written. Never a reason to go on without the store: whoever asked is to ask again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A write may have been done nevertheless.
    #[error("the store of documents did not answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nothing is written. Documents that are there can still be saved.
    #[error("the store of documents is full")]
    Full,
    /// Nothing is written.
    #[error("a document of {bytes} bytes is too large: {MAX_CONTENT_BYTES} are allowed")]
    TooLarge {
        /// How long its content is.
        bytes: usize,
    },
}

/// Keeps documents. Keys are opaque, and not empty; times are given, no store reads a clock to answer.
///
/// Each write is one step: of several at the same instant one is done, and the others are told so. Each method except
/// [`due`](Self::due) sees every write that was answered before. What every store must keep to is in
/// `contract::documents`, behind the feature `test-util`.
pub trait DocumentStore: Send + Sync {
    /// Writes a document, unless there is one under this key.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached or has no room, or the content is too large.
    fn create(
        &self,
        key: &str,
        record: &Record,
        now: SystemTime,
    ) -> impl Future<Output = Result<Created, DocumentError>> + Send;

    /// Reads a document. `None` when there is none, or none any more.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn load(
        &self,
        key: &str,
        now: SystemTime,
    ) -> impl Future<Output = Result<Option<Document>, DocumentError>> + Send;

    /// Replaces a document (content, expiry and due time), if it is still in the version that was loaded.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached, or the content is too large. A store with room for what it has always has room
    /// for its next version.
    fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> impl Future<Output = Result<Saved, DocumentError>> + Send;

    /// Deletes a document, if it is still in the version that was loaded. `false` when it is there in another one, and
    /// stays; `true` when it is gone, whoever deleted it.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn delete(
        &self,
        key: &str,
        version: Version,
        now: SystemTime,
    ) -> impl Future<Output = Result<bool, DocumentError>> + Send;

    /// The documents that are due by `now`, those that have waited longest first, `limit` at most.
    ///
    /// It is a hint, and may lag behind the writes: whoever acts on it loads the document first, looks at its due time,
    /// and saves a later one before anything else, so that of several who found it one does the work. Then the list
    /// moves on by itself; nothing has to be remembered between two calls.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn due(
        &self,
        now: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Due>, DocumentError>> + Send;
}

impl<S: DocumentStore> DocumentStore for Arc<S> {
    fn create(
        &self,
        key: &str,
        record: &Record,
        now: SystemTime,
    ) -> impl Future<Output = Result<Created, DocumentError>> + Send {
        S::create(self, key, record, now)
    }

    fn load(
        &self,
        key: &str,
        now: SystemTime,
    ) -> impl Future<Output = Result<Option<Document>, DocumentError>> + Send {
        S::load(self, key, now)
    }

    fn save(
        &self,
        key: &str,
        version: Version,
        record: &Record,
        now: SystemTime,
    ) -> impl Future<Output = Result<Saved, DocumentError>> + Send {
        S::save(self, key, version, record, now)
    }

    fn delete(
        &self,
        key: &str,
        version: Version,
        now: SystemTime,
    ) -> impl Future<Output = Result<bool, DocumentError>> + Send {
        S::delete(self, key, version, now)
    }

    fn due(
        &self,
        now: SystemTime,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Due>, DocumentError>> + Send {
        S::due(self, now, limit)
    }
}
