//! Holds an estimate of costs, whoever made it.

use super::money::Currency;
use crate::scan::ReadError;
use rust_decimal::Decimal;

/// What a plan costs in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) currency: Currency,
    /// Of everything, after it.
    pub(crate) total: Decimal,
    /// Of everything, before it, where that is known.
    pub(crate) past: Option<Decimal>,
    /// What changes, where that is known.
    pub(crate) difference: Option<Decimal>,
    /// The resources that change something, the largest first.
    pub(crate) changes: Vec<Change>,
    /// Resources that have a price, whatever it is.
    pub(crate) priced: usize,
    /// Resources whose cost depends on their use, of which nothing is known.
    pub(crate) by_use: usize,
    /// Types of resources without a price, and how many there are.
    pub(crate) unknown: Vec<(String, u32)>,
}

/// What one resource changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) address: String,
    pub(crate) before: Option<Decimal>,
    pub(crate) after: Option<Decimal>,
    pub(crate) difference: Decimal,
}

/// The largest changes first.
pub(crate) fn largest_first(mut changes: Vec<Change>) -> Vec<Change> {
    changes.retain(|it| !it.difference.is_zero());
    changes.sort_by_key(|it| std::cmp::Reverse(it.difference.abs()));
    changes
}

/// An output that is another than expected.
pub(crate) const fn other(format: &'static str, why: &'static str) -> ReadError {
    ReadError::Other { format, why }
}
