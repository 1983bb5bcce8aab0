//! Claims: of several attempts at one task result, one works.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a finished task result is remembered: longer than the 60 minutes in which HCP Terraform may ask again.
pub const FINISHED_FOR: Duration = Duration::from_secs(70 * 60);

/// The right to work on one task result. Only the attempt that was given it can finish or release it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The task result's id.
    pub id: String,
    /// Which attempt holds it: distinct for every claim that was ever granted.
    pub holder: u64,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Go to work.
    Granted(Lease),
    /// Another attempt is at work and may be until this time.
    Held {
        /// When its lease ends.
        until: SystemTime,
    },
    /// The final result is out.
    Finished,
}

/// The store cannot say; the work may have to be done without its word.
#[derive(Debug, thiserror::Error)]
#[error("the store of claims did not answer")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Remembers who works on which task result. Ids are opaque; times are given, no store reads a clock.
pub trait ClaimStore: Send + Sync {
    /// Asks for the right to work on `id` until `lease_end`.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn claim(
        &self,
        id: &str,
        now: SystemTime,
        lease_end: SystemTime,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send;

    /// The final result is out: remembered for [`FINISHED_FOR`]. Without effect when somebody else took over.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn finish(&self, lease: &Lease, now: SystemTime) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// No result could be sent: another attempt may start at once. Without effect when somebody else took over.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn release(&self, lease: &Lease) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl<S: ClaimStore> ClaimStore for Arc<S> {
    fn claim(
        &self,
        id: &str,
        now: SystemTime,
        lease_end: SystemTime,
    ) -> impl Future<Output = Result<Claim, StoreError>> + Send {
        S::claim(self, id, now, lease_end)
    }

    fn finish(&self, lease: &Lease, now: SystemTime) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::finish(self, lease, now)
    }

    fn release(&self, lease: &Lease) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::release(self, lease)
    }
}
