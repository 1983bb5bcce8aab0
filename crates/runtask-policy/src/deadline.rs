//! Stops evaluations that take too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that says stop to each of some evaluations when its time is up, and to all of them when this is dropped.
#[derive(Debug)]
pub(crate) struct Deadlines {
    shared: Arc<Shared>,
}

/// The time of one evaluation.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    shared: Arc<Shared>,
    number: usize,
}

#[derive(Debug)]
struct Shared {
    /// One of each evaluation, which becomes true when its time is up.
    stops: Vec<Arc<AtomicBool>>,
    clock: Mutex<Clock>,
    changed: Condvar,
}

#[derive(Debug)]
struct Clock {
    /// When the time of each evaluation is up, of those that have one.
    ends: Vec<Option<Instant>>,
    /// When the thread looks next, if it does not wait to be woken up.
    looks: Option<Instant>,
    is_over: bool,
}

impl Deadlines {
    /// Those of so many evaluations, none of which has begun.
    pub(crate) fn new(evaluations: usize) -> Self {
        let shared = Arc::new(Shared {
            stops: (0..evaluations).map(|_| Arc::default()).collect(),
            clock: Mutex::new(Clock { ends: vec![None; evaluations], looks: None, is_over: false }),
            changed: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        // Without the thread, whoever listens gives up in the end.
        let _none = thread::Builder::new().spawn(move || of_thread.run());
        Self { shared }
    }

    /// Each of them.
    pub(crate) fn each(&self) -> Vec<Deadline> {
        let deadline = |number| Deadline { shared: Arc::clone(&self.shared), number };
        (0..self.shared.stops.len()).map(deadline).collect()
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        let mut clock = self.shared.clock();
        clock.is_over = true;
        self.shared.stops.iter().for_each(|it| it.store(true, Ordering::Relaxed));
        drop(clock);
        self.shared.changed.notify_one();
    }
}

impl Deadline {
    /// What becomes true when time is up.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        self.shared.stops.get(self.number).map(Arc::clone).unwrap_or_default()
    }

    /// Does something for which there is so much time.
    pub(crate) fn within<T>(&self, limit: Duration, act: impl FnOnce() -> T) -> T {
        self.set(Instant::now().checked_add(limit));
        let done = act();
        self.set(None);
        done
    }

    fn set(&self, ends: Option<Instant>) {
        let mut clock = self.shared.clock();
        if let Some(of_this) = clock.ends.get_mut(self.number) {
            *of_this = ends;
        }
        // With the lock held: what was to be stopped before has ended.
        if let (false, Some(stop)) = (clock.is_over, self.shared.stops.get(self.number)) {
            stop.store(false, Ordering::Relaxed);
        }
        // One whose time is up later is seen to then: rules that take no time would wake the thread up all the time.
        let is_early = ends.is_some_and(|it| clock.looks.is_none_or(|looks| it < looks));
        drop(clock);
        if is_early {
            self.shared.changed.notify_one();
        }
    }
}

impl Shared {
    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut clock = self.clock();
        while !clock.is_over {
            let now = Instant::now();
            for (ends, stop) in clock.ends.iter_mut().zip(&self.stops) {
                if ends.take_if(|it| *it <= now).is_some() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            clock.looks = clock.ends.iter().flatten().min().copied();
            clock = match clock.looks {
                None => self.changed.wait(clock).unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    let left = next.saturating_duration_since(now);
                    self.changed.wait_timeout(clock, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    }

    #[test]
    fn time_is_up_once() {
        let deadlines = Deadlines::new(2);
        let [one, other] = &*deadlines.each() else { panic!() };
        let (stop, other_stop) = (one.stop(), other.stop());
        other.within(Duration::from_secs(600), || {
            one.within(Duration::from_millis(5), || wait(&stop));
            // What comes next has time of its own, and so has what another does.
            one.within(Duration::from_secs(600), || assert!(!stop.load(Ordering::Relaxed)));
            one.within(Duration::ZERO, || wait(&stop));
            assert!(!other_stop.load(Ordering::Relaxed));
        });
    }

    #[test]
    fn nothing_goes_on_when_nobody_listens_any_more() {
        let deadlines = Deadlines::new(1);
        let [one] = &*deadlines.each() else { panic!() };
        drop(deadlines);
        let stop = one.stop();
        one.within(Duration::from_secs(600), || wait(&stop));
        one.within(Duration::from_secs(600), || wait(&stop));
    }
}
