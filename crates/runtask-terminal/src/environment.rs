//! Reads the environment and the clock. Nothing else does.

use std::time::SystemTime;

/// The environment variable called `name`.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "settings are read through this function")]
pub fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

/// The names of all environment variables.
pub fn names() -> impl Iterator<Item = String> {
    std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())
}

/// The time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "time is read through this function")]
pub fn now() -> SystemTime {
    SystemTime::now()
}
