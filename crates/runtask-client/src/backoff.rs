//! Says how often something is tried again, and after what pauses.

use std::time::Duration;

/// Pauses that double from `first` up to `cap`, each shortened at random by up to a half, so that many clients
/// that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The pause after the first attempt.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
}

impl Backoff {
    /// The pause after the attempt numbered `attempt` (from 1), or `None` when that was the last.
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled =
            self.first.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        Some(doubled.min(self.cap).mul_f64(0.5 + fastrand::f64() / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap_and_end() {
        let backoff =
            Backoff { attempts: 5, first: Duration::from_millis(100), cap: Duration::from_millis(300) };
        for (attempt, longest) in [(1, 100), (2, 200), (3, 300), (4, 300)] {
            let pause = backoff.pause(attempt).unwrap();
            let range = Duration::from_millis(longest / 2)..=Duration::from_millis(longest);
            assert!(range.contains(&pause), "{attempt}: {pause:?}");
        }
        assert_eq!(backoff.pause(5), None);
    }
}
