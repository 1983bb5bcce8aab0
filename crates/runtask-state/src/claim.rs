//! Defines claims, which let one of several attempts at a task result work.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How long a finished task result is remembered: longer than the 60 minutes in which HCP Terraform may ask again.
pub const FINISHED_FOR: Duration = Duration::from_secs(70 * 60);

/// The right to work on one task result. Only the attempt that was given it can renew, finish or release it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The task result's id.
    pub id: String,
    /// Which attempt holds it: distinct for every claim that was ever granted.
    pub holder: u128,
    /// What an attempt before this one owed ([`ClaimStore::owe`]) when its lease ended without a result.
    pub owed: Option<String>,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Go to work.
    Granted(Lease),
    /// Another attempt is at work, or was until it died.
    Held {
        /// When its lease ends. An attempt that lives renews it before.
        until: SystemTime,
    },
    /// The final result is out.
    Finished {
        /// What is still to be told of it, as far as the store knows.
        owed: Option<String>,
    },
}

/// The store cannot say; the work may have to be done without its word.
#[derive(Debug, thiserror::Error)]
#[error("the store of claims did not answer")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Remembers who works on which task result. Ids are opaque; times are given, no store reads a clock.
///
/// What every store must keep to is in `contract`, behind the feature `test-util`.
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

    /// Prolongs a lease until `lease_end`. `false` when somebody else took over, because it was not prolonged in time:
    /// whoever held it must stop.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn renew(
        &self,
        lease: &Lease,
        lease_end: SystemTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes down what has to be told once the final result is out, a few kilobytes of text, in place of what was owed before.
    /// It stays through the lease's end, for whoever is granted the next one. Without effect when somebody else took over.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn owe(&self, lease: &Lease, owed: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The final result is out: remembered for [`FINISHED_FOR`], with what is to be told of it now, if anything. Without effect
    /// when somebody else took over.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn finish(
        &self,
        lease: &Lease,
        now: SystemTime,
        owed: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What was owed for a task result that is finished was told, by whomever.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn told(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// No result could be sent: another attempt may start at once. Without effect when somebody else took over.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached.
    fn release(&self, lease: &Lease, now: SystemTime) -> impl Future<Output = Result<(), StoreError>> + Send;
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

    fn renew(
        &self,
        lease: &Lease,
        lease_end: SystemTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        S::renew(self, lease, lease_end)
    }

    fn owe(&self, lease: &Lease, owed: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::owe(self, lease, owed)
    }

    fn finish(
        &self,
        lease: &Lease,
        now: SystemTime,
        owed: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::finish(self, lease, now, owed)
    }

    fn told(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::told(self, id)
    }

    fn release(&self, lease: &Lease, now: SystemTime) -> impl Future<Output = Result<(), StoreError>> + Send {
        S::release(self, lease, now)
    }
}
