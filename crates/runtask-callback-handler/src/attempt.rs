//! Holds how long an attempt may take.

use crate::claims::Patience;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// When a process that is shutting down stops working, and when it is gone.
#[derive(Debug, Clone, Copy)]
pub struct StopAt {
    /// Work ends; what is not done gets its final result now.
    pub work: Instant,
    /// Reporting ends.
    pub report: Instant,
}

/// Tells attempts that the process is about to end.
pub type Shutdown = watch::Receiver<Option<StopAt>>;

/// The time that one attempt at a job has.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// When whoever runs the attempt will end it by force.
    pub deadline: Instant,
    /// Whether the process ends before that.
    pub shutdown: Shutdown,
    /// Whether attempts run in processes of their own, of which one may have died and left its claim. Where all run in
    /// one process, a claim that is held is held by the living.
    pub others_may_have_died: bool,
}

/// Why work had to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutOfTime {
    Deadline,
    Shutdown,
}

impl Attempt {
    /// An attempt in a process that is not told to shut down: a Lambda function's.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        let (_never_told, shutdown) = watch::channel(None);
        Self { deadline, shutdown, others_may_have_died: true }
    }

    /// Until when it makes sense to wait for the claim of an attempt that may have died.
    pub(crate) fn patience(&self, margin: Duration) -> Option<Patience> {
        let until = self.work_until(Instant::now(), margin);
        self.others_may_have_died.then_some(Patience { until, without_answer: false })
    }

    /// When work has to stop so that `margin` is left for the report. An attempt that is shorter than that keeps
    /// half of its time.
    pub(crate) fn work_until(&self, now: Instant, margin: Duration) -> Instant {
        let whole = self.deadline.saturating_duration_since(now);
        self.deadline.checked_sub(margin.min(whole / 2)).unwrap_or(now)
    }

    /// When the last try to report has to be over. A little is kept for saying goodbye.
    pub(crate) fn deliver_until(&self) -> Instant {
        let goodbye = Duration::from_millis(200);
        let report = self.shutdown.borrow().map_or(self.deadline, |it| it.report.min(self.deadline));
        report.checked_sub(goodbye).unwrap_or(report)
    }

    /// Returns when the process is told to shut down.
    pub(crate) async fn told_to_shut_down(&self) {
        let mut shutdown = self.shutdown.clone();
        if shutdown.wait_for(Option::is_some).await.is_err() {
            // Nobody is left who could tell.
            std::future::pending::<()>().await;
        }
    }

    /// Returns when the process is told to shut down, with when the last try to report has to be over then.
    pub(crate) async fn cut_short(&self) -> Instant {
        self.told_to_shut_down().await;
        self.deliver_until()
    }

    /// Returns when work has to stop, at `work_until` or when the process shuts down.
    pub(crate) async fn out_of_time(&self, work_until: Instant) -> OutOfTime {
        let stopped = async {
            self.told_to_shut_down().await;
            let stop = *self.shutdown.borrow();
            sleep_until(stop.map_or(work_until, |it| it.work)).await;
        };
        tokio::select! {
            () = sleep_until(work_until) => OutOfTime::Deadline,
            () = stopped => OutOfTime::Shutdown,
        }
    }
}
