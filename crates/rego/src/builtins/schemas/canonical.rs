//! Values as texts by which they are compared: numbers as doubles, as OPA's library for schemas compares them.

use crate::heap::{Heap, HeapError, Value, View};
use crate::json_text::string;
use crate::number::{self, Number, TooManyDigits};
use crate::writer::Writer;

/// Writes a value as JSON on one line. Sets are arrays; a double that there is not is written as the number is.
pub(super) fn write(heap: &Heap, value: Value, out: &mut Writer) -> Result<(), HeapError> {
    match heap.view(value) {
        View::Null | View::Unknown(_) => out.push_str("null"),
        View::Bool(it) => out.push_str(if it { "true" } else { "false" }),
        View::Number(it) => out.push_str(&double(it)),
        View::String(it) => string(it, out),
        View::Array(items) | View::Set(items) => {
            out.push('[')?;
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," })?;
                write(heap, *item, out)?;
            }
            out.push(']')
        }
        View::Object(pairs) => {
            out.push('{')?;
            for (index, [key, value]) in pairs.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," })?;
                write(heap, *key, out)?;
                out.push(':')?;
                write(heap, *value, out)?;
            }
            out.push('}')
        }
    }
}

/// A number as a double; one that there is not as it is written.
fn double(number: Number<'_>) -> String {
    let it = number.as_f64();
    if it.is_finite() { number::double(it) } else { number.to_string() }
}

/// A number as the messages show it: as Go prints a `big.Float`.
pub(super) fn shown(number: Number<'_>) -> Result<String, TooManyDigits> {
    let (negative, digits, exponent) = number.parts()?;
    let digits = digits.to_string();
    let trimmed = digits.trim_end_matches('0');
    if trimmed.is_empty() {
        return Ok("0".to_owned());
    }
    let sign = if negative { "-" } else { "" };
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    // 0.DIGITS × 10^point
    let point = length + exponent;
    let (first, rest) = trimmed.split_at(1);
    if !(-3..7).contains(&point) {
        let dot = if rest.is_empty() { "" } else { "." };
        let power = point - 1;
        let direction = if power < 0 { '-' } else { '+' };
        return Ok(format!("{sign}{first}{dot}{rest}e{direction}{:02}", power.abs()));
    }
    let places = usize::try_from(point.max(0)).unwrap_or_default();
    let zeros = usize::try_from((-point).max(0)).unwrap_or_default();
    Ok(match trimmed.split_at_checked(places) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some(("", fraction)) => format!("{sign}0.{}{fraction}", "0".repeat(zeros)),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{trimmed}{}", "0".repeat(places - trimmed.len())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_go_shows_them() {
        let of = |it: &str| shown(Number::Text(it)).expect("few digits");
        for (number, wanted) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("5", "5"),
            ("100", "100"),
            ("100000", "100000"),
            ("1000000", "1e+06"),
            ("100.25", "100.25"),
            ("0.001", "0.001"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-1e30", "-1e+30"),
            ("123456789.123", "1.23456789123e+08"),
            ("1234567890123456789", "1.234567890123456789e+18"),
        ] {
            assert_eq!(of(number), wanted, "{number}");
        }
    }

    #[test]
    fn numbers_are_compared_as_doubles() {
        for (number, wanted) in [
            ("1.0", "1"),
            ("1e2", "100"),
            ("-0.0", "-0"),
            ("1e21", "1e+21"),
            ("1e-7", "1e-7"),
            ("0.000001", "0.000001"),
            ("9007199254740993", "9007199254740992"),
            ("1e400", "1e400"),
        ] {
            assert_eq!(double(Number::Text(number)), wanted, "{number}");
        }
    }
}
