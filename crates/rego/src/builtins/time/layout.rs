//! Go's layouts: an example of a time, in which each part stands for what is to be written or read there.

/// What stands for a part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `January`
    MonthName,
    /// `Jan`
    MonthShort,
    /// `1`, `01`
    Month(Width),
    /// `Monday`
    WeekdayName,
    /// `Mon`
    WeekdayShort,
    /// `2`, `_2`, `02`
    Day(Width),
    /// `__2`, `002`
    DayOfYear(Width),
    /// `15`
    Hour,
    /// `3`, `03`
    Hour12(Width),
    /// `4`, `04`
    Minute(Width),
    /// `5`, `05`
    Second(Width),
    /// `2006`
    Year,
    /// `06`
    YearShort,
    /// `PM`, `pm`
    HalfOfDay {
        /// Whether in capitals.
        is_upper: bool,
    },
    /// `MST`
    ZoneName,
    /// `-0700`, `Z07:00` and others.
    Offset {
        /// Whether UTC is written as `Z`.
        has_z: bool,
        /// Whether colons stand between its parts.
        has_colons: bool,
        /// Hours, minutes, seconds: how many.
        parts: usize,
    },
    /// `.000`, `,999`
    Fraction {
        /// What stands before it.
        separator: char,
        digits: usize,
        /// Whether it is left out where it is zero, and zeros at its end always.
        is_short: bool,
    },
}

/// How a number is written that has fewer digits than it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// With so many digits.
    Plain,
    /// With blanks before it.
    Blanks,
    /// With zeros before it.
    Zeros,
}

/// The layout of this name, or the layout itself.
pub(super) fn named(layout: &str) -> &str {
    match layout {
        "ANSIC" => "Mon Jan _2 15:04:05 2006",
        "UnixDate" => "Mon Jan _2 15:04:05 MST 2006",
        "RubyDate" => "Mon Jan 02 15:04:05 -0700 2006",
        "RFC822" => "02 Jan 06 15:04 MST",
        "RFC822Z" => "02 Jan 06 15:04 -0700",
        "RFC850" => "Monday, 02-Jan-06 15:04:05 MST",
        "RFC1123" => "Mon, 02 Jan 2006 15:04:05 MST",
        "RFC1123Z" => "Mon, 02 Jan 2006 15:04:05 -0700",
        "RFC3339" => "2006-01-02T15:04:05Z07:00",
        "RFC3339Nano" => "2006-01-02T15:04:05.999999999Z07:00",
        _ => layout,
    }
}

/// What comes before the first part, the part, and what comes behind it.
pub(super) fn next(layout: &str) -> Option<(&str, Part, &str)> {
    layout.char_indices().find_map(|(at, _)| {
        let (before, rest) = layout.split_at_checked(at)?;
        // `_2006` is a line and a year.
        if let Some(rest) = rest.strip_prefix("_2006") {
            return Some((layout.get(..=at)?, Part::Year, rest));
        }
        let (part, rest) = part(rest)?;
        Some((before, part, rest))
    })
}

fn part(text: &str) -> Option<(Part, &str)> {
    // In this order: of two that begin alike the longer one comes first.
    const PARTS: [(&str, Part); 37] = {
        use Width::{Blanks, Plain, Zeros};
        const fn offset(has_z: bool, has_colons: bool, parts: usize) -> Part {
            Part::Offset { has_z, has_colons, parts }
        }
        [
            ("January", Part::MonthName),
            ("Jan", Part::MonthShort),
            ("Monday", Part::WeekdayName),
            ("Mon", Part::WeekdayShort),
            ("MST", Part::ZoneName),
            ("01", Part::Month(Zeros)),
            ("02", Part::Day(Zeros)),
            ("03", Part::Hour12(Zeros)),
            ("04", Part::Minute(Zeros)),
            ("05", Part::Second(Zeros)),
            ("06", Part::YearShort),
            ("002", Part::DayOfYear(Zeros)),
            ("15", Part::Hour),
            ("1", Part::Month(Plain)),
            ("2006", Part::Year),
            ("2", Part::Day(Plain)),
            ("_2", Part::Day(Blanks)),
            ("__2", Part::DayOfYear(Blanks)),
            ("3", Part::Hour12(Plain)),
            ("4", Part::Minute(Plain)),
            ("5", Part::Second(Plain)),
            ("PM", Part::HalfOfDay { is_upper: true }),
            ("pm", Part::HalfOfDay { is_upper: false }),
            ("-070000", offset(false, false, 3)),
            ("-07:00:00", offset(false, true, 3)),
            ("-0700", offset(false, false, 2)),
            ("-07:00", offset(false, true, 2)),
            ("-07", offset(false, false, 1)),
            ("Z070000", offset(true, false, 3)),
            ("Z07:00:00", offset(true, true, 3)),
            ("Z0700", offset(true, false, 2)),
            ("Z07:00", offset(true, true, 2)),
            ("Z07", offset(true, false, 1)),
            (".0", Part::Fraction { separator: '.', digits: 0, is_short: false }),
            (",0", Part::Fraction { separator: ',', digits: 0, is_short: false }),
            (".9", Part::Fraction { separator: '.', digits: 0, is_short: true }),
            (",9", Part::Fraction { separator: ',', digits: 0, is_short: true }),
        ]
    };
    let (name, part) = PARTS.iter().find(|it| text.starts_with(it.0))?;
    let rest = text.get(name.len()..)?;
    match part {
        // A name that goes on is another word.
        Part::MonthShort | Part::WeekdayShort if rest.starts_with(|it: char| it.is_ascii_lowercase()) => None,
        Part::Fraction { separator, is_short, .. } => {
            let same = name.bytes().last()?;
            let digits = 1 + rest.bytes().take_while(|it| *it == same).count();
            let rest = text.get(1 + digits..)?;
            // Digits of another kind behind them make it something else.
            let is_fraction = !rest.starts_with(|it: char| it.is_ascii_digit());
            is_fraction
                .then_some((Part::Fraction { separator: *separator, digits, is_short: *is_short }, rest))
        }
        _ => Some((*part, rest)),
    }
}
