//! `units.parse`, `units.parse_bytes`: amounts such as `500m`, `1.5Gi`, `10KiB`.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::Value;
use crate::types::Type;
use num_bigint::BigUint;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("units.parse", &[Type::String], Type::Number, parse),
    Builtin::new("units.parse_bytes", &[Type::String], Type::Number, parse_bytes),
];

/// The most digits of an amount, and of what it comes to.
const MAX_DIGITS: i64 = 16_384;

/// The decimal places of an amount that is not whole.
const PLACES: i64 = 10;

const KINDS: &str = "kmgtpe";

fn parse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let text = context.text(text, 1)?.replace('"', "");
    let (amount, unit) = parted("units.parse", &text, "")?;
    let amount =
        Amount::read(amount).ok_or_else(|| error("units.parse: could not parse amount to a number"))?;
    // Only the first letter tells `m`, a thousandth, from `M`, a million.
    let mut letters = unit.chars();
    let (first, rest) = (letters.next(), letters.as_str().to_lowercase());
    let factor = match (first, rest.as_str()) {
        (None, _) => Factor::Whole(1),
        (Some('m'), "") => Factor::Milli,
        (Some(first), "" | "i") => {
            let unknown = || error("units.parse: unit not recognized");
            let kind = KINDS.find(first.to_ascii_lowercase()).ok_or_else(unknown)?;
            Factor::Whole(multiple(kind, if rest.is_empty() { 1000 } else { 1024 }))
        }
        _ => return Err(error("units.parse: unit not recognized")),
    };
    let number = amount.times(factor).text();
    context.spend(number.len() as u64)?;
    Ok(context.heap.number(&number)?)
}

fn parse_bytes(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let text = context.text(text, 1)?.to_lowercase().replace('"', "");
    let (amount, unit) = parted("units.parse_bytes", &text, "byte ")?;
    let unknown = || error("units.parse_bytes: byte unit not recognized");
    let base = match unit.get(1..).unwrap_or_default() {
        "" | "b" => 1000,
        "i" | "ib" => 1024,
        _ => return Err(unknown()),
    };
    let factor = match unit.chars().next() {
        None => 1,
        Some(first) => multiple(KINDS.find(first).ok_or_else(unknown)?, base),
    };
    let amount = Amount::read(amount)
        .ok_or_else(|| error("units.parse_bytes: could not parse byte amount to a number"))?;
    let number = amount.float_times(factor);
    context.spend(number.len() as u64)?;
    Ok(context.heap.number(&number)?)
}

/// The number at the beginning, and the unit behind it.
fn parted<'t>(function: &str, text: &'t str, of: &str) -> Result<(&'t str, &'t str), Failure> {
    if text.contains(' ') {
        return Err(error(format!("{function}: spaces not allowed in resource strings")));
    }
    let length = number_length(text).ok_or_else(|| error(format!("{function}: exponent too large")))?;
    match text.split_at_checked(length) {
        Some((amount, unit)) if !amount.is_empty() => Ok((amount, unit)),
        _ => Err(error(format!("{function}: no {of}amount provided"))),
    }
}

/// How long the number is; nothing where an exponent has more than six digits. An `e` without digits is a unit.
fn number_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'0'..=b'9' | b'.' | b'+' | b'-' => {}
            b'e' | b'E' => {
                match bytes.get(at + 1) {
                    Some(b'+' | b'-') => at += 1,
                    Some(b'0'..=b'9') => {}
                    _ => return Some(at),
                }
                let exponent = bytes.get(at + 1..).unwrap_or_default();
                if exponent.iter().take_while(|it| it.is_ascii_digit()).count() > 6 {
                    return None;
                }
            }
            _ => return Some(at),
        }
        at += 1;
    }
    Some(at)
}

/// Thousand, million and so on.
const fn multiple(kind: usize, base: u64) -> u64 {
    let mut product = base;
    let mut left = kind;
    while left > 0 {
        product *= base;
        left -= 1;
    }
    product
}

/// ± digits × 10^exponent.
struct Amount {
    is_negative: bool,
    digits: BigUint,
    exponent: i64,
}

