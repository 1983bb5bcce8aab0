//! Reads what a function is given: the one place that does, for all that start with this crate.

use runtask_aws::{SdkConfig, sdk_config};
use runtask_log::event;
use runtask_settings::unknown_settings;
use std::cell::LazyCell;
use std::time::SystemTime;
use tracing::warn;

/// The settings of the SDK. Made only where something of AWS is used, and then once.
pub type Aws = LazyCell<SdkConfig>;

/// The way to AWS that the environment describes.
#[must_use]
pub fn aws() -> Aws {
    LazyCell::new(|| sdk_config(lookup))
}

/// The clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
#[must_use]
pub fn lookup(name: &str) -> Option<String> {
    // What is no UTF-8 must not count as unset: as it is shown, no check of a setting passes it.
    std::env::var_os(name).map(|it| it.to_string_lossy().into_owned())
}

/// Starts the log, and tells of variables that were meant to be settings.
pub fn start() {
    runtask_log::start_in_lambda(lookup, now);
    for warning in unknown_settings(std::env::vars_os().map(|it| it.0.to_string_lossy().into_owned())) {
        warn!(event = event::SETTING_UNKNOWN, "{warning}");
    }
}
