//! What every test needs of its surroundings.

use runtask_approvals::{Outbound, UnixTime};
use std::time::{Duration, SystemTime};

/// Tokens are made with the real clock, so they are read with it.
#[expect(clippy::disallowed_methods, reason = "the clock of the stand-ins, too")]
pub(crate) fn now() -> UnixTime {
    SystemTime::now().into()
}

/// What calls the stand-ins.
pub(crate) fn outbound() -> Outbound {
    Outbound::new(runtask_client::service_client(Duration::from_secs(10), None, false).unwrap())
}
