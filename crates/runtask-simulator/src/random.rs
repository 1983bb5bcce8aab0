//! Makes ids, secrets and times that look like HCP Terraform's and are nobody's.

use std::time::{Duration, SystemTime};
use uuid::Uuid;

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// So many letters and digits, from the operating system's randomness.
pub(crate) fn alphanumeric(length: usize) -> String {
    let mut text = String::with_capacity(length + 14);
    while text.len() < length {
        // Bytes 6 and 8 of a random UUID hold its version and variant. The small bias of the remainder does no harm.
        let uuid = Uuid::new_v4().into_bytes();
        let random = uuid.iter().enumerate().filter(|(at, _)| *at != 6 && *at != 8).map(|(_, byte)| *byte);
        text.extend(
            random.filter_map(|byte| ALPHANUMERIC.get(usize::from(byte) % 62)).map(|it| char::from(*it)),
        );
    }
    text.truncate(length);
    text
}

/// `prefix` and 16 letters and digits.
pub(crate) fn id(prefix: &str) -> String {
    format!("{prefix}-{}", alphanumeric(16))
}

/// Of the form of a real token, and by its first word not one.
pub(crate) fn token() -> String {
    format!("SIMULATOR{}.atlasv1.{}", alphanumeric(5), alphanumeric(67))
}

/// `2021-09-02T14:47:13.036Z`
pub(crate) fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Year, month and day of the day that is so many days after 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 1 March of the year 0, so that a leap day ends its year; an era is 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_form_of_a_real_one() {
        let token = token();
        let (head, tail) = token.split_once(".atlasv1.").unwrap();
        assert_eq!((head.len(), tail.len()), (14, 67));
        assert!(head.starts_with("SIMULATOR"));
        assert_ne!(token, super::token());
    }

    #[test]
    fn times_are_written_as_hcp_terraform_does() {
        let at = |seconds: u64, millis: u64| {
            SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + millis)
        };
        assert_eq!(timestamp(at(0, 0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(at(1_630_594_033, 36)), "2021-09-02T14:47:13.036Z");
        assert_eq!(timestamp(at(951_782_399, 999)), "2000-02-28T23:59:59.999Z");
        assert_eq!(timestamp(at(951_782_400, 0)), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(at(1_798_761_599, 0)), "2026-12-31T23:59:59.000Z");
    }
}
