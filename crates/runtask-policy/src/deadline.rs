//! Stops an evaluation that takes too long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A thread that says stop when time is up. It ends with this.
#[derive(Debug)]
pub(crate) struct Deadline {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Becomes true when time is up.
    stop: Arc<AtomicBool>,
    clock: Mutex<Clock>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Clock {
    ends: Option<Instant>,
    is_over: bool,
}

impl Deadline {
    /// A clock that is not set yet.
    pub(crate) fn new() -> Self {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        // Without the thread, whoever waits for the answer ends the process.
        let _none = thread::Builder::new().spawn(move || of_thread.run());
        Self { shared }
    }

    /// What becomes true when time is up.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.stop)
    }

    /// Does something for which there is so much time.
    pub(crate) fn within<T>(&self, limit: Duration, act: impl FnOnce() -> T) -> T {
        self.set(Instant::now().checked_add(limit));
        let done = act();
        self.set(None);
        done
    }

    fn set(&self, ends: Option<Instant>) {
        let mut clock = self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.ends = ends;
        // With the lock held: what was to be stopped before has ended.
        self.shared.stop.store(false, Ordering::Relaxed);
        drop(clock);
        self.shared.changed.notify_one();
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn run(&self) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        while !clock.is_over {
            let left = clock.ends.map(|it| it.saturating_duration_since(Instant::now()));
            clock = match left {
                None => self.changed.wait(clock).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    self.stop.store(true, Ordering::Relaxed);
                    clock.ends = None;
                    clock
                }
                Some(left) => {
                    self.changed.wait_timeout(clock, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_up_once() {
        let deadline = Deadline::new();
        let stop = deadline.stop();
        let wait = || {
            while !stop.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        };
        deadline.within(Duration::from_millis(5), wait);
        // What comes next has time of its own.
        deadline.within(Duration::from_secs(600), || assert!(!stop.load(Ordering::Relaxed)));
        deadline.within(Duration::ZERO, wait);
    }
}
