//! The claim of one attempt: taken, kept while it works, settled at its end.

use runtask_log::{Chain, metric};
use runtask_state::{Claim, ClaimStore, Lease};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

/// How long a claim is held without being renewed. An attempt that died is taken over after this; Lambda makes its
/// second attempt a minute after the first.
const LEASE: Duration = Duration::from_secs(20);

/// The pause between two renewals: three may get lost.
const RENEWAL: Duration = Duration::from_secs(5);

/// The pause before a claim that somebody else holds is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// What asking for a claim came to.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Work. Without a lease when the store of claims cannot say: better twice than never.
    Work(Option<Lease>),
    /// The final result is out.
    Finished,
    /// Another attempt is at work.
    Held,
    /// Another attempt holds the claim, and patience ended before it showed whether it lives.
    Unclear,
}

/// The claims of one store, by one clock.
#[derive(Debug)]
pub(crate) struct Claims<C> {
    pub(crate) store: C,
    pub(crate) now: fn() -> SystemTime,
}

impl<C: ClaimStore> Claims<C> {
    /// Asks for the claim on `id`.
    ///
    /// Somebody else's may be that of an attempt that died. With `patience`, it is waited for until it is settled, has
    /// run out, or is renewed, which the dead do not; or until that moment.
    pub(crate) async fn ask(&self, id: &str, patience: Option<Instant>) -> Asked {
        let mut held_until = None;
        loop {
            let now = (self.now)();
            let until = match self.store.claim(id, now, now + LEASE).await {
                Ok(Claim::Granted(lease)) => return Asked::Work(Some(lease)),
                Ok(Claim::Finished) => {
                    info!("{id} came again after its final result");
                    metric::count("Duplicates");
                    return Asked::Finished;
                }
                Ok(Claim::Held { until }) => until,
                Err(error) => {
                    warn!(error = %Chain(&error), "working on {id} without a claim");
                    return Asked::Work(None);
                }
            };
            let is_alive = held_until.is_some_and(|before| until > before);
            let pause = until.duration_since(now).unwrap_or_default().min(ASK_AGAIN);
            let again = Instant::now() + pause;
            let Some(latest) = patience.filter(|_| !is_alive) else {
                info!("{id} came again while another attempt is at work");
                metric::count("Duplicates");
                return Asked::Held;
            };
            if again >= latest {
                return Asked::Unclear;
            }
            if held_until.is_none() {
                info!("{id} is held by another attempt: waiting to see if that one lives");
            }
            held_until = Some(until);
            sleep_until(again).await;
        }
    }

    /// Renews a lease for as long as it is wanted. Returns when somebody else took over.
    pub(crate) async fn keep(&self, lease: Option<&Lease>) {
        let Some(lease) = lease else { return std::future::pending().await };
        loop {
            sleep(RENEWAL).await;
            match self.store.renew(lease, (self.now)() + LEASE).await {
                Ok(true) => {}
                Ok(false) => return error!("the claim on {} was taken over by another attempt", lease.id),
                Err(error) => {
                    warn!(error = %Chain(&error), "the claim on {} could not be renewed", lease.id);
                }
            }
        }
    }

    /// Ends a lease: with `finished`, nobody works on the task result any more; without, the next attempt may at once.
    pub(crate) async fn settle(&self, lease: Option<&Lease>, finished: bool) {
        let Some(lease) = lease else { return };
        let settled = match finished {
            true => self.store.finish(lease, (self.now)()).await,
            false => self.store.release(lease).await,
        };
        if let Err(error) = settled {
            warn!(error = %Chain(&error), "the claim on {} could not be settled", lease.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_state::{MemoryClaims, StoreError};
    use std::sync::{Arc, LazyLock};
    use std::time::UNIX_EPOCH;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    /// A clock that goes as tokio's does, so that tests move it.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_790_000_000) + START.elapsed()
    }

    fn claims<C>(store: C) -> Claims<C> {
        LazyLock::force(&START);
        Claims { store, now }
    }

    fn patience() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(300))
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_the_dead_is_taken_over_when_it_has_run_out() {
        let claims = claims(MemoryClaims::new());
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Work(Some(_))));
        let died = Instant::now();
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Held), "without patience at once");
        assert!(matches!(claims.ask("taskrs-1", patience()).await, Asked::Work(Some(_))));
        assert!(died.elapsed() >= LEASE && died.elapsed() <= LEASE + ASK_AGAIN, "{:?}", died.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_the_living_is_left_to_them() {
        let claims = claims(Arc::new(MemoryClaims::new()));
        let Asked::Work(lease) = claims.ask("taskrs-1", None).await else { panic!() };
        let asked = Instant::now();
        tokio::select! {
            () = claims.keep(lease.as_ref()) => panic!("nobody takes over"),
            asked = claims.ask("taskrs-1", patience()) => assert!(matches!(asked, Asked::Held)),
        }
        assert!(asked.elapsed() <= RENEWAL + ASK_AGAIN, "{:?}", asked.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_is_finished_meanwhile_is_seen() {
        let claims = claims(Arc::new(MemoryClaims::new()));
        let Asked::Work(lease) = claims.ask("taskrs-1", None).await else { panic!() };
        let finishing = async {
            sleep(Duration::from_secs(3)).await;
            claims.settle(lease.as_ref(), true).await;
        };
        let (asked, ()) = tokio::join!(claims.ask("taskrs-1", patience()), finishing);
        assert!(matches!(asked, Asked::Finished), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_has_no_more_time_than_the_attempt() {
        let claims = claims(MemoryClaims::new());
        claims.ask("taskrs-1", None).await;
        let latest = Instant::now() + Duration::from_secs(7);
        assert!(matches!(claims.ask("taskrs-1", Some(latest)).await, Asked::Unclear));
        assert!(Instant::now() < latest);
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_taken_over_learns_it() {
        let claims = claims(MemoryClaims::new());
        let Asked::Work(lease) = claims.ask("taskrs-1", None).await else { panic!() };
        // It was frozen, or cut off from the store, for longer than its lease.
        tokio::time::advance(LEASE).await;
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Work(Some(_))));
        claims.keep(lease.as_ref()).await;
    }

    /// A store that never answers.
    struct Down;

    impl ClaimStore for Down {
        async fn claim(&self, _: &str, _: SystemTime, _: SystemTime) -> Result<Claim, StoreError> {
            Err(StoreError("down".into()))
        }
        async fn renew(&self, _: &Lease, _: SystemTime) -> Result<bool, StoreError> {
            Err(StoreError("down".into()))
        }
        async fn finish(&self, _: &Lease, _: SystemTime) -> Result<(), StoreError> {
            Err(StoreError("down".into()))
        }
        async fn release(&self, _: &Lease) -> Result<(), StoreError> {
            Err(StoreError("down".into()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_down_costs_no_run_its_result() {
        let claims = claims(Down);
        assert!(matches!(claims.ask("taskrs-1", patience()).await, Asked::Work(None)));
        let lease = Lease { id: "taskrs-1".to_owned(), holder: 1 };
        let kept = tokio::time::timeout(Duration::from_secs(60), claims.keep(Some(&lease))).await;
        assert!(kept.is_err(), "work goes on");
        claims.settle(Some(&lease), true).await;
    }
}
