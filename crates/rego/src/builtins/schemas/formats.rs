//! The formats of texts that OPA's library checks. One that it does not know takes every text.
//!
//! Source: OPA, `internal/gojsonschema/format_checkers.go`, version 1.20.

use super::mail;
use super::url;
use crate::builtins::time::reading;
use crate::pattern;
use std::net::IpAddr;

/// Whether a text has a format.
pub(super) fn is(format: &str, text: &str) -> bool {
    match format {
        "date" => is_time(&["2006-01-02"], text),
        "time" => is_time(&["15:04:05Z07:00", "15:04:05"], text),
        "date-time" => {
            is_time(&["15:04:05", "15:04:05Z07:00", "2006-01-02", "2006-01-02T15:04:05Z07:00"], text)
        }
        "hostname" => text.len() < 256 && text.split('.').all(is_label),
        "email" | "idn-email" => mail::is_address(text),
        // As Go has it, `::ffff:1.2.3.4` is both.
        "ipv4" => text.contains('.') && text.parse::<IpAddr>().is_ok(),
        "ipv6" => text.contains(':') && text.parse::<IpAddr>().is_ok(),
        "uri" | "iri" => !text.contains('\\') && url::read(text).is_some_and(|it| !it.scheme.is_empty()),
        "uri-reference" | "iri-reference" => !text.contains('\\') && url::read(text).is_some(),
        "uri-template" => !text.contains('\\') && url::read(text).is_some_and(|it| is_template(&it.path)),
        "uuid" => is_uuid(text),
        "regex" => text.is_empty() || pattern::read(text).is_ok(),
        "json-pointer" => is_pointer(text),
        "relative-json-pointer" => is_relative_pointer(text),
        _ => true,
    }
}

fn is_time(layouts: &[&str], text: &str) -> bool {
    layouts.iter().any(|it| reading::read(it, text).is_ok())
}

/// A part of a host's name.
fn is_label(text: &str) -> bool {
    (1..64).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Whether every brace that opens is closed.
fn is_template(path: &str) -> bool {
    let mut rest = path;
    while let Some((_, behind)) = rest.split_once('{') {
        match behind.split_once('}') {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

fn is_pointer(text: &str) -> bool {
    let escapes_well =
        || text.match_indices('~').all(|(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
    text.is_empty() || text.starts_with('/') && escapes_well()
}

fn is_relative_pointer(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let is_number = number == "0" || !number.is_empty() && !number.starts_with('0');
    is_number && (rest == "#" || is_pointer(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_formats_as_in_opa() {
        for (format, yes, no) in [
            ("date", &["2024-02-29"][..], &["2023-02-29", "2024-2-01", "2024-02-29T"][..]),
            ("time", &["10:00:00", "10:00:00Z", "10:00:00.5+01:00"], &["10:00", "25:00:00", "10:00:00 Z"]),
            (
                "date-time",
                &["2024-01-01T00:00:00Z", "2024-01-01", "10:00:00", "2024-01-01T00:00:00.123+02:00"],
                &["2024-01-01T00:00:00", "2024-01-01 00:00:00Z", ""],
            ),
            ("hostname", &["a", "a-b.example.com", "1.2"], &["", "a.", "-a", "a_b", "a..b", "ä"]),
            ("ipv4", &["1.2.3.4", "::ffff:1.2.3.4"], &["1.2.3", "01.2.3.4", "::1", "1.2.3.4/8"]),
            ("ipv6", &["::1", "2001:db8::1"], &["1.2.3.4", "::1%eth0", "12345::"]),
            ("uuid", &["123e4567-E89B-12d3-a456-426614174000"], &["123e4567e89b12d3a456426614174000", ""]),
            ("regex", &["", "a+", "[a-z]"], &["(", "(?=a)", "[z-a]"]),
            ("json-pointer", &["", "/", "/a~0b~1c", "//"], &["a", "/~", "/~2"]),
            ("relative-json-pointer", &["0", "1#", "10/a"], &["", "01", "1a", "#", "1##"]),
            ("uri-template", &["http://x/{a}/{b}", "", "a"], &["http://x/{a", "\\"]),
            ("unheard-of", &["", "x"], &[]),
        ] {
            for text in yes {
                assert!(is(format, text), "{format}: {text}");
            }
            for text in no {
                assert!(!is(format, text), "{format}: {text}");
            }
        }
    }
}
