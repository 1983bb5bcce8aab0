//! What comes of holding a value against a part of a schema.

use super::fault::Fault;

/// What comes of holding a value against a part of a schema.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What the value does not keep, whatever is unknown in it turns out to be.
    pub(super) faults: Vec<Fault>,
    /// How well it fits: of several alternatives, the faults of the one that fits best are told.
    pub(super) score: i64,
    /// Whether more depends on what is unknown in it.
    pub(super) is_open: bool,
}

/// Whether a value keeps to a part of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Yes,
    No,
    /// It hangs on what is unknown in the value.
    Open,
}

impl Outcome {
    pub(super) fn verdict(&self) -> Verdict {
        match (self.faults.is_empty(), self.is_open) {
            (false, _) => Verdict::No,
            (true, true) => Verdict::Open,
            (true, false) => Verdict::Yes,
        }
    }

    /// What a part of the value keeps, the whole keeps.
    pub(super) fn merge(&mut self, other: Self) {
        if self.faults.is_empty() {
            self.faults = other.faults;
        } else {
            self.faults.extend(other.faults);
        }
        self.score += other.score;
        self.is_open |= other.is_open;
    }
}
