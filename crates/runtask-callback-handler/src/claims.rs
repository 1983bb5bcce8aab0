//! Takes the claim of one attempt, keeps it while the attempt works, and settles it at the end.

use runtask_log::{Chain, event, metric};
use runtask_state::{Claim, ClaimStore, Lease};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{error, info, warn};

/// How long a claim is held without being renewed. An attempt that died is taken over after this; Lambda makes its
/// second attempt a minute after the first.
const LEASE: Duration = Duration::from_secs(20);

/// From one renewal to the next: two may get lost.
const RENEWAL: Duration = Duration::from_secs(5);

/// How long writing down what is owed may take: the final result waits for it.
const OWING: Duration = Duration::from_millis(500);

/// The pause before a claim that somebody else holds is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// For whom it is worth to wait for somebody else's claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// When it ends.
    pub(crate) until: Instant,
    /// Whether to wait for a lease's time also where the store cannot say if there is one.
    pub(crate) without_answer: bool,
}

/// The answer to asking for a claim.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Work.
    Work(Hold),
    /// The final result is out.
    Finished {
        /// What is still to be told of it.
        owed: Option<String>,
    },
    /// Another attempt is at work.
    Held,
    /// Another attempt holds the claim, and patience ended before it showed whether it lives.
    Unclear,
}

/// The right to work on one task result. Without a lease when the store of claims cannot say: better twice than never.
#[derive(Debug)]
pub(crate) struct Hold {
    id: String,
    /// What an attempt before this one wanted to be told when it died, or was not heard.
    pub(crate) left: Option<String>,
    lease: Mutex<Option<Lease>>,
}

impl Hold {
    fn new(id: &str, lease: Option<Lease>) -> Self {
        let left = lease.as_ref().and_then(|it| it.owed.clone());
        Self { id: id.to_owned(), left, lease: Mutex::new(lease) }
    }

    fn lease(&self) -> MutexGuard<'_, Option<Lease>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    /// run out, or is renewed, which the dead do not; or until patience ends.
    pub(crate) async fn ask(&self, id: &str, patience: Option<Patience>) -> Asked {
        let asked = Instant::now();
        let mut held_until: Option<SystemTime> = None;
        loop {
            let now = (self.now)();
            let again = Instant::now() + ASK_AGAIN;
            let until = match self.store.claim(id, now, now + LEASE).await {
                Ok(Claim::Granted(lease)) => return Asked::Work(Hold::new(id, Some(lease))),
                Ok(Claim::Finished { owed }) => {
                    info!(event = event::JOB_ALREADY_DONE, "{id} came again after its final result");
                    metric::count("Duplicates");
                    return Asked::Finished { owed };
                }
                Ok(Claim::Held { until }) => until,
                Err(error) => {
                    let waits = patience.is_some_and(|it| {
                        let worth = match held_until {
                            Some(until) => now < until,
                            None => it.without_answer && asked.elapsed() < LEASE,
                        };
                        worth && again < it.until
                    });
                    if waits {
                        sleep_until(again).await;
                        continue;
                    }
                    warn!(
                        event = event::CLAIM_UNAVAILABLE,
                        error = %Chain(&error),
                        "working on {id} without a claim"
                    );
                    return Asked::Work(Hold::new(id, None));
                }
            };
            let is_alive = held_until.is_some_and(|before| until > before);
            let Some(patience) = patience.filter(|_| !is_alive) else {
                info!(event = event::JOB_ALREADY_TAKEN, "{id} came again while another attempt is at work");
                metric::count("Duplicates");
                return Asked::Held;
            };
            let again = again.min(Instant::now() + until.duration_since(now).unwrap_or_default());
            if again >= patience.until {
                return Asked::Unclear;
            }
            if held_until.is_none() {
                info!(
                    event = event::CLAIM_AWAITED,
                    "{id} is held by another attempt: waiting to see if that one lives"
                );
            }
            held_until = Some(until);
            sleep_until(again).await;
        }
    }

