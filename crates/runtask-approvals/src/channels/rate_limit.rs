//! Keeps a channel from getting more messages than it takes.

use crate::time::UnixTime;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many messages in so long, counted in this process.
#[derive(Debug)]
pub(super) struct RateLimit {
    messages: usize,
    window: Duration,
    sent: Mutex<VecDeque<UnixTime>>,
}

impl RateLimit {
    /// At most so many `messages` in a `window`.
    pub(super) fn new(messages: usize, window: Duration) -> Self {
        Self { messages, window, sent: Mutex::default() }
    }

    /// Counts one message, or says how long to wait before the next one; then this one is not counted.
    pub(super) fn take(&self, now: UnixTime) -> Result<(), Duration> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        while sent.front().is_some_and(|it| it.plus(self.window) <= now) {
            sent.pop_front();
        }
        if sent.len() >= self.messages {
            let first = sent.front().map_or(now, |it| it.plus(self.window));
            return Err(first.since(now).max(Duration::from_secs(1)));
        }
        sent.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_in_five_minutes_and_then_as_soon_as_the_first_is_that_old() {
        let limit = RateLimit::new(20, Duration::from_mins(5));
        let at = |seconds: u64| limit.take(UnixTime(1_796_000_000 + seconds));
        for second in 0..20 {
            assert_eq!(at(second), Ok(()));
        }
        assert_eq!(at(20), Err(Duration::from_secs(280)));
        assert_eq!(at(299), Err(Duration::from_secs(1)));
        assert_eq!(at(300), Ok(()));
        assert_eq!(at(300), Err(Duration::from_secs(1)));
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_through() {
        assert!(RateLimit::new(0, Duration::from_mins(5)).take(UnixTime(0)).is_err());
    }
}
