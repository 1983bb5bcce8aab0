//! What a receiver's answer means.

use http::StatusCode;

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was told.
    Taken,
    /// This status may mend itself.
    Later,
    /// This status does not.
    Final,
    /// It says in a code of its own that it may mend itself.
    Busy(String),
    /// It says in a code of its own that it does not.
    Refused(String),
}

impl Answer {
    /// What the status alone says.
    pub(crate) fn of(status: StatusCode) -> Self {
        if status.is_success() {
            Self::Taken
        } else if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            Self::Later
        } else {
            Self::Final
        }
    }
}

/// Reads the answer of a receiver that says in the body whether it took what it got.
pub(crate) type Judge = fn(StatusCode, &[u8]) -> Answer;