    /// Renews a lease for as long as it is wanted, or gets one where the store could not give it at first. Returns when
    /// somebody else took over.
    pub(crate) async fn keep(&self, hold: &Hold) {
        let mut next = Instant::now() + RENEWAL;
        loop {
            sleep_until(next).await;
            next = Instant::now() + RENEWAL;
            let now = (self.now)();
            let lease = hold.lease().clone();
            let kept = match &lease {
                Some(lease) => self.store.renew(lease, now + LEASE).await,
                None => self.store.claim(&hold.id, now, now + LEASE).await.map(|claim| match claim {
                    Claim::Granted(lease) => {
                        *hold.lease() = Some(lease);
                        true
                    }
                    // Both work by now; who is first reports.
                    Claim::Held { .. } => true,
                    Claim::Finished { .. } => false,
                }),
            };
            match kept {
                Ok(true) => {}
                Ok(false) => {
                    return error!(
                        event = event::CLAIM_LOST,
                        "the claim on {} was taken over by another attempt", hold.id
                    );
                }
                Err(error) => {
                    warn!(
                        event = event::CLAIM_NOT_RENEWED,
                        error = %Chain(&error),
                        "the claim on {} could not be renewed",
                        hold.id
                    );
                }
            }
        }
    }

    /// Writes down what is to be told once the final result is out, for whoever takes over from an attempt that dies before.
    /// Not for long: the result waits.
    pub(crate) async fn owe(&self, hold: &Hold, owed: &str) {
        let Some(lease) = hold.lease().clone() else { return };
        let why = match timeout(OWING, self.store.owe(&lease, owed)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Chain(&error).to_string(),
            Err(_elapsed) => "it took too long".to_owned(),
        };
        warn!(
            event = event::OWED_NOT_KEPT,
            error = why,
            "should this attempt die now, nobody is told of the result of {}",
            hold.id
        );
    }

    /// What was owed was told.
    pub(crate) async fn told(&self, id: &str) {
        if let Err(error) = self.store.told(id).await {
            warn!(
                event = event::OWED_NOT_KEPT,
                error = %Chain(&error),
                "the result of {id} may be told once more, by its old name"
            );
        }
    }

