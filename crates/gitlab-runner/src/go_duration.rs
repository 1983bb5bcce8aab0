//! Reads durations as GitLab's runner does.

use std::time::Duration;

/// Reads `90s`, `1h30m`, `1.5h`, `500ms`: numbers with units, one after the other. `0` alone needs none. What is
/// negative, too long or malformed is `None`.
///
/// Source: Go, `time.ParseDuration`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let number_end = rest.find(|it: char| !(it.is_ascii_digit() || it == '.'))?;
        let (number, behind) = rest.split_at(number_end);
        let unit_end = behind.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit_end);
        seconds += number.parse::<f64>().ok()? * seconds_of(unit)?;
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_does() {
        let check = |text: &str, seconds: f64| {
            assert_eq!(parse_duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        };
        check("90s", 90.0);
        check("1h30m", 5400.0);
        check("1.5h", 5400.0);
        check("+2m500ms", 120.5);
        check("0", 0.0);
        for text in ["", "90", "-1s", "1x", "s", "1.2.3s", "1h30", "1 h", "9e9h", "99999999999999999999999h"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
