//! Keeps claims in the memory of one process.

use crate::claim::{Claim, ClaimStore, FINISHED_FOR, Lease, StoreError};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Claims that live as long as the process. Enough for one process that serves everything; several Lambda
/// environments do not see each other's.
#[derive(Debug, Default)]
pub struct MemoryClaims(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<String, Entry>,
    granted: u128,
}

#[derive(Debug)]
enum Entry {
    Held { holder: u128, until: SystemTime },
    Finished { until: SystemTime },
}

impl Entry {
    fn until(&self) -> SystemTime {
        match self {
            Self::Held { until, .. } | Self::Finished { until } => *until,
        }
    }
}

impl MemoryClaims {
    /// A store that remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done while the lock is held, so a panic elsewhere does not spoil the map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_now(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Claim {
        let mut inner = self.lock();
        inner.entries.retain(|_, entry| entry.until() > now);
        match inner.entries.get(id) {
            Some(Entry::Held { until, .. }) => return Claim::Held { until: *until },
            Some(Entry::Finished { .. }) => return Claim::Finished,
            None => {}
        }
        inner.granted += 1;
        let holder = inner.granted;
        inner.entries.insert(id.to_owned(), Entry::Held { holder, until: lease_end });
        Claim::Granted(Lease { id: id.to_owned(), holder })
    }

    /// Replaces what is remembered of a lease, if it is still its holder's; says whether it was.
    fn replace(&self, lease: &Lease, with: Option<Entry>) -> bool {
        let mut inner = self.lock();
        let ours = matches!(inner.entries.get(&lease.id), Some(Entry::Held { holder, .. }) if *holder == lease.holder);
        match with {
            Some(entry) if ours => drop(inner.entries.insert(lease.id.clone(), entry)),
            None if ours => drop(inner.entries.remove(&lease.id)),
            _ => {}
        }
        ours
    }
}

impl ClaimStore for MemoryClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        Ok(self.claim_now(id, now, lease_end))
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        Ok(self.replace(lease, Some(Entry::Held { holder: lease.holder, until: lease_end })))
    }

    async fn finish(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        self.replace(lease, Some(Entry::Finished { until: now + FINISHED_FOR }));
        Ok(())
    }

    async fn release(&self, lease: &Lease, _now: SystemTime) -> Result<(), StoreError> {
        self.replace(lease, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[tokio::test]
    async fn memory_keeps_the_contract() {
        contract::claims::check(&MemoryClaims::new()).await;
    }
}
