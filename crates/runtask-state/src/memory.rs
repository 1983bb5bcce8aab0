//! Claims of one process, kept in its memory.

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
    granted: u64,
}

#[derive(Debug)]
enum Entry {
    Held { holder: u64, until: SystemTime },
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

    fn replace(&self, lease: &Lease, with: Option<Entry>) {
        let mut inner = self.lock();
        let ours = matches!(inner.entries.get(&lease.id), Some(Entry::Held { holder, .. }) if *holder == lease.holder);
        match with {
            Some(entry) if ours => drop(inner.entries.insert(lease.id.clone(), entry)),
            None if ours => drop(inner.entries.remove(&lease.id)),
            _ => {}
        }
    }
}

impl ClaimStore for MemoryClaims {
    async fn claim(&self, id: &str, now: SystemTime, lease_end: SystemTime) -> Result<Claim, StoreError> {
        Ok(self.claim_now(id, now, lease_end))
    }

    async fn finish(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
        self.replace(lease, Some(Entry::Finished { until: now + FINISHED_FOR }));
        Ok(())
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.replace(lease, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const ID: &str = "taskrs-1";

    fn at(minutes: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(minutes * 60)
    }

    fn granted(claim: Claim) -> Lease {
        let Claim::Granted(lease) = claim else { panic!("not granted: {claim:?}") };
        lease
    }

    /// P-09: a second attempt stands aside while the first is at work and after it has finished.
    #[tokio::test]
    async fn one_attempt_works_and_the_rest_stand_aside() {
        let claims = MemoryClaims::new();
        let lease = granted(claims.claim(ID, at(0), at(5)).await.unwrap());
        assert_eq!(claims.claim(ID, at(1), at(6)).await.unwrap(), Claim::Held { until: at(5) });
        assert!(matches!(claims.claim("taskrs-2", at(1), at(6)).await.unwrap(), Claim::Granted(_)));
        claims.finish(&lease, at(2)).await.unwrap();
        assert_eq!(claims.claim(ID, at(71), at(80)).await.unwrap(), Claim::Finished);
        assert!(
            matches!(claims.claim(ID, at(72), at(80)).await.unwrap(), Claim::Granted(_)),
            "forgotten by then"
        );
    }

    #[tokio::test]
    async fn a_lease_that_ran_out_can_be_taken_over_for_good() {
        let claims = MemoryClaims::new();
        let dead = granted(claims.claim(ID, at(0), at(5)).await.unwrap());
        let lease = granted(claims.claim(ID, at(5), at(10)).await.unwrap());
        claims.finish(&dead, at(6)).await.unwrap();
        claims.release(&dead).await.unwrap();
        assert_eq!(claims.claim(ID, at(7), at(12)).await.unwrap(), Claim::Held { until: at(10) });
        claims.release(&lease).await.unwrap();
        assert!(matches!(claims.claim(ID, at(7), at(12)).await.unwrap(), Claim::Granted(_)));
    }
}
