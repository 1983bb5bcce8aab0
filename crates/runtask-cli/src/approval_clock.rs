//! The clock of approvals, which goes faster where somebody tries what happens when time is up.

use runtask_approvals::UnixTime;
use runtask_terminal::environment::now;
use std::sync::OnceLock;
use std::time::SystemTime;

/// Since when it goes how many times as fast.
static SPEED: OnceLock<(SystemTime, u32)> = OnceLock::new();

/// The time, as approvals count it.
pub(crate) fn approval_time() -> UnixTime {
    let now = now();
    match SPEED.get() {
        Some((since, factor)) => (*since + now.duration_since(*since).unwrap_or_default() * *factor).into(),
        None => now.into(),
    }
}

/// Lets it go faster from now on. Only the first call counts.
pub(crate) fn speed_up(factor: u32) {
    let _only_once = SPEED.set((now(), factor));
}