enum Factor {
    Whole(u64),
    /// The double next to 0.001, as OPA multiplies with it.
    Milli,
}

impl Amount {
    fn read(text: &str) -> Option<Self> {
        let is_negative = text.starts_with('-');
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let length = i64::try_from(digits.len()).ok()?;
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        if length > MAX_DIGITS || length + exponent > MAX_DIGITS {
            return None;
        }
        let digits = BigUint::parse_bytes(digits.as_bytes(), 10)?;
        Some(Self { is_negative, digits, exponent: exponent.max(-3 * MAX_DIGITS) })
    }

    fn times(mut self, factor: Factor) -> Self {
        match factor {
            Factor::Whole(factor) => self.digits *= factor,
            Factor::Milli => {
                // 1152921504606847 / 2^60, and 1 / 2^60 is 5^60 / 10^60.
                self.digits *= 1_152_921_504_606_847_u64;
                self.digits *= BigUint::from(5_u8).pow(60);
                self.exponent -= 60;
            }
        }
        self
    }

    /// A whole number as such, others with ten decimal places, the last one rounded away from zero.
    fn text(&self) -> String {
        let sign = if self.is_negative && self.digits != BigUint::ZERO { "-" } else { "" };
        let written = self.digits.to_string();
        let zeros = i64::try_from(written.len() - written.trim_end_matches('0').len()).unwrap_or(i64::MAX);
        if self.digits == BigUint::ZERO {
            return "0".to_owned();
        }
        if self.exponent + zeros >= 0 {
            return format!("{sign}{}", shifted(&self.digits, self.exponent));
        }
        let scaled = match self.exponent + PLACES {
            shift @ 0.. => shifted(&self.digits, shift),
            shift => {
                let divisor = power_of_ten(-shift);
                (&self.digits * 2_u8 + &divisor) / (divisor * 2_u8)
            }
        };
        let padded = format!("{scaled:0>11}");
        let (whole, fraction) = padded.split_at(padded.len() - 10);
        format!("{sign}{whole}.{fraction}")
    }

    /// The product, cut to a whole number, both factors and the product with 64 binary digits.
    fn float_times(&self, factor: u64) -> String {
        let Some((mantissa, exponent)) = (match self.exponent {
            shift @ 0.. => rounded(shifted(&self.digits, shift), BigUint::from(1_u8)),
            shift => rounded(self.digits.clone(), power_of_ten(-shift)),
        }) else {
            return "0".to_owned();
        };
        let Some((mantissa, shift)) = rounded(mantissa * factor, BigUint::from(1_u8)) else {
            return "0".to_owned();
        };
        let whole = match exponent + shift {
            left @ 0.. => mantissa << left.unsigned_abs(),
            right => mantissa >> right.unsigned_abs(),
        };
        let sign = if self.is_negative && whole != BigUint::ZERO { "-" } else { "" };
        format!("{sign}{whole}")
    }
}

fn power_of_ten(exponent: i64) -> BigUint {
    BigUint::from(10_u8).pow(u32::try_from(exponent).unwrap_or_default())
}

/// Digits with zeros behind them, or with those taken away that are there.
fn shifted(digits: &BigUint, exponent: i64) -> BigUint {
    if exponent >= 0 { digits * power_of_ten(exponent) } else { digits / power_of_ten(-exponent) }
}

