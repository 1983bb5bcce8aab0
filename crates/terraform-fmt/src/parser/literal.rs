//! What literals say: numbers and escapes.

use super::cursor::Parser;
use crate::doubt::DoubtReason;
use crate::summary::Summary;

/// Whether a number is one that terraform can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    Wrong,
    Unknown,
}

impl Parser<'_> {
    /// Judges a number, and whether there was an error.
    pub(super) fn judge_number(&mut self, index: usize) -> bool {
        match verdict(self.bytes(index)) {
            Verdict::Fine => false,
            Verdict::Wrong => self.report(Summary::InvalidNumberLiteral, index),
            Verdict::Unknown => {
                self.give_up(DoubtReason::Exponent, index);
                false
            }
        }
    }

    /// Judges the escapes in a text, and whether there was an error.
    pub(super) fn judge_escapes(&mut self, index: usize) -> bool {
        let text = self.bytes(index);
        let start = self.token(index).start;
        let mut failed = false;
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|it| it.iter().position(|it| *it == b'\\')) {
            at += found;
            let rest = text.get(at..).unwrap_or_default();
            let (length, is_fine) = escape(rest);
            if !is_fine {
                let place = start + u32::try_from(at).unwrap_or(u32::MAX);
                let end = place + u32::try_from(length).unwrap_or(0);
                failed = self.report_range(Summary::InvalidEscapeSequence, place, end);
            }
            at += length;
        }
        failed
    }
}

/// How many bytes an escape has, from its backslash, and whether it is one.
fn escape(text: &[u8]) -> (usize, bool) {
    let digits = match text.get(1) {
        Some(b'n' | b'r' | b't' | b'"' | b'\\') => return (2, true),
        Some(b'u') => 4,
        Some(b'U') => 8,
        _ => return (text.len().min(2), false),
    };
    let found = text.iter().skip(2).take(digits).take_while(|it| it.is_ascii_hexdigit()).count();
    let number = text.get(2..2 + digits).and_then(|it| std::str::from_utf8(it).ok());
    let code = number.and_then(|it| u32::from_str_radix(it, 16).ok());
    (2 + found, found == digits && code.and_then(char::from_u32).is_some())
}

fn verdict(text: &[u8]) -> Verdict {
    let exponent_at = text.iter().position(|it| matches!(it, b'e' | b'E'));
    let (mantissa, exponent) = text.split_at_checked(exponent_at.unwrap_or(text.len())).unwrap_or_default();
    let points = mantissa.iter().filter(|it| **it == b'.').count();
    let digits = exponent.get(1..).unwrap_or_default();
    let digits = digits.strip_prefix(b"+").or_else(|| digits.strip_prefix(b"-")).unwrap_or(digits);
    if points > 1 || !digits.iter().all(u8::is_ascii_digit) {
        return Verdict::Wrong;
    }
    if exponent.is_empty() {
        return Verdict::Fine;
    }
    // What does not fit into 64 bits is refused, of zero too.
    let Some(exponent) = exponent.get(1..).and_then(|it| std::str::from_utf8(it).ok()?.parse::<i64>().ok())
    else {
        return Verdict::Wrong;
    };
    if mantissa.iter().all(|it| matches!(it, b'0' | b'.')) {
        return Verdict::Fine;
    }
    // What terraform holds is the exponent of two: the bits of all digits, and what the exponent of ten says beyond them.
    let behind = mantissa.iter().position(|it| *it == b'.').map_or(0, |it| mantissa.len() - it - 1);
    let exponent = exponent.saturating_sub(i64::try_from(behind).unwrap_or(i64::MAX));
    let (low, high) = match bits(mantissa) {
        Some(bits) => (bits, bits),
        None => (0, i64::try_from(mantissa.len()).unwrap_or(i64::MAX / 8) * 4),
    };
    let (low, high) = (exponent.saturating_add(low), exponent.saturating_add(high));
    if low >= i64::from(i32::MIN) && high <= i64::from(i32::MAX) {
        Verdict::Fine
    } else if low > i64::from(i32::MAX) || high < i64::from(i32::MIN) {
        Verdict::Wrong
    } else {
        Verdict::Unknown
    }
}

/// How many bits the digits have, read as one number; nothing if they are too many to be counted here.
fn bits(mantissa: &[u8]) -> Option<i64> {
    let digits: String = mantissa.iter().filter(|it| **it != b'.').map(|it| char::from(*it)).collect();
    let number: u128 = digits.parse().ok()?;
    Some(i64::from(u128::BITS - number.leading_zeros()))
}
