//! Says how long an invocation has.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time until Lambda's deadline, in milliseconds since 1970. An emulator may send a time long past (cargo-lambda 1.9
/// sends 600 000, ten minutes after 1970): then it is `otherwise`, as outside Lambda.
#[must_use]
pub fn time_left(deadline_ms: u64, now: SystemTime, otherwise: Duration) -> Duration {
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(deadline_ms).checked_sub(since_epoch).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_none() {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let otherwise = Duration::from_secs(3300);
        assert_eq!(time_left(1_790_000_300_000, now, otherwise), Duration::from_secs(300));
        assert_eq!(time_left(600_000, now, otherwise), otherwise);
    }
}
