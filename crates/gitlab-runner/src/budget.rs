//! How much time there is, and what it is for.
//!
//! Never is a job taken that cannot have its whole time: GitLab takes none back. What is promised to a job is followed by a
//! reserve, in which it is stopped and reported, and by a margin, in which this runner ends.

use std::time::Duration;
use tokio::time::Instant;

/// The longest time of a job that is believed: GitLab allows a month.
const LONGEST: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// How long an attempt to get the sources, all downloads and all uploads may take where there is plenty of time.
const CHECKOUT: Duration = Duration::from_secs(120);
const DOWNLOADS: Duration = Duration::from_secs(120);
const UPLOADS: Duration = Duration::from_secs(60);

/// What comes after a job's time is up, in this order. Each part is a latest end: what one leaves over, the next may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// What the script has to end by itself after `INT`.
    pub interrupt: Duration,
    /// What it has after `TERM`.
    pub terminate: Duration,
    /// What it may take to be gone after `KILL`.
    pub kill: Duration,
    /// What `after_script` has.
    pub after_script: Duration,
    /// What artifacts have to be uploaded.
    pub uploads: Duration,
    /// What the last bytes of the log and the final state have, with GitLab's "not yet".
    pub finish: Duration,
}

impl Default for Reserve {
    /// 75 seconds.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            interrupt: seconds(30),
            terminate: seconds(5),
            kill: seconds(5),
            after_script: seconds(10),
            uploads: seconds(10),
            finish: seconds(15),
        }
    }
}

impl Reserve {
    /// So much in all, in the proportions of the default.
    #[must_use]
    pub fn of(total: Duration) -> Self {
        let usual = Self::default();
        let whole = usual.total().as_secs_f64();
        let part = |usual: Duration| total.mul_f64(usual.as_secs_f64() / whole);
        Self {
            interrupt: part(usual.interrupt),
            terminate: part(usual.terminate),
            kill: part(usual.kill),
            after_script: part(usual.after_script),
            uploads: part(usual.uploads),
            finish: part(usual.finish),
        }
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.interrupt + self.terminate + self.kill + self.after_script + self.uploads + self.finish
    }
}

/// The time of one invocation, or of a process that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// When we are ended, if anybody does that.
    pub deadline: Option<Instant>,
    /// What each job is promised: the runner's `maximum_timeout` in GitLab.
    pub promised: Duration,
    /// What comes after it.
    pub reserve: Reserve,
    /// What is left for our own end.
    pub margin: Duration,
}

/// Who says how long a job may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSource {
    /// GitLab: the job's own timeout, or the runner's.
    Job,
    /// What this invocation has left, which is less than GitLab allows.
    Left {
        /// What GitLab allows.
        wanted: Duration,
    },
}

/// The time of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobTime {
    /// What it may take until its script is stopped.
    pub limit: Duration,
    /// Who says so.
    pub source: LimitSource,
    /// When each part of it ends at the latest.
    pub ends: Ends,
}

/// When each part of a job ends at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Everything up to the script, which is interrupted then.
    pub script: Instant,
    /// When what was interrupted is sent `TERM`.
    pub interrupt: Instant,
    /// When it is killed.
    pub terminate: Instant,
    /// When it is given up.
    pub kill: Instant,
    /// `after_script`.
    pub after_script: Instant,
    /// Uploads.
    pub uploads: Instant,
    /// The log and the final state.
    pub finish: Instant,
}

impl Budget {
    /// Whether a job can be asked for: whether one can have all that it is promised.
    #[must_use]
    pub fn allows_a_job(&self, now: Instant) -> bool {
        self.left(now).is_none_or(|it| it >= self.promised + self.reserve.total() + self.margin)
    }

    /// The time of a job that GitLab allows `timeout`.
    #[must_use]
    pub fn for_job(&self, timeout: Duration, now: Instant) -> JobTime {
        let timeout = timeout.min(LONGEST);
        let possible =
            self.left(now).map(|it| it.saturating_sub(self.reserve.total()).saturating_sub(self.margin));
        let (limit, source) = match possible {
            Some(possible) if possible < timeout => (possible, LimitSource::Left { wanted: timeout }),
            _ => (timeout, LimitSource::Job),
        };
        let script = now + limit;
        // Parts are counted back from the end of the invocation, so that what the job does not need is theirs.
        let last = match self.deadline {
            Some(deadline) => deadline.checked_sub(self.margin).unwrap_or(now),
            None => script + self.reserve.total(),
        };
        let before = |end: Instant, part: Duration| end.checked_sub(part).map_or(script, |it| it.max(script));
        let uploads = before(last, self.reserve.finish);
        let after_script = before(uploads, self.reserve.uploads);
        let kill = before(after_script, self.reserve.after_script);
        let terminate = before(kill, self.reserve.kill);
        let interrupt = before(terminate, self.reserve.terminate);
        let finish = last.max(script);
        JobTime {
            limit,
            source,
            ends: Ends { script, interrupt, terminate, kill, after_script, uploads, finish },
        }
    }

    fn left(&self, now: Instant) -> Option<Duration> {
        self.deadline.map(|it| it.saturating_duration_since(now))
    }
}

impl Ends {
    /// The end of one attempt to get the sources.
    #[must_use]
    pub fn checkout(&self, now: Instant) -> Instant {
        self.script.min(now + CHECKOUT)
    }

