//! Reads times in Go's layouts.

use super::calendar::{Civil, MONTHS, SECOND, WEEKDAYS, days_in_month, is_leap_year};
use super::layout::{Part, Width, next};

const NO_MATCH: &str = "the text does not have the layout's form";
const OUT_OF_RANGE: &str = "a part of the time is out of range";

/// Nanoseconds since 1970. Zones that are known by name alone, other than UTC, count as UTC.
pub(crate) fn read(layout: &str, text: &str) -> Result<i128, &'static str> {
    let mut found = Found::default();
    let (mut layout, mut text) = (layout, text);
    while let Some((before, part, after)) = next(layout) {
        text = skipped(text, before)?;
        text = found.read(part, text, after).ok_or(NO_MATCH)?;
        if found.is_out_of_range {
            return Err(OUT_OF_RANGE);
        }
        layout = after;
    }
    if !skipped(text, layout)?.is_empty() {
        return Err(NO_MATCH);
    }
    found.nanoseconds().ok_or(OUT_OF_RANGE)
}

/// What is behind the text between two parts. Blanks match any number of them, at least one where there is any text.
fn skipped<'t>(mut text: &'t str, mut between: &str) -> Result<&'t str, &'static str> {
    while let Some(wanted) = between.chars().next() {
        if wanted == ' ' {
            if text.starts_with(|it| it != ' ') {
                return Err(NO_MATCH);
            }
            between = between.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            between = between.strip_prefix(wanted).unwrap_or_default();
            text = text.strip_prefix(wanted).ok_or(NO_MATCH)?;
        }
    }
    Ok(text)
}

#[derive(Debug, Default)]
struct Found {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    /// Whether it is after noon.
    half: Option<bool>,
    /// Seconds ahead of UTC; a `Z` or a name that is known wins.
    offset: Option<i64>,
    is_utc: bool,
    is_out_of_range: bool,
}

