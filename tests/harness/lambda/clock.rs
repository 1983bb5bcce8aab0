//! Holds the double's clock, and the ways AWS writes a time down.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since 1970-01-01T00:00:00Z.
#[expect(clippy::disallowed_methods, reason = "the double is the outer world: it has the clock")]
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// `2019-11-14T18:16:05.568Z`, as in a destination record.
pub(crate) fn iso_8601(since_epoch: Duration) -> String {
    let (year, month, day) = date(since_epoch);
    let (hour, minute, second) = time_of_day(since_epoch);
    let millis = since_epoch.subsec_millis();
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// `12/Mar/2020:19:03:58 +0000`, as in the request context of an HTTP event.
pub(crate) fn common_log(since_epoch: Duration) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = date(since_epoch);
    let (hour, minute, second) = time_of_day(since_epoch);
    let month = MONTHS[usize::try_from(month - 1).unwrap()];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

fn time_of_day(since_epoch: Duration) -> (u64, u64, u64) {
    let seconds = since_epoch.as_secs() % 86_400;
    (seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Year, month, day. The year is counted from March, so that a leap day is the last of its year.
fn date(since_epoch: Duration) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    const FROM_MARCH_OF_YEAR_0: u64 = 719_468;
    let days = since_epoch.as_secs() / 86_400 + FROM_MARCH_OF_YEAR_0;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_aws_writes_them() {
        assert_eq!(iso_8601(Duration::from_millis(1_573_755_365_568)), "2019-11-14T18:16:05.568Z");
        assert_eq!(common_log(Duration::from_millis(1_583_348_638_390)), "04/Mar/2020:19:03:58 +0000");
        assert_eq!(iso_8601(Duration::from_secs(951_782_400)), "2000-02-29T00:00:00.000Z");
    }
}
