//! Numbers as OPA has them: small integers, and others as they are written.

use num_bigint::BigUint;
use std::cmp::Ordering;
use std::iter;

/// The most digits of a number that is computed with, before or after the point. Longer ones can be compared and printed.
const MAX_DIGITS: i64 = 16_384;

/// A number.
#[derive(Debug, Clone, Copy)]
pub enum Number<'h> {
    /// An integer of a machine word.
    Integer(i64),
    /// Any other, as it is written: `1.0`, `1e3`, `99999999999999999999`; `007` and `1_000` where a text was made a number.
    Text(&'h str),
}

/// A number has more digits than are computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number has more than 16 384 digits")]
pub(crate) struct TooManyDigits;

impl Number<'_> {
    /// The integer that it is written as; `None` where it is written with a point or an exponent, or is too large.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(it) => Some(it),
            Self::Text(text) => text.parse().ok(),
        }
    }

    /// The integer that it is, with a point or without: `2` for `2.0`.
    pub(crate) fn as_whole(self) -> Option<i64> {
        match self {
            Self::Integer(it) => Some(it),
            Self::Text(text) => Decimal::read(text).as_whole(),
        }
    }

    /// Whether it is written as an integer, of any size.
    pub(crate) fn is_plain(self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Text(text) => {
                text.strip_prefix(['-', '+']).unwrap_or(text).bytes().all(|it| it.is_ascii_digit())
            }
        }
    }

    /// The nearest double; infinite where there is none.
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Integer(it) => it as f64,
            Self::Text(text) if text.contains('_') => text.replace('_', "").parse().unwrap_or_default(),
            Self::Text(text) => text.parse().unwrap_or_default(),
        }
    }

    /// Sign, digits and a power of ten, bounded.
    pub(crate) fn parts(self) -> Result<(bool, BigUint, i64), TooManyDigits> {
        match self {
            Self::Integer(it) => Ok((it < 0, it.unsigned_abs().into(), 0)),
            Self::Text(text) => Decimal::read(text).parts(),
        }
    }

    /// About how many digits computing with it has to do with.
    pub(crate) fn digits(self) -> u64 {
        let Self::Text(text) = self else { return 0 };
        let written = count(text.len()).min(MAX_DIGITS).unsigned_abs();
        written + Decimal::read(text).magnitude.unsigned_abs().min(MAX_DIGITS.unsigned_abs())
    }

    /// Compares the exact values, whatever they look like: `1.0` equals `1`.
    #[must_use]
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Text(a), Self::Text(b)) => Decimal::read(a).compare(Decimal::read(b)),
            (Self::Integer(a), Self::Text(b)) => Decimal::read(&a.to_string()).compare(Decimal::read(b)),
            (Self::Text(a), Self::Integer(b)) => Decimal::read(a).compare(Decimal::read(&b.to_string())),
        }
    }
}

/// A number as it is written, taken apart: ±0.DIGITS × 10^magnitude.
#[derive(Clone, Copy)]
struct Decimal<'t> {
    negative: bool,
    /// Digits, and among them a point and underscores.
    mantissa: &'t str,
    /// Meaningless for zero, which has no digits.
    magnitude: i64,
}

impl<'t> Decimal<'t> {
    fn read(text: &'t str) -> Self {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let whole = mantissa.split('.').next().unwrap_or_default();
        let digits = |it: &str| it.bytes().filter(u8::is_ascii_digit).count();
        let leading_zeros = mantissa.bytes().filter(u8::is_ascii_digit).take_while(|it| *it == b'0').count();
        let magnitude = count(digits(whole)).saturating_sub(count(leading_zeros));
        Self { negative, mantissa, magnitude: magnitude.saturating_add(exponent_of(exponent)) }
    }

    /// Its digits, from the first that is not zero.
    fn digits(self) -> impl Iterator<Item = u8> + Clone + 't {
        self.mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|it| *it == b'0')
    }

    /// -1, 0 or 1.
    fn sign(self) -> i8 {
        match (self.digits().next(), self.negative) {
            (None, _) => 0,
            (Some(_), true) => -1,
            (Some(_), false) => 1,
        }
    }

    fn compare(self, other: Self) -> Ordering {
        let sign = self.sign();
        if sign != other.sign() || sign == 0 {
            return sign.cmp(&other.sign());
        }
        let absolute = self.magnitude.cmp(&other.magnitude).then_with(|| {
            let mut rest = other.digits();
            let first = self.digits().map(|it| it.cmp(&rest.next().unwrap_or(b'0'))).find(|it| it.is_ne());
            first.unwrap_or_else(|| if rest.any(|it| it != b'0') { Ordering::Less } else { Ordering::Equal })
        });
        if sign < 0 { absolute.reverse() } else { absolute }
    }

    /// How many digits it has up to the last that is not zero.
    fn significant(self) -> i64 {
        let (mut all, mut significant) = (0, 0);
        for digit in self.digits() {
            all += 1;
            if digit != b'0' {
                significant = all;
            }
        }
        significant
    }

    fn as_whole(self) -> Option<i64> {
        // As many digits as a machine word may have.
        if self.significant() > self.magnitude.min(19) {
            return if self.sign() == 0 { Some(0) } else { None };
        }
        let length = usize::try_from(self.magnitude.min(20)).ok()?;
        let mut digits = self.digits().chain(iter::repeat(b'0')).take(length);
        let absolute = digits.try_fold(0_i128, |sum, it| Some(sum * 10 + i128::from(it - b'0')))?;
        i64::try_from(if self.negative { -absolute } else { absolute }).ok()
    }

    fn parts(self) -> Result<(bool, BigUint, i64), TooManyDigits> {
        let significant = self.significant();
        if significant == 0 {
            return Ok((self.negative, BigUint::ZERO, 0));
        }
        if significant > MAX_DIGITS || !(-MAX_DIGITS..=MAX_DIGITS).contains(&self.magnitude) {
            return Err(TooManyDigits);
        }
        let digits: Vec<u8> = self.digits().take(usize::try_from(significant).unwrap_or_default()).collect();
        let digits = BigUint::parse_bytes(&digits, 10).unwrap_or_default();
        Ok((self.negative, digits, self.magnitude - significant))
    }
}