impl Found {
    /// What is left of the text behind the part.
    fn read<'t>(&mut self, part: Part, text: &'t str, after: &str) -> Option<&'t str> {
        match part {
            Part::Year => {
                let (digits, rest) = text.split_at_checked(4)?;
                self.year = number(digits)?;
                Some(rest)
            }
            Part::YearShort => {
                let (digits, rest) = text.split_at_checked(2)?;
                // With a sign or without, as in Go.
                let year: i64 = digits.parse().ok()?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
                Some(rest)
            }
            Part::MonthName => self.month_named(text, 9),
            Part::MonthShort => self.month_named(text, 3),
            Part::WeekdayName => named(&WEEKDAYS, text, 9).map(|it| it.1),
            Part::WeekdayShort => named(&WEEKDAYS, text, 3).map(|it| it.1),
            Part::Month(width) => {
                let (month, rest) = leading(text, width, 2)?;
                self.month = Some(self.checked(month, 1, 12));
                Some(rest)
            }
            Part::Day(width) => {
                let text = if width == Width::Blanks { text.strip_prefix(' ').unwrap_or(text) } else { text };
                let (day, rest) = leading(text, width, 2)?;
                self.day = Some(day);
                Some(rest)
            }
            Part::DayOfYear(width) => {
                let mut text = text;
                for _ in 0..2 {
                    text = if width == Width::Blanks { text.strip_prefix(' ').unwrap_or(text) } else { text };
                }
                let (day, rest) = leading(text, width, 3)?;
                self.day_of_year = Some(day);
                Some(rest)
            }
            Part::Hour => {
                let (hour, rest) = leading(text, Width::Plain, 2)?;
                self.hour = self.checked(hour, 0, 23);
                Some(rest)
            }
            Part::Hour12(width) => {
                let (hour, rest) = leading(text, width, 2)?;
                self.hour = self.checked(hour, 0, 12);
                Some(rest)
            }
            Part::Minute(width) => {
                let (minute, rest) = leading(text, width, 2)?;
                self.minute = self.checked(minute, 0, 59);
                Some(rest)
            }
            Part::Second(width) => {
                let (second, rest) = leading(text, width, 2)?;
                self.second = self.checked(second, 0, 59);
                // Parts of a second may follow, even where the layout has none.
                match next(after) {
                    Some((_, Part::Fraction { .. }, _)) => Some(rest),
                    _ => Some(self.fraction(rest).unwrap_or(rest)),
                }
            }
            Part::Fraction { is_short: true, .. } => Some(self.fraction(text).unwrap_or(text)),
            Part::Fraction { digits, .. } => {
                let (fraction, rest) = text.split_at_checked(1 + digits)?;
                self.fraction(fraction).filter(|it| it.is_empty())?;
                Some(rest)
            }
            Part::HalfOfDay { is_upper } => {
                let (half, rest) = text.split_at_checked(2)?;
                self.half = Some(match (half, is_upper) {
                    ("PM", true) | ("pm", false) => true,
                    ("AM", true) | ("am", false) => false,
                    _ => return None,
                });
                Some(rest)
            }
            Part::Offset { has_z: true, .. } if text.starts_with('Z') => {
                self.is_utc = true;
                text.get(1..)
            }
            Part::Offset { has_colons, parts, .. } => self.offset(text, has_colons, parts),
            Part::ZoneName => match text.strip_prefix("UTC") {
                Some(rest) => {
                    self.is_utc = true;
                    Some(rest)
                }
                None => text.get(zone_length(text)?..),
            },
        }
    }

    const fn checked(&mut self, number: i64, least: i64, most: i64) -> i64 {
        if number < least || number > most {
            self.is_out_of_range = true;
        }
        number
    }

    fn month_named<'t>(&mut self, text: &'t str, letters: usize) -> Option<&'t str> {
        let (place, rest) = named(&MONTHS, text, letters)?;
        self.month = i64::try_from(place + 1).ok();
        Some(rest)
    }

    /// A point or a comma, and all digits behind it, of which nine count.
    fn fraction<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let digits = text.strip_prefix(['.', ','])?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = digits.split_at_checked(length)?;
        let digits = digits.get(..9).unwrap_or(digits);
        let missing = u32::try_from(9 - digits.len()).ok()?;
        self.nanosecond = number(digits)? * 10_i64.pow(missing);
        Some(rest)
    }

    fn offset<'t>(&mut self, text: &'t str, has_colons: bool, parts: usize) -> Option<&'t str> {
        let sign = match text.bytes().next()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let mut rest = text.get(1..)?;
        let mut seconds = 0;
        for (part, (unit, most)) in [(3600, 24), (60, 60), (1, 60)].into_iter().take(parts).enumerate() {
            if has_colons && part > 0 {
                rest = rest.strip_prefix(':')?;
            }
            let (digits, after) = rest.split_at_checked(2)?;
            let number = number(digits)?;
            seconds += self.checked(number, 0, most) * unit;
            rest = after;
        }
        self.offset = Some(sign * seconds);
        Some(rest)
    }

    fn nanoseconds(&self) -> Option<i128> {
        let hour = match self.half {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = match self.day_of_year {
            Some(day_of_year) => self.date_of(day_of_year)?,
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
        };
        if !(1..=days_in_month(self.year, month)).contains(&day) {
            return None;
        }
        let nanoseconds = (hour * 3600 + self.minute * 60 + self.second) * 1_000_000_000 + self.nanosecond;
        let shown = Civil { year: self.year, month, day, nanoseconds }.nanoseconds_since_1970();
        let offset = if self.is_utc { 0 } else { self.offset.unwrap_or(0) };
        Some(shown - i128::from(offset) * SECOND)
    }

    /// Month and day; nothing where they were read too, and are others.
    fn date_of(&self, day_of_year: i64) -> Option<(i64, i64)> {
        let days = if is_leap_year(self.year) { 366 } else { 365 };
        if !(1..=days).contains(&day_of_year) {
            return None;
        }
        let date = Civil::normal(self.year, 1, day_of_year, 0);
        let agrees = |read: Option<i64>, computed| read.is_none_or(|it| it == computed);
        (agrees(self.month, date.month) && agrees(self.day, date.day)).then_some((date.month, date.day))
    }
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|it| it.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// A number of at most so many digits, exactly so many where zeros stand before it.
fn leading(text: &str, width: Width, digits: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    let (digits, rest) =
        if width == Width::Zeros && length < digits { None } else { text.split_at_checked(length) }?;
    Some((number(digits).filter(|_| length > 0)?, rest))
}

/// Which of the names, cut to so many letters, the text begins with, in capitals or not.
fn named<'t>(names: &[&str], text: &'t str, letters: usize) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(place, name)| {
        let name = name.get(..letters).unwrap_or(name);
        let (start, rest) = text.split_at_checked(name.len())?;
        start.eq_ignore_ascii_case(name).then_some((place, rest))
    })
}

/// How long the abbreviation of a zone is: capitals, or an offset.
fn zone_length(text: &str) -> Option<usize> {
    let signed = |text: &str| {
        let digits = text.get(1..).filter(|_| text.starts_with(['+', '-']))?;
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        let hours: u64 = digits.get(..length)?.parse().ok()?;
        (hours <= 23).then_some(1 + length)
    };
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed(rest).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return signed(text);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match (capitals, text.as_bytes()) {
        (5, [_, _, _, _, b'T', ..]) | (4, [_, _, _, b'T', ..]) => Some(capitals),
        (4, _) if text.starts_with("WITA") => Some(4),
        (3, _) => Some(3),
        _ => None,
    }
}