    /// Ends a lease: with `finished`, nobody works on the task result any more; without, the next attempt may at once. `owed`
    /// is what is to be told of a result that is out.
    pub(crate) async fn settle(&self, hold: &Hold, finished: bool, owed: Option<&str>) {
        let now = (self.now)();
        let mut lease = hold.lease().clone();
        if lease.is_none() && finished {
            // The store could not give one; perhaps it can remember now that there is nothing left to do.
            if let Ok(Claim::Granted(late)) = self.store.claim(&hold.id, now, now + LEASE).await {
                lease = Some(late);
            }
        }
        let Some(lease) = lease else { return };
        let settled = match finished {
            true => self.store.finish(&lease, now, owed).await,
            false => self.store.release(&lease, now).await,
        };
        if let Err(error) = settled {
            warn!(
                event = event::CLAIM_NOT_SETTLED,
                error = %Chain(&error),
                "the claim on {} could not be settled",
                hold.id
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_state::{MemoryClaims, StoreError};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, LazyLock};
    use std::time::UNIX_EPOCH;
    use tokio::time::sleep;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    /// A clock that goes as tokio's does, so that tests move it.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_790_000_000) + START.elapsed()
    }

    fn claims<C>(store: C) -> Claims<C> {
        LazyLock::force(&START);
        Claims { store, now }
    }

    fn patience() -> Option<Patience> {
        Some(Patience { until: Instant::now() + Duration::from_secs(300), without_answer: false })
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_the_dead_is_taken_over_when_it_has_run_out() {
        let claims = claims(MemoryClaims::new());
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Work(_)));
        let died = Instant::now();
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Held), "without patience at once");
        assert!(matches!(claims.ask("taskrs-1", patience()).await, Asked::Work(_)));
        assert!(died.elapsed() >= LEASE && died.elapsed() <= LEASE + ASK_AGAIN, "{:?}", died.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_of_the_living_is_left_to_them() {
        let claims = claims(Arc::new(MemoryClaims::new()));
        let Asked::Work(hold) = claims.ask("taskrs-1", None).await else { panic!() };
        let asked = Instant::now();
        tokio::select! {
            () = claims.keep(&hold) => panic!("nobody takes over"),
            asked = claims.ask("taskrs-1", patience()) => assert!(matches!(asked, Asked::Held)),
        }
        assert!(asked.elapsed() <= RENEWAL + ASK_AGAIN, "{:?}", asked.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_that_is_finished_meanwhile_is_seen() {
        let claims = claims(Arc::new(MemoryClaims::new()));
        let Asked::Work(hold) = claims.ask("taskrs-1", None).await else { panic!() };
        let finishing = async {
            sleep(Duration::from_secs(3)).await;
            claims.settle(&hold, true, None).await;
        };
        let (asked, ()) = tokio::join!(claims.ask("taskrs-1", patience()), finishing);
        assert!(matches!(asked, Asked::Finished { .. }), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_has_no_more_time_than_the_attempt() {
        let claims = claims(MemoryClaims::new());
        claims.ask("taskrs-1", None).await;
        let latest = Instant::now() + Duration::from_secs(7);
        assert!(matches!(
            claims.ask("taskrs-1", Some(Patience { until: latest, without_answer: false })).await,
            Asked::Unclear
        ));
        assert!(Instant::now() < latest);
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_taken_over_learns_it() {
        let claims = claims(MemoryClaims::new());
        let Asked::Work(hold) = claims.ask("taskrs-1", None).await else { panic!() };
        // It was frozen, or cut off from the store, for longer than its lease.
        tokio::time::advance(LEASE).await;
        assert!(matches!(claims.ask("taskrs-1", None).await, Asked::Work(_)));
        claims.keep(&hold).await;
    }

    /// A store that answers unless it is down.
    #[derive(Default)]
    struct Failing {
        store: MemoryClaims,
        down: AtomicBool,
    }

    impl Failing {
        fn check(&self) -> Result<(), StoreError> {
            if self.down.load(Ordering::Relaxed) { Err(StoreError("down".into())) } else { Ok(()) }
        }

        fn goes(&self, down: bool) {
            self.down.store(down, Ordering::Relaxed);
        }
    }

    impl ClaimStore for Failing {
        async fn claim(&self, id: &str, now: SystemTime, end: SystemTime) -> Result<Claim, StoreError> {
            self.check()?;
            self.store.claim(id, now, end).await
        }
        async fn renew(&self, lease: &Lease, end: SystemTime) -> Result<bool, StoreError> {
            self.check()?;
            self.store.renew(lease, end).await
        }
        async fn owe(&self, lease: &Lease, owed: &str) -> Result<(), StoreError> {
            self.check()?;
            self.store.owe(lease, owed).await
        }
        async fn finish(&self, lease: &Lease, now: SystemTime, owed: Option<&str>) -> Result<(), StoreError> {
            self.check()?;
            self.store.finish(lease, now, owed).await
        }
        async fn told(&self, id: &str) -> Result<(), StoreError> {
            self.check()?;
            self.store.told(id).await
        }
        async fn release(&self, lease: &Lease, now: SystemTime) -> Result<(), StoreError> {
            self.check()?;
            self.store.release(lease, now).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_down_costs_no_run_its_result() {
        let claims = claims(Failing::default());
        claims.store.goes(true);
        let asked = Instant::now();
        let Asked::Work(hold) = claims.ask("taskrs-1", patience()).await else { panic!() };
        assert_eq!(asked.elapsed(), Duration::ZERO);
        let kept = tokio::time::timeout(Duration::from_secs(60), claims.keep(&hold)).await;
        assert!(kept.is_err(), "work goes on");
        claims.settle(&hold, true, None).await;
        assert!(hold.lease().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_back_remembers_all_the_same() {
        let claims = claims(Failing::default());
        for kept in [Duration::from_secs(6), Duration::ZERO] {
            claims.store.goes(true);
            let id = format!("taskrs-{}", kept.as_secs());
            let Asked::Work(hold) = claims.ask(&id, None).await else { panic!() };
            claims.store.goes(false);
            let _works_for = tokio::time::timeout(kept, claims.keep(&hold)).await;
            claims.settle(&hold, true, None).await;
            assert!(matches!(claims.ask(&id, None).await, Asked::Finished { .. }), "{id}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_fails_for_a_moment_does_not_end_the_waiting_for_somebody_who_works() {
        let claims = claims(Failing::default());
        let Asked::Work(hold) = claims.ask("taskrs-1", None).await else { panic!() };
        let trouble = async {
            sleep(Duration::from_secs(1)).await;
            claims.store.goes(true);
            sleep(Duration::from_secs(4)).await;
            claims.store.goes(false);
            claims.settle(&hold, true, None).await;
        };
        let (asked, ()) = tokio::join!(claims.ask("taskrs-1", patience()), trouble);
        assert!(matches!(asked, Asked::Finished { .. }), "{asked:?}");
    }

    /// The failure handler must not be faster than an attempt that lives.
    #[tokio::test(start_paused = true)]
    async fn who_has_time_waits_for_a_store_that_is_down() {
        let claims = claims(Failing::default());
        let Asked::Work(_hold) = claims.ask("taskrs-1", None).await else { panic!() };
        claims.store.goes(true);
        let asked = Instant::now();
        let patience = patience().map(|it| Patience { without_answer: true, ..it });
        assert!(matches!(claims.ask("taskrs-1", patience).await, Asked::Work(_)));
        assert!(asked.elapsed() >= LEASE, "{:?}", asked.elapsed());
    }
}
