//! Says on which processors things run.
//!
//! What takes a tenth of a millisecond depends on whether two processes take turns on one processor or wake each other up
//! on two, and the system changes its mind about that in the middle of a measurement. So it is told.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Keeps the calling thread on one processor, and starts others on another, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Apart {
    before: CpuSet,
    here: CpuSet,
    there: CpuSet,
}

impl Apart {
    /// Takes the first two processors that this process may use.
    pub(crate) fn new() -> std::io::Result<Self> {
        let before = sched_getaffinity(None)?;
        let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|it| before.is_set(*it)).take(2).collect();
        let one = |index: usize| {
            let mut set = CpuSet::new();
            // With one processor there is no other.
            if let Some(processor) = allowed.get(index).or(allowed.first()) {
                set.set(*processor);
            }
            set
        };
        let apart = Self { before, here: one(0), there: one(1) };
        sched_setaffinity(None, &apart.here)?;
        Ok(apart)
    }

    /// Runs `start`; what it starts stays on the other processor.
    pub(crate) fn there<T>(&self, start: impl FnOnce() -> T) -> std::io::Result<T> {
        sched_setaffinity(None, &self.there)?;
        let started = start();
        sched_setaffinity(None, &self.here)?;
        Ok(started)
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // Nothing depends on it but what is measured next, and that says where it wants to be.
        let _as_it_was = sched_setaffinity(None, &self.before);
    }
}
