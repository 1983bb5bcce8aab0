//! What a YAML scalar without quotes is: the rules of the Go library that OPA and conftest read YAML with.

use crate::builtins::time::reading;
use num_bigint::BigUint;

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Those of data: YAML 1.1, in which `yes`, `on` and `y` are true.
    Data,
    /// Those of annotations in policies: YAML 1.2, in which they are texts.
    Annotations,
}

/// What a scalar is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    /// An integer, its digits.
    Integer(String),
    Float(f64),
    /// The text as it is.
    Text,
}

/// What a scalar is, if it has no quotes.
pub(crate) fn scalar(text: &str, rules: Rules) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if rules == Rules::Data => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if rules == Rules::Data => {
            return Scalar::Bool(false);
        }
        _ => {}
    }
    match text.bytes().next() {
        Some(b'.') if is_float(text) => text.parse().map_or(Scalar::Text, Scalar::Float),
        Some(b'+' | b'-' | b'0'..=b'9') if !is_dated(text) => number(&text.replace('_', "")),
        _ => Scalar::Text,
    }
}

fn number(text: &str) -> Scalar {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    let (base, digits_of_base) = match digits.get(..2).unwrap_or_default() {
        "0x" | "0X" => (16, digits.get(2..)),
        "0o" | "0O" => (8, digits.get(2..)),
        "0b" | "0B" => (2, digits.get(2..)),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)),
        _ => (10, Some(digits)),
    };
    let digits_of_base = digits_of_base.unwrap_or_default();
    if !digits_of_base.is_empty() && digits_of_base.chars().all(|it| it.is_digit(base)) {
        match u64::from_str_radix(digits_of_base, base) {
            Ok(number) if sign.is_empty() || number <= 1 << 63 => {
                let sign = if number == 0 { "" } else { sign };
                return Scalar::Integer(format!("{sign}{number}"));
            }
            // Other bases have no other form; decimal digits are a float then.
            _ if base != 10 && !is_float(text) => {
                let number = BigUint::parse_bytes(digits_of_base.as_bytes(), base).unwrap_or_default();
                return Scalar::Integer(format!("{sign}{number}"));
            }
            _ => {}
        }
    }
    if is_float(text) {
        return match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Scalar::Float(number),
            Ok(_) if digits.bytes().all(|it| it.is_ascii_digit()) => {
                Scalar::Integer(format!("{sign}{}", digits.trim_start_matches('0')))
            }
            _ => Scalar::Text,
        };
    }
    Scalar::Text
}

/// Digits, a point, an exponent, each where it may be.
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|it| !it.is_empty() && digits(it))
}

/// Whether it begins like a date. Then it is one and stays a text, or it is no number either.
fn is_dated(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.get(4) == Some(&b'-') && bytes.iter().take(4).all(u8::is_ascii_digit)
}

/// Whether it is a date, or a date and a time.
pub(crate) fn is_timestamp(text: &str) -> bool {
    const LAYOUTS: [&str; 4] = [
        "2006-1-2T15:4:5.999999999Z07:00",
        "2006-1-2t15:4:5.999999999Z07:00",
        "2006-1-2 15:4:5.999999999",
        "2006-1-2",
    ];
    is_dated(text) && LAYOUTS.iter().any(|it| reading::read(it, text).is_ok())
}

/// Whether a character can stand in YAML, in quotes or not.
pub(crate) const fn is_allowed(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// Whether a text reads as a number in base 60, which YAML 1.1 has: it is written in quotes.
pub(crate) fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !text.starts_with(|it: char| it.is_ascii_digit()) {
        return false;
    }
    let mut groups = text.split(':');
    let is_digits = |it: &str, or: char| it.chars().all(|it| it.is_ascii_digit() || it == or);
    let first = groups.next().is_some_and(|it| is_digits(it, '_'));
    let mut groups: Vec<&str> = groups.collect();
    let Some(last) = groups.pop() else { return false };
    let (last, fraction) = last.split_once('.').unwrap_or((last, ""));
    let is_sixty = |it: &str| match it.as_bytes() {
        [b'0'..=b'5', digit] | [digit] => digit.is_ascii_digit(),
        _ => false,
    };
    first && is_digits(fraction, '_') && is_sixty(last) && groups.into_iter().all(is_sixty)
}

/// A number as JSON of Go writes it.
pub(crate) fn json(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) { exponential(number, 1) } else { format!("{number}") }
}

/// A number as Go's `%g` writes it.
pub(crate) fn general(number: f64) -> String {
    let exponent = format!("{number:e}");
    let exponent = exponent.split_once('e').and_then(|it| it.1.parse::<i32>().ok()).unwrap_or_default();
    if (-4..6).contains(&exponent) { format!("{number}") } else { exponential(number, 2) }
}

fn exponential(number: f64, digits: usize) -> String {
    let written = format!("{number:e}");
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |it| ('-', it));
    format!("{mantissa}e{sign}{exponent:0>digits$}")
}
