//! Makes sure that what we start can be interrupted.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Catches `SIGINT` and `SIGTERM`, without doing anything about them, where this process was started with them ignored, as
/// shells do with what they put in the background.
///
/// Who ignores a signal hands that on to what it starts, and a shell cannot set a trap on it then; who catches it does
/// not. To be called once, inside a runtime, before the first program is started.
///
/// # Errors
///
/// When the system refuses.
pub fn let_children_be_interrupted() -> io::Result<()> {
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        if is_ignored(kind) {
            // Once it is caught it stays so, with nobody looking: for us that is the same.
            drop(signal(kind)?);
        }
    }
    Ok(())
}

/// Source: proc_pid_status(5), `SigIgn`: a mask in hexadecimal digits, whose lowest bit is signal 1.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).unwrap_or_default();
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}