    /// The end of all downloads.
    #[must_use]
    pub fn downloads(&self, now: Instant) -> Instant {
        self.script.min(now + DOWNLOADS)
    }

    /// The end of a script with a limit of its own.
    #[must_use]
    pub fn script_within(&self, own: Option<Duration>, now: Instant) -> Instant {
        own.and_then(|it| now.checked_add(it)).map_or(self.script, |it| it.min(self.script))
    }

    /// The end of an `after_script` that may take so long.
    #[must_use]
    pub fn after_script_within(&self, limit: Duration, now: Instant) -> Instant {
        now.checked_add(limit).map_or(self.after_script, |it| it.min(self.after_script))
    }

    /// The end of all uploads.
    #[must_use]
    pub fn uploads(&self, now: Instant) -> Instant {
        self.uploads.min(now + UPLOADS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::{Stop, ladder};
    use proptest::prelude::*;

    #[test]
    fn a_reserve_keeps_its_proportions() {
        assert_eq!(Reserve::of(Duration::from_secs(75)), Reserve::default());
        let short = Reserve::of(Duration::from_secs(15));
        assert_eq!((short.interrupt, short.finish), (Duration::from_secs(6), Duration::from_secs(3)));
    }

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(left: Option<u32>, now: Instant) -> Budget {
        Budget {
            deadline: left.map(|it| now + it * SECOND),
            promised: 600 * SECOND,
            reserve: Reserve::default(),
            margin: 5 * SECOND,
        }
    }

    #[test]
    fn no_job_is_asked_for_that_cannot_have_its_promised_time() {
        let now = Instant::now();
        assert!(budget(Some(680), now).allows_a_job(now));
        assert!(!budget(Some(679), now).allows_a_job(now));
        assert!(!budget(Some(680), now).allows_a_job(now + SECOND));
        assert!(!budget(Some(680), now).allows_a_job(now + 800 * SECOND));
        assert!(budget(None, now).allows_a_job(now));
    }

    #[test]
    fn the_limit_is_gitlabs_or_what_is_left() {
        let now = Instant::now();
        let time = budget(Some(900), now).for_job(600 * SECOND, now);
        assert_eq!((time.limit, time.source), (600 * SECOND, LimitSource::Job));
        let time = budget(Some(900), now).for_job(3600 * SECOND, now);
        assert_eq!(time.limit, 820 * SECOND);
        assert_eq!(time.source, LimitSource::Left { wanted: 3600 * SECOND });
        let ends = time.ends;
        let seconds = [
            ends.script,
            ends.interrupt,
            ends.terminate,
            ends.kill,
            ends.after_script,
            ends.uploads,
            ends.finish,
        ];
        assert_eq!(seconds.map(|it| (it - now).as_secs()), [820, 850, 855, 860, 870, 880, 895]);
        assert_eq!(budget(None, now).for_job(3600 * SECOND, now).limit, 3600 * SECOND);
        assert_eq!(budget(None, now).for_job(Duration::MAX, now).limit, LONGEST);
        assert_eq!(budget(Some(900), now).for_job(Duration::MAX, now).limit, 820 * SECOND);
    }

    #[test]
    fn who_is_cancelled_with_time_left_gets_ten_minutes_and_others_their_reserve() {
        let now = Instant::now();
        let budget = budget(Some(900), now);
        let ends = budget.for_job(600 * SECOND, now).ends;
        let seconds = |why, at: u32| {
            let steps = ladder(why, now + at * SECOND, &ends, &budget.reserve);
            steps.iter().map(|it| it.1.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(seconds(Stop::Canceled, 10), [600, 5, 5]);
        assert_eq!(seconds(Stop::Canceled, 500), [350, 5, 5]);
        assert_eq!(seconds(Stop::TimeUp, 600), [30, 5, 5]);
        assert_eq!(seconds(Stop::Aborted, 10), [30, 5, 5]);
    }

    proptest! {
        /// Whatever takes as long as it may, and whenever the job is stopped, the end is before the deadline.
        #[test]
        fn no_order_of_events_ends_after_the_deadline(
            left in 680_u32..900,
            timeout in 1_u32..4000,
            stopped in 0_u32..900,
            why in prop_oneof![Just(Stop::TimeUp), Just(Stop::Canceled), Just(Stop::Aborted)],
            after_script in 0_u32..600,
        ) {
            let start = Instant::now();
            let budget = budget(Some(left), start);
            prop_assert!(budget.allows_a_job(start));
            let ends = budget.for_job(timeout * SECOND, start).ends;
            let mut now = ends.script.min(start + stopped * SECOND);
            let steps = ladder(why, now, &ends, &budget.reserve);
            prop_assert!(steps[0].1 >= budget.reserve.interrupt, "terraform has its time: {steps:?}");
            now += steps.iter().map(|it| it.1).sum::<Duration>();
            now = ends.after_script_within(after_script * SECOND, now).max(now);
            prop_assert!(now <= ends.after_script);
            now = ends.uploads(now).max(now);
            prop_assert!(now <= ends.uploads && now + budget.reserve.finish <= ends.finish);
            prop_assert!(ends.finish + budget.margin <= start + left * SECOND);
        }
    }
}
