//! Holds the test that every store of claims has to pass.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

use crate::{Claim, ClaimStore, FINISHED_FOR, Lease};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Runs the contract against an empty store.
///
/// # Panics
///
/// When the store breaks it.
pub async fn check(store: &impl ClaimStore) {
    one_attempt_works_and_the_rest_stand_aside(store).await;
    a_lease_that_ran_out_is_taken_over_for_good(store).await;
    a_lease_that_is_renewed_is_not_taken_over(store).await;
    a_released_task_result_may_be_claimed_at_once(store).await;
}

fn at(minutes: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000 + minutes * 60)
}

fn granted(claim: Claim) -> Lease {
    let Claim::Granted(lease) = claim else { panic!("not granted: {claim:?}") };
    lease
}

async fn claim(store: &impl ClaimStore, id: &str, now: SystemTime, lease_end: SystemTime) -> Claim {
    store.claim(id, now, lease_end).await.unwrap()
}

/// P-09: while the first is at work, and after it has finished.
async fn one_attempt_works_and_the_rest_stand_aside(store: &impl ClaimStore) {
    let lease = granted(claim(store, "taskrs-once", at(0), at(5)).await);
    assert_eq!(claim(store, "taskrs-once", at(1), at(6)).await, Claim::Held { until: at(5) });
    granted(claim(store, "taskrs-other", at(1), at(6)).await);
    store.finish(&lease, at(2)).await.unwrap();
    let forgotten = at(2) + FINISHED_FOR;
    let just_before = forgotten - Duration::from_secs(1);
    assert_eq!(claim(store, "taskrs-once", just_before, at(90)).await, Claim::Finished);
    granted(claim(store, "taskrs-once", forgotten, at(90)).await);
}

async fn a_lease_that_ran_out_is_taken_over_for_good(store: &impl ClaimStore) {
    let dead = granted(claim(store, "taskrs-dead", at(0), at(5)).await);
    let lease = granted(claim(store, "taskrs-dead", at(5), at(10)).await);
    assert_ne!(dead.holder, lease.holder);
    assert!(!store.renew(&dead, at(30)).await.unwrap());
    store.finish(&dead, at(6)).await.unwrap();
    store.release(&dead, at(6)).await.unwrap();
    assert_eq!(claim(store, "taskrs-dead", at(7), at(12)).await, Claim::Held { until: at(10) });
    store.finish(&lease, at(8)).await.unwrap();
    assert_eq!(claim(store, "taskrs-dead", at(9), at(12)).await, Claim::Finished);
}

async fn a_lease_that_is_renewed_is_not_taken_over(store: &impl ClaimStore) {
    let lease = granted(claim(store, "taskrs-alive", at(0), at(5)).await);
    assert!(store.renew(&lease, at(9)).await.unwrap());
    assert_eq!(claim(store, "taskrs-alive", at(6), at(12)).await, Claim::Held { until: at(9) });
}

async fn a_released_task_result_may_be_claimed_at_once(store: &impl ClaimStore) {
    let lease = granted(claim(store, "taskrs-released", at(0), at(5)).await);
    store.release(&lease, at(0)).await.unwrap();
    granted(claim(store, "taskrs-released", at(0), at(5)).await);
}
