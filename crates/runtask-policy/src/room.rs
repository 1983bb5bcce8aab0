//! Bounds how much of what rules object to is told: what reads it makes a text of each, and has not much memory in a
//! function.

use crate::message::{Answer, Trouble, Violation};

/// How many things all rules together may object to before the rest is only counted.
const MAX_VIOLATIONS: usize = 5_000;
/// Bytes of all of these.
pub(crate) const MAX_VIOLATION_BYTES: usize = 8 * 1024 * 1024;
/// How many of one rule are told even then.
const ALWAYS: usize = 10;

/// Room for what rules object to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    certain: Left,
    /// For what hangs on unknowns, which takes none of the other's.
    open: Left,
}

/// How many violations there is still room for, and for how many bytes of them.
#[derive(Debug, Clone, Copy)]
struct Left {
    violations: usize,
    bytes: usize,
}

impl Room {
    /// That of all rules together.
    pub(crate) fn new() -> Self {
        Self::within(MAX_VIOLATION_BYTES)
    }

    /// That of all rules together, and no more than so many bytes.
    pub(crate) fn within(bytes: usize) -> Self {
        let left = Left { violations: MAX_VIOLATIONS, bytes: bytes.min(MAX_VIOLATION_BYTES) };
        Self { certain: left, open: left }
    }

    /// Adds what a rule objects to, where there is room or it is one of the rule's first; counts it otherwise.
    pub(crate) fn add(
        &mut self,
        answer: &mut Answer,
        is_open: bool,
        violation: impl FnOnce() -> Result<Violation, Trouble>,
    ) {
        let (left, more) = match is_open {
            true => (&mut self.open, &mut answer.more_unknown),
            false => (&mut self.certain, &mut answer.more),
        };
        let is_full = left.violations == 0 || left.bytes == 0;
        let told = || answer.violations.iter().filter(|it| it.unknown == is_open).take(ALWAYS).count();
        if is_full && told() == ALWAYS {
            *more += 1;
            return;
        }
        match violation() {
            Ok(violation) => {
                left.violations = left.violations.saturating_sub(1);
                left.bytes = left.bytes.saturating_sub(violation.bytes());
                answer.violations.push(violation);
            }
            Err(trouble) => {
                answer.trouble.get_or_insert(trouble);
            }
        }
    }

    /// Keeps of an answer what there is room for.
    pub(crate) fn fit(&mut self, answer: &mut Answer) {
        for violation in std::mem::take(&mut answer.violations) {
            self.add(answer, violation.unknown, || Ok(violation));
        }
    }
}
