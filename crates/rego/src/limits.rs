//! What an evaluation may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an evaluation may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Steps: one is about 100 nanoseconds.
    pub steps: u64,
    /// Bytes of values that may be made, beside those of the documents.
    pub bytes: usize,
    /// Where this becomes true, the evaluation ends.
    pub stop: Option<Arc<AtomicBool>>,
    /// Whether to note what happens at each place; it takes several times as long.
    pub observe: bool,
    /// Whether a built-in's error ends the evaluation, and is not just undefined.
    pub strict: bool,
    /// The time that policies are told, in nanoseconds since 1970.
    pub now: i64,
    /// What chance is made of for them: the same seed, the same answers.
    pub seed: u64,
}

impl Default for Limits {
    /// Ten seconds or so of steps, 1 GiB, nothing observed, errors of built-ins undefined, and a clock that stands at 1970.
    fn default() -> Self {
        Self {
            steps: 100_000_000,
            bytes: 1 << 30,
            stop: None,
            observe: false,
            strict: false,
            now: 0,
            seed: 0,
        }
    }
}

impl Limits {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|it| it.load(Ordering::Relaxed))
    }
}
