//! Holds days of the calendar, for exceptions that end. No time of day, no time zone but UTC, no clock.

use std::fmt;
use std::time::{Duration, SystemTime};

/// A day of the Gregorian calendar, in the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    // In this order, so that the derived comparison is that of days.
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// That day, if there is one.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists =
            1 <= year && year <= 9999 && 1 <= month && month <= 12 && 1 <= day && day <= days_in(year, month);
        if exists { Some(Self { year, month, day }) } else { None }
    }

    /// The day of `time` in UTC; 1970-01-01 for what is before it, 9999-12-31 for what is after that.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        const DAY: Duration = Duration::from_hours(24);
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut days = since.as_secs() / DAY.as_secs();
        for year in 1970..=9999 {
            for month in 1..=12 {
                let in_month = days_in(year, month);
                match u8::try_from(days) {
                    Ok(days) if days < in_month => return Self { year, month, day: days + 1 },
                    _ => days -= u64::from(in_month),
                }
            }
        }
        Self { year: 9999, month: 12, day: 31 }
    }
}

impl fmt::Display for Date {
    /// `2027-03-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

const fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: u64) -> String {
        Date::of(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
    }

    #[test]
    fn a_time_is_on_its_day_in_utc() {
        assert_eq!(of(0), "1970-01-01");
        assert_eq!(of(86_399), "1970-01-01");
        assert_eq!(of(86_400), "1970-01-02");
        assert_eq!(of(951_782_400), "2000-02-29");
        assert_eq!(of(951_868_800), "2000-03-01");
        assert_eq!(of(1_806_451_200), "2027-03-31");
        assert_eq!(of(4_107_542_400), "2100-03-01");
        assert_eq!(of(253_402_300_799), "9999-12-31");
        assert_eq!(of(253_402_300_800), "9999-12-31");
        assert_eq!(Date::of(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), Date::new(1970, 1, 1).unwrap());
    }

    #[test]
    fn days_follow_each_other_without_a_gap() {
        let mut before = Date::new(1970, 1, 1).unwrap();
        for day in 1..60_000_u32 {
            let date = Date::of(SystemTime::UNIX_EPOCH + Duration::from_secs(86_400) * day);
            assert!(date > before, "{date} after {before}");
            assert_eq!(Date::new(date.year, date.month, date.day), Some(date));
            let next_in_month =
                (date.year, date.month, date.day - 1) == (before.year, before.month, before.day);
            let last_of_month = before.day == days_in(before.year, before.month);
            assert!(next_in_month || (date.day == 1 && last_of_month), "{date} after {before}");
            before = date;
        }
    }

    #[test]
    fn days_that_do_not_exist_are_none() {
        for (year, month, day) in [
            (2027, 2, 29),
            (1900, 2, 29),
            (2027, 4, 31),
            (2027, 13, 1),
            (2027, 0, 1),
            (2027, 1, 0),
            (0, 1, 1),
        ] {
            assert_eq!(Date::new(year, month, day), None, "{year}-{month}-{day}");
        }
        assert!(Date::new(2000, 2, 29).is_some() && Date::new(2028, 2, 29).is_some());
    }
}
