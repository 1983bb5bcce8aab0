//! How long to wait before a call is made again.

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Pauses that double from `first` up to `cap`, each shortened at random by up to a half.
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
    /// The pause after the attempt numbered `attempt`, from 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.cap).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

/// How long the server wants us to wait: until its `RateLimit-ResetTime`, or for its `Retry-After`; a minute at most.
///
/// The first is a time of day, and is compared with the answer's own `Date`, so it does not matter whose clock is right.
pub(crate) fn wanted_pause(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let time = |name: &str| jiff::fmt::rfc2822::parse(text(name)?).ok().map(|it| it.timestamp());
    let until =
        time("ratelimit-resettime").zip(time(DATE.as_str())).map(|(reset, now)| reset.duration_since(now));
    let until = until.map(|it| it.try_into().unwrap_or_default());
    let seconds = || text(RETRY_AFTER.as_str())?.parse().ok().map(Duration::from_secs);
    until.or_else(seconds).map(|it: Duration| it.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        wanted_pause(&headers.collect())
    }

    #[test]
    fn the_reset_time_counts_before_retry_after_and_nothing_is_longer_than_a_minute() {
        let date = ("date", "Thu, 20 Aug 2026 09:15:00 GMT");
        let reset = ("ratelimit-resettime", "Thu, 20 Aug 2026 09:15:07 GMT");
        assert_eq!(pause(&[date, reset, ("retry-after", "3")]), Some(Duration::from_secs(7)));
        assert_eq!(pause(&[reset, ("retry-after", "3")]), Some(Duration::from_secs(3)));
        assert_eq!(pause(&[("retry-after", "9999")]), Some(LONGEST));
        let past = ("ratelimit-resettime", "Thu, 20 Aug 2026 09:00:00 GMT");
        assert_eq!(pause(&[date, past]), Some(Duration::ZERO));
        assert_eq!(pause(&[date, ("retry-after", "soon")]), None);
    }
}
