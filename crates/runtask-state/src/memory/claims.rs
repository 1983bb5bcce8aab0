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
struct Entry {
    holder: u128,
    until: SystemTime,
    is_finished: bool,
    owed: Option<String>,
}

impl Entry {
    /// How long it is remembered: what is owed as long as a result.
    fn kept_until(&self) -> SystemTime {
        if self.owed.is_some() { self.until + FINISHED_FOR } else { self.until }
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
        match inner.entries.get(id).filter(|it| it.until > now) {
            Some(Entry { is_finished: true, owed, .. }) => return Claim::Finished { owed: owed.clone() },
            Some(Entry { until, .. }) => return Claim::Held { until: *until },
            None => {}
        }
        let owed = inner.entries.remove(id).and_then(|it| it.owed);
        inner.entries.retain(|_, entry| entry.kept_until() > now);
        inner.granted += 1;
        let holder = inner.granted;
        let entry = Entry { holder, until: lease_end, is_finished: false, owed: owed.clone() };
        inner.entries.insert(id.to_owned(), entry);
        Claim::Granted(Lease { id: id.to_owned(), holder, owed })
    }

    /// Changes what is remembered of a lease, if it is still its holder's; says whether it was.
    fn change(&self, lease: &Lease, change: impl FnOnce(&mut Entry)) -> bool {
        let mut inner = self.lock();
        let entry = inner.entries.get_mut(&lease.id);
        let ours = entry.filter(|it| it.holder == lease.holder && !it.is_finished);
        ours.map(change).is_some()
    }
}

impl ClaimStore for MemoryClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        Ok(self.claim_now(id, now, lease_end))
    }

    async fn renew(&self, lease: &Lease, lease_end: SystemTime) -> Result<bool, StoreError> {
        Ok(self.change(lease, |it| it.until = lease_end))
    }

    async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
        self.change(lease, |it| it.owed = Some(owed.to_owned()));
        Ok(())
    }

    async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
        self.change(lease, |it| {
            it.until = now + FINISHED_FOR;
            it.is_finished = true;
            it.owed = owed.map(str::to_owned);
        });
        Ok(())
    }

    async fn told(&self, id: &str) -> Result<(), StoreError> {
        if let Some(entry) = self.lock().entries.get_mut(id).filter(|it| it.is_finished) {
            entry.owed = None;
        }
        Ok(())
    }

    async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        // A lease that ends now: free for whoever asks.
        self.change(lease, |it| it.until = now);
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
