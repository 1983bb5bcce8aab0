//! Data of Unicode, in the versions that terraform has compiled in, and how it is looked up.

pub(crate) mod graphemes;
pub(crate) mod names;
pub(crate) mod printable;

/// Whether one of the ranges, which are in order, holds `code`.
pub(crate) fn holds(ranges: &[(u32, u32)], code: u32) -> bool {
    let found = ranges.partition_point(|&(_, end)| end < code);
    ranges.get(found).is_some_and(|&(start, _)| start <= code)
}