/// A power of ten as it is written; one that is larger than any text is long where it is too large.
fn exponent_of(text: &str) -> i64 {
    const LARGEST: i64 = 1 << 60;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let add = |sum: i64, digit: u8| (sum * 10 + i64::from(digit - b'0')).min(LARGEST / 16);
    let absolute = digits.bytes().filter(u8::is_ascii_digit).fold(0, add);
    if negative { -absolute } else { absolute }
}

fn count(it: usize) -> i64 {
    i64::try_from(it).unwrap_or(i64::MAX)
}

/// A double as Go's `encoding/json` writes it, which must be finite.
pub(crate) fn double(it: f64) -> String {
    let size = it.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{it:e}");
        return if size < 1.0 { text } else { text.replacen('e', "e+", 1) };
    }
    it.to_string()
}

/// Whether a text is a number that OPA's `to_number` takes: what Go's `strconv.ParseFloat` reads, no infinity, in decimal.
pub(crate) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit() || it == b'_');
    let separates = |it: &str| !it.starts_with('_') && !it.ends_with('_') && !it.contains("__");
    let well = |it: &str| digits(it) && separates(it);
    well(whole)
        && well(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|it| !it.is_empty() && well(it))
        && Number::Text(text).as_f64().is_finite()
}

impl std::fmt::Display for Number<'_> {
    /// As JSON writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(it) => it.fmt(f),
            Self::Text(it) => f.write_str(it),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_what_is_meant_and_not_what_is_written() {
        let long = "9".repeat(100_000);
        let ascending = [
            "-1e999999999999999999999",
            "-1e999999999",
            "-10",
            "-9.99",
            "-1",
            "-1e-999999999",
            "0",
            "1e-999999999",
            "0.1",
            "0.10000000000000000000000000000001",
            "1",
            "1.00000000000000000000000000000001",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1e20",
            &long,
            "1e100001",
            "1e999999999",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(of(a).compare(of(b)), i.cmp(&j), "{a:.30} {b:.30}");
            }
        }
        let equal = [
            ["1", "1.0"],
            ["1", "1e0"],
            ["1000", "1E+3"],
            ["0", "-0"],
            ["0", "0e999999999"],
            ["0.1", "1e-1"],
            ["7", "007"],
            ["1000", "1_000"],
            ["0.5", ".5"],
            ["5", "5."],
            ["5", "+5"],
            ["120", "1.2e2"],
            ["0.0012", "12e-4"],
        ];
        for [a, b] in equal {
            assert!(of(a).compare(of(b)).is_eq(), "{a} {b}");
        }
    }

    #[test]
    fn finds_the_integer_that_a_number_is() {
        for (text, want) in [
            ("1.50e2", Some(150)),
            ("2.0", Some(2)),
            ("-0.0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("-9223372036854775808.000", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e18", Some(1_000_000_000_000_000_000)),
            ("1.05e1", None),
            ("1e1000000000", None),
            ("1e-1000000000", None),
        ] {
            assert_eq!(of(text).as_whole(), want, "{text}");
        }
        assert_eq!(of("2.0").as_integer(), None);
    }

    #[test]
    fn reads_the_numbers_that_go_reads() {
        for text in
            ["0", "+5", "-5", "007", "1_000", "1_000.50", ".5", "5.", "1e3", "1E-400", "1e5_0", "-0.50"]
        {
            assert!(is_decimal(text), "{text}");
        }
        for text in [
            "", "+", ".", "abc", "5%", " 12", "12 ", "1e", "e1", "1e+", "--1", "+-1", "_1", "1_", "1__0",
            "1_.0", "0x10", "Inf", "infinity", "NaN", "1e400", "1.2.3",
        ] {
            assert!(!is_decimal(text), "{text}");
        }
    }

    fn of(text: &str) -> Number<'_> {
        text.parse().map_or(Number::Text(text), Number::Integer)
    }
}
