//! Days, months and years: the calendar of today, for all times.

/// Nanoseconds.
pub(super) const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What a calendar and a clock show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
    /// Since midnight.
    pub(super) nanoseconds: i64,
}

impl Civil {
    /// Of nanoseconds since 1970.
    pub(super) fn of(nanoseconds: i128) -> Self {
        let days = i64::try_from(nanoseconds.div_euclid(DAY)).unwrap_or_default();
        let rest = i64::try_from(nanoseconds.rem_euclid(DAY)).unwrap_or_default();
        // Years that begin in March have their leap day at the end. Day 0 is the first of March of the year 0.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self { year: era * 400 + year_of_era + next, month, day, nanoseconds: rest }
    }

    /// With months and days that may lie outside of the year and the month.
    pub(super) fn normal(year: i64, month: i64, day: i64, nanoseconds: i64) -> Self {
        let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
        let first = Self { year, month, day: 1, nanoseconds };
        Self::of(first.nanoseconds_since_1970() + i128::from(day - 1) * DAY)
    }

    /// In nanoseconds, as if it were shown in UTC.
    pub(super) fn nanoseconds_since_1970(&self) -> i128 {
        let (year, month) =
            if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = i128::from(era) * 146_097 + i128::from(day_of_era) - 719_468;
        days * DAY + i128::from(self.nanoseconds)
    }

    pub(super) const fn hour(&self) -> i64 {
        self.nanoseconds / 3_600_000_000_000
    }

    pub(super) const fn minute(&self) -> i64 {
        self.nanoseconds / 60_000_000_000 % 60
    }

    pub(super) const fn second(&self) -> i64 {
        self.nanoseconds / 1_000_000_000 % 60
    }

    pub(super) const fn nanosecond(&self) -> i64 {
        self.nanoseconds % 1_000_000_000
    }

    /// From Sunday, which is 0.
    pub(super) fn weekday(&self) -> usize {
        let days = self.nanoseconds_since_1970().div_euclid(DAY);
        usize::try_from((days + 4).rem_euclid(7)).unwrap_or_default()
    }

    /// From 1.
    pub(super) fn day_of_year(&self) -> i64 {
        (1..self.month).map(|it| days_in_month(self.year, it)).sum::<i64>() + self.day
    }
}

pub(super) const fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
