//! Turns the end of a command into an exit code.

/// The end of a command, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It passed, or was done: 0.
    Passed,
    /// It failed: 1.
    Failed,
    /// It could not be done, and the result says why: 2.
    Unable,
    /// `runtask fmt`: a file is to be formatted, or terraform differs: 3, as `terraform fmt -check` has it.
    Different,
    /// A signal ended it: 128 and the signal's number, as shells say it.
    Signal(u8),
}

impl Exit {
    /// The end in a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed | Self::Different => "Failed",
            Self::Unable => "Not checked",
            Self::Signal(_) => "Interrupted",
        }
    }

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Unable => 2,
            Self::Different => 3,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}
