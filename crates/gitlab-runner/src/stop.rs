//! Why a job is stopped before its end, and how.

use crate::budget::{Ends, Reserve};
use runtask_process::StopSignal;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a program may take to stop by itself when a person cancels its job, if there is time: an apply that stops by
/// itself beats one that is killed.
///
/// Source: GitLab Runner waits as long.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What git and other programs get that leave nothing half done elsewhere.
const BRIEF: [(StopSignal, Duration); 2] =
    [(StopSignal::Terminate, Duration::from_secs(3)), (StopSignal::Kill, Duration::from_secs(2))];

/// Why a job is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its time is up.
    TimeUp,
    /// A person cancelled it, and GitLab waits for its end: state `canceling`.
    Canceled,
    /// GitLab wants nothing of it any more: it is cancelled for good, has failed or is gone.
    Aborted,
    /// This runner has to end.
    Shutdown,
}

/// Who is asked whether, and why, a job is to stop. It stays said once it was said.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<Option<Stop>>);

/// Says that a job is to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<Stop>>);

impl Stopper {
    /// One who says it, and one who is asked.
    #[must_use]
    pub fn new() -> (Self, Stopping) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), Stopping(receiver))
    }

    /// Says it. What was said before stays, except that a job whose end GitLab waits for can still be aborted.
    pub fn stop(&self, why: Stop) {
        self.0.send_if_modified(|said| {
            let news = said.is_none() || (why == Stop::Aborted && *said != Some(Stop::Aborted));
            if news {
                *said = Some(why);
            }
            news
        });
    }
}

impl Stopping {
    /// What was said so far.
    #[must_use]
    pub fn said(&self) -> Option<Stop> {
        *self.0.borrow()
    }

    /// Waits until it is said that the job is to stop.
    pub async fn stopped(&mut self) -> Stop {
        let said = self.0.wait_for(Option::is_some).await.ok().and_then(|it| *it);
        match said {
            Some(why) => why,
            // Nobody is left to say it.
            None => std::future::pending().await,
        }
    }

    /// Waits until GitLab wants nothing of the job any more.
    pub async fn aborted(&mut self) {
        let nobody_is_left_to_say_it = self.0.wait_for(|it| *it == Some(Stop::Aborted)).await.is_err();
        if nobody_is_left_to_say_it {
            std::future::pending().await
        }
    }

    /// Waits until GitLab wants nothing of the job any more, or until `end`, when its time is up: for what is done after a
    /// script that was stopped.
    pub fn aborted_or_at(&self, end: Instant) -> impl Future<Output = Stop> + Send + use<> {
        let mut own = self.clone();
        async move {
            tokio::select! {
                biased;
                () = own.aborted() => Stop::Aborted,
                () = until(end) => Stop::TimeUp,
            }
        }
    }

    /// Waits until the job is to stop, or until `end`, when its time is up.
    pub fn or_at(&self, end: Instant) -> impl Future<Output = Stop> + Send + use<> {
        let mut own = self.clone();
        async move {
            tokio::select! {
                biased;
                why = own.stopped() => why,
                () = until(end) => Stop::TimeUp,
            }
        }
    }
}

/// Unlike the library's, it does not wait at all for what has passed.
async fn until(end: Instant) {
    if Instant::now() < end {
        tokio::time::sleep_until(end).await;
    }
}

/// The signals for the user's script, each with the time it has to end after it: `INT` once, then nothing but waiting, then
/// `TERM`, then `KILL`. A second `INT`, or a `TERM` too soon, makes terraform leave at once, with its lock.
#[must_use]
pub(crate) fn ladder(why: Stop, now: Instant, ends: &Ends, reserve: &Reserve) -> Vec<(StopSignal, Duration)> {
    let patience = if why == Stop::Canceled { PATIENCE } else { reserve.interrupt };
    let interrupted = ends.interrupt.min(now + patience).max(now);
    let terminated = ends.terminate.min(interrupted + reserve.terminate).max(interrupted);
    let killed = ends.kill.min(terminated + reserve.kill).max(terminated);
    vec![
        (StopSignal::Interrupt, interrupted - now),
        (StopSignal::Terminate, terminated - interrupted),
        (StopSignal::Kill, killed - terminated),
    ]
}

/// The signals for a program that leaves nothing half done elsewhere.
#[must_use]
pub(crate) fn brief_ladder() -> Vec<(StopSignal, Duration)> {
    BRIEF.to_vec()
}
