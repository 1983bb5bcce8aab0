//! Writes times in Go's layouts.

use super::calendar::{Civil, MONTHS, WEEKDAYS};
use super::layout::{Part, Width, next};

/// The time as the layout has it. `offset` is in seconds.
pub(super) fn write(civil: &Civil, offset: i64, zone: &str, layout: &str) -> String {
    let mut written = String::new();
    let mut rest = layout;
    while let Some((before, part, after)) = next(rest) {
        written.push_str(before);
        written.push_str(&written_part(civil, offset, zone, part));
        rest = after;
    }
    written + rest
}

fn written_part(civil: &Civil, offset: i64, zone: &str, part: Part) -> String {
    let month =
        usize::try_from(civil.month - 1).ok().and_then(|it| MONTHS.get(it)).copied().unwrap_or_default();
    let weekday = WEEKDAYS.get(civil.weekday()).copied().unwrap_or_default();
    let short = |name: &str| name.get(..3).unwrap_or_default().to_owned();
    match part {
        Part::MonthName => month.to_owned(),
        Part::MonthShort => short(month),
        Part::Month(width) => padded(civil.month, width, 2),
        Part::WeekdayName => weekday.to_owned(),
        Part::WeekdayShort => short(weekday),
        Part::Day(width) => padded(civil.day, width, 2),
        Part::DayOfYear(width) => padded(civil.day_of_year(), width, 3),
        Part::Hour => padded(civil.hour(), Width::Zeros, 2),
        Part::Hour12(width) => padded((civil.hour() + 11) % 12 + 1, width, 2),
        Part::Minute(width) => padded(civil.minute(), width, 2),
        Part::Second(width) => padded(civil.second(), width, 2),
        Part::Year => padded(civil.year, Width::Zeros, 4),
        Part::YearShort => padded(civil.year.max(0) % 100, Width::Zeros, 2),
        Part::HalfOfDay { is_upper } => {
            let half = if civil.hour() < 12 { "AM" } else { "PM" };
            if is_upper { half.to_owned() } else { half.to_lowercase() }
        }
        Part::ZoneName => zone.to_owned(),
        Part::Offset { has_z: true, .. } if offset == 0 => "Z".to_owned(),
        Part::Offset { has_colons, parts, .. } => written_offset(offset, has_colons, parts),
        Part::Fraction { separator, digits, is_short } => {
            fraction(civil.nanosecond(), separator, digits, is_short)
        }
    }
}

fn padded(number: i64, width: Width, digits: usize) -> String {
    match width {
        Width::Plain => number.to_string(),
        Width::Blanks => format!("{number:>digits$}"),
        Width::Zeros => format!("{number:0>digits$}"),
    }
}

fn written_offset(offset: i64, has_colons: bool, parts: usize) -> String {
    // Less than a minute before UTC is written as if it were behind it: Go looks at whole minutes.
    let sign = if offset / 60 < 0 { '-' } else { '+' };
    let offset = offset.abs();
    let parts = [offset / 3600, offset / 60 % 60, offset % 60].into_iter().take(parts);
    let parts: Vec<String> = parts.map(|it| format!("{it:02}")).collect();
    format!("{sign}{}", parts.join(if has_colons { ":" } else { "" }))
}

fn fraction(nanosecond: i64, separator: char, digits: usize, is_short: bool) -> String {
    let all = format!("{nanosecond:09}");
    let some = all.get(..digits).unwrap_or(&all);
    let some = if is_short { some.trim_end_matches('0') } else { some };
    if is_short && some.is_empty() { String::new() } else { format!("{separator}{some}") }
}