/// A quotient with 64 binary digits, the nearest, of two the even one: mantissa × 2^exponent. Nothing for zero.
fn rounded(numerator: BigUint, divisor: BigUint) -> Option<(BigUint, i64)> {
    if numerator == BigUint::ZERO {
        return None;
    }
    let bits = |it: &BigUint| i64::try_from(it.bits()).unwrap_or(i64::MAX);
    // 65 or 66 digits, and whether anything is left.
    let shift = 66 - bits(&numerator) + bits(&divisor);
    let (numerator, divisor) = match shift {
        0.. => (numerator << shift.unsigned_abs(), divisor),
        _ => (numerator, divisor << shift.unsigned_abs()),
    };
    let quotient = &numerator / &divisor;
    let is_exact = &quotient * &divisor == numerator;
    let extra = quotient.bits() - 64;
    let half = BigUint::from(1_u8) << (extra - 1);
    let mut mantissa = &quotient >> extra;
    let rest = quotient - (&mantissa << extra);
    if rest > half || rest == half && (!is_exact || mantissa.bit(0)) {
        mantissa += 1_u8;
    }
    Some((mantissa, i64::try_from(extra).unwrap_or_default() - shift))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, fails};

    #[test]
    fn amounts_are_read_as_in_opa() {
        let cases = [
            ("units.parse", "500m", "0.5"),
            ("units.parse", "0.0005K", "0.5"),
            ("units.parse", "0.0000005M", "0.5"),
            ("units.parse", "100m", "0.1"),
            ("units.parse", "1.5K", "1500"),
            ("units.parse", "1k", "1000"),
            ("units.parse", "1ki", "1024"),
            ("units.parse", "1KI", "1024"),
            ("units.parse", "1M", "1000000"),
            ("units.parse", "10ei", "11529215046068469760"),
            ("units.parse", "1e3", "1000"),
            ("units.parse", "1e", "1000000000000000000"),
            ("units.parse", "-.5k", "-500"),
            ("units.parse", "0m", "0"),
            ("units.parse", "0.00000000005", "0.0000000001"),
            ("units.parse", "1.25", "1.25"),
            ("units.parse_bytes", "8kb", "8000"),
            ("units.parse_bytes", "1.1KB", "1100"),
            ("units.parse_bytes", "1.1KiB", "1126"),
            ("units.parse_bytes", ".5KB", "500"),
            ("units.parse_bytes", "4.1Mi", "4299161"),
            ("units.parse_bytes", "10Kib", "10240"),
            ("units.parse_bytes", "100m", "100000000"),
            ("units.parse_bytes", "100ti", "109951162777600"),
            ("units.parse_bytes", "10e", "10000000000000000000"),
            ("units.parse_bytes", "10ei", "11529215046068469760"),
            ("units.parse_bytes", "1e3KB", "1000000"),
            ("units.parse_bytes", "3.2E2MiB", "335544320"),
            ("units.parse_bytes", "0.0", "0"),
            ("units.parse_bytes", "1e-30", "0"),
            ("units.parse_bytes", "-1.9", "-1"),
            ("units.parse_bytes", "18446744073709551617", "18446744073709551616"),
        ];
        for (function, text, wanted) in cases {
            calls(ALL, &[(function, &format!("[\"{text}\"]"), wanted)]);
        }
        calls(ALL, &[("units.parse_bytes", r#"["\"100TIB\""]"#, "109951162777600")]);
    }

    #[test]
    fn what_is_no_amount_is_told() {
        for (function, text, wanted) in [
            ("units.parse", "", "units.parse: no amount provided"),
            ("units.parse", "G", "units.parse: no amount provided"),
            ("units.parse", "0.0.0", "units.parse: could not parse amount to a number"),
            ("units.parse", "1e+", "units.parse: could not parse amount to a number"),
            ("units.parse", "100 k", "units.parse: spaces not allowed in resource strings"),
            ("units.parse", "1e1234567", "units.parse: exponent too large"),
            ("units.parse", "1mb", "units.parse: unit not recognized"),
            ("units.parse", "1x", "units.parse: unit not recognized"),
            ("units.parse", "1é", "units.parse: unit not recognized"),
            ("units.parse", "1e999999", "units.parse: could not parse amount to a number"),
            ("units.parse_bytes", "foo", "units.parse_bytes: no byte amount provided"),
            ("units.parse_bytes", ".5.2", "units.parse_bytes: could not parse byte amount to a number"),
            ("units.parse_bytes", "5 GB", "units.parse_bytes: spaces not allowed in resource strings"),
            ("units.parse_bytes", "5xb", "units.parse_bytes: byte unit not recognized"),
            ("units.parse_bytes", "5é", "units.parse_bytes: byte unit not recognized"),
        ] {
            fails(ALL, function, &format!("[\"{text}\"]"), wanted);
        }
    }
}
