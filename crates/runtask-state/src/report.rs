//! Defines where pages of reports are kept: found by the hash of a secret, read until their time is over.

use std::fmt::{self, Debug};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// Under which name a report is kept: the SHA-256 of the secret in its link. So who sees a store's list of names has no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportName([u8; 32]);

impl ReportName {
    /// The name that belongs to a secret with this SHA-256.
    #[must_use]
    pub const fn of_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

/// In lower-case hexadecimal digits: fit for a file's name and for an object's key.
impl fmt::Display for ReportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What there is of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFile {
    /// The page.
    Page,
    /// The same as JSON.
    Json,
    /// The same as SARIF.
    Sarif,
}

impl ReportFile {
    /// All of them. The page comes last: whoever finds it finds what it leads to.
    pub const ALL: [Self; 3] = [Self::Json, Self::Sarif, Self::Page];

    /// Its file name, wherever reports are kept.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "index.html",
            Self::Json => "report.json",
            Self::Sarif => "report.sarif",
        }
    }
}

/// A store of reports could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the store of reports did not answer")]
pub struct ReportStoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What a store answers, some time later.
pub type ReportAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReportStoreError>> + Send + 'a>>;

/// Keeps reports for a time that it was made with. Times are given, no store reads a clock to answer.
///
/// A program has one of several, so it is a trait of objects. What every store must keep to is in `contract::reports`,
/// behind the feature `test-util`.
pub trait ReportStore: Debug + Send + Sync {
    /// Keeps a file of a report.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn put(
        &self,
        name: ReportName,
        file: ReportFile,
        content: Vec<u8>,
        now: SystemTime,
    ) -> ReportAnswer<'_, ()>;

    /// Reads a file of a report. `None` when there is none: there never was, its time is over, or somebody has deleted it.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn get(&self, name: ReportName, file: ReportFile, now: SystemTime) -> ReportAnswer<'_, Option<Vec<u8>>>;
}

/// Whether something that was kept at that time is to be read no more.
#[must_use]
pub fn is_over(kept_at: SystemTime, for_: Duration, now: SystemTime) -> bool {
    now.duration_since(kept_at).is_ok_and(|age| age >= for_)
}
