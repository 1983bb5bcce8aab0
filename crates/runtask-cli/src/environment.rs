//! The process's surroundings: the one place that reads the environment and the clock.

use std::time::SystemTime;

/// The environment variable called `name`.
#[expect(clippy::disallowed_methods, reason = "settings are read through this function")]
pub(crate) fn lookup(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "time is read through this function")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
