//! Holds moments as records keep them. Reads no clock.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970. In JSON it is that number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The last moment that is told apart: the end of the year 9999, in which every system can still count.
    const LAST: u64 = 253_402_300_799;

    /// So much later.
    #[must_use]
    pub const fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time.as_secs()))
    }

    /// How long ago `earlier` was; nothing when it is yet to come.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }
}

impl From<UnixTime> for SystemTime {
    fn from(time: UnixTime) -> Self {
        UNIX_EPOCH + Duration::from_secs(time.0.min(UnixTime::LAST))
    }
}

impl fmt::Display for UnixTime {
    /// `13:21 UTC`: approvals are open for less than an hour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0 / 60;
        write!(f, "{:02}:{:02} UTC", minutes / 60 % 24, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_as_hour_and_minute() {
        assert_eq!(UnixTime(1_796_000_000).to_string(), "00:53 UTC");
        assert_eq!(UnixTime(0).to_string(), "00:00 UTC");
    }

    #[test]
    fn any_number_is_a_moment_of_the_system() {
        let last = SystemTime::from(UnixTime(u64::MAX));
        assert_eq!(UnixTime::from(last), UnixTime(UnixTime::LAST));
        assert_eq!(UnixTime(u64::MAX).plus(Duration::from_secs(1)), UnixTime(u64::MAX));
        assert_eq!(UnixTime::from(UNIX_EPOCH - Duration::from_secs(1)), UnixTime(0));
    }
}
