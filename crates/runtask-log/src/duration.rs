//! Makes numbers of durations, for fields and metrics.

use std::time::Duration;

/// A duration in whole milliseconds. `as_millis` gives numbers so large that a JSON line holds them as text.
#[must_use]
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
