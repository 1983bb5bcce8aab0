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
    what_is_owed_outlives_whoever_owed_it(store).await;
    what_was_told_is_owed_no_more(store).await;
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
    store.finish(&lease, at(2), None).await.unwrap();
    let forgotten = at(2) + FINISHED_FOR;
    let just_before = forgotten - Duration::from_secs(1);
    assert_eq!(claim(store, "taskrs-once", just_before, at(90)).await, Claim::Finished { owed: None });
    granted(claim(store, "taskrs-once", forgotten, at(90)).await);
}

async fn a_lease_that_ran_out_is_taken_over_for_good(store: &impl ClaimStore) {
    let dead = granted(claim(store, "taskrs-dead", at(0), at(5)).await);
    let lease = granted(claim(store, "taskrs-dead", at(5), at(10)).await);
    assert_ne!(dead.holder, lease.holder);
    assert!(!store.renew(&dead, at(30)).await.unwrap());
    store.finish(&dead, at(6), None).await.unwrap();
    store.release(&dead, at(6)).await.unwrap();
    assert_eq!(claim(store, "taskrs-dead", at(7), at(12)).await, Claim::Held { until: at(10) });
    store.finish(&lease, at(8), None).await.unwrap();
    assert_eq!(claim(store, "taskrs-dead", at(9), at(12)).await, Claim::Finished { owed: None });
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

/// Whoever takes over hears of it: after a death before the result and after it, and where no result could be sent.
async fn what_is_owed_outlives_whoever_owed_it(store: &impl ClaimStore) {
    let first = granted(claim(store, "taskrs-owes", at(0), at(5)).await);
    assert_eq!(first.owed, None);
    store.owe(&first, "{\"a\":1}").await.unwrap();
    assert!(store.renew(&first, at(6)).await.unwrap());
    let second = granted(claim(store, "taskrs-owes", at(6), at(10)).await);
    assert_eq!(second.owed.as_deref(), Some("{\"a\":1}"));
    store.owe(&first, "late").await.unwrap();
    store.owe(&second, "{\"b\":2}").await.unwrap();
    store.release(&second, at(7)).await.unwrap();
    let third = granted(claim(store, "taskrs-owes", at(7), at(12)).await);
    assert_eq!(third.owed.as_deref(), Some("{\"b\":2}"));
    store.finish(&third, at(8), third.owed.as_deref()).await.unwrap();
    let finished = Claim::Finished { owed: Some("{\"b\":2}".to_owned()) };
    assert_eq!(claim(store, "taskrs-owes", at(9), at(12)).await, finished);
}

async fn what_was_told_is_owed_no_more(store: &impl ClaimStore) {
    let lease = granted(claim(store, "taskrs-told", at(0), at(5)).await);
    store.owe(&lease, "owed").await.unwrap();
    // Of a result that is not out, nothing was told.
    store.told("taskrs-told").await.unwrap();
    let lease = granted(claim(store, "taskrs-told", at(5), at(10)).await);
    assert_eq!(lease.owed.as_deref(), Some("owed"));
    store.finish(&lease, at(6), Some("new")).await.unwrap();
    assert_eq!(
        claim(store, "taskrs-told", at(7), at(12)).await,
        Claim::Finished { owed: Some("new".to_owned()) }
    );
    store.told("taskrs-told").await.unwrap();
    assert_eq!(claim(store, "taskrs-told", at(7), at(12)).await, Claim::Finished { owed: None });
    store.told("taskrs-nobody").await.unwrap();

    let lease = granted(claim(store, "taskrs-unwanted", at(0), at(5)).await);
    store.owe(&lease, "owed").await.unwrap();
    store.finish(&lease, at(1), None).await.unwrap();
    assert_eq!(claim(store, "taskrs-unwanted", at(2), at(5)).await, Claim::Finished { owed: None });
}
