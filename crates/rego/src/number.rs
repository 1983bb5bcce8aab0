//! Numbers as OPA has them: small integers, and others as they are written.

use std::cmp::Ordering;

/// A number.
#[derive(Debug, Clone, Copy)]
pub enum Number<'h> {
    /// An integer of a machine word.
    Integer(i64),
    /// Any other, as JSON writes it: `1.0`, `1e3`, `99999999999999999999`.
    Text(&'h str),
}

impl Number<'_> {
    /// The integer that it is; `None` where it is none, or too large.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(it) => Some(it),
            Self::Text(text) => text.parse().ok(),
        }
    }

    fn as_f64(self) -> f64 {
        match self {
            Self::Integer(it) => it as f64,
            Self::Text(text) => text.parse().unwrap_or_default(),
        }
    }

    /// Compares the exact values, whatever they look like: `1.0` equals `1`.
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (a, b) => a.as_f64().total_cmp(&b.as_f64()),
        }
    }
}
