//! Turns the end of a command into an exit code.

use std::process::ExitCode;

/// The end of a command, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It passed, or was done: 0.
    Passed,
    /// It failed: 1.
    Failed,
    /// It could not be done, and the result says why: 2.
    Unable,
    /// A signal ended it: 128 and the signal's number, as shells say it.
    Signal(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Passed => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Unable => Self::from(2),
            Exit::Signal(number) => Self::from(128_u8.saturating_add(number)),
        }
    }
}
