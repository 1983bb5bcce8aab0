//! Computes with numbers as OPA does: as Go's `big.Float` with 64 bits, so that integers of a machine word are exact.

use crate::number::{Number, TooManyDigits};
use num_bigint::{BigInt, BigUint, Sign};
use std::cmp::Ordering;

/// The mantissa of a number that is read, in bits.
const PRECISION: u64 = 64;

/// The mantissa of a double, in bits.
const DOUBLE: u64 = 53;

/// What was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Computed {
    /// An integer of a machine word.
    Integer(i64),
    /// Any other number, as it is written.
    Text(String),
}

/// Why nothing could be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArithmeticError {
    #[error(transparent)]
    TooManyDigits(#[from] TooManyDigits),
    #[error("divide by zero")]
    DivideByZero,
    #[error("modulo by zero")]
    ModuloByZero,
    #[error("modulo on floating-point number")]
    ModuloOnFraction,
}

type Outcome = Result<Computed, ArithmeticError>;

pub(crate) fn add(a: Number<'_>, b: Number<'_>) -> Outcome {
    compute(a, b, i64::checked_add, Float::add)
}

pub(crate) fn subtract(a: Number<'_>, b: Number<'_>) -> Outcome {
    compute(a, b, i64::checked_sub, Float::subtract)
}

pub(crate) fn multiply(a: Number<'_>, b: Number<'_>) -> Outcome {
    compute(a, b, i64::checked_mul, Float::multiply)
}

fn compute(
    a: Number<'_>,
    b: Number<'_>,
    small: fn(i64, i64) -> Option<i64>,
    float: fn(&Float, &Float) -> Float,
) -> Outcome {
    if let (Number::Integer(a), Number::Integer(b)) = (a, b)
        && let Some(it) = small(a, b)
    {
        return Ok(Computed::Integer(it));
    }
    Ok(float(&Float::of(a)?, &Float::of(b)?).computed())
}

pub(crate) fn divide(a: Number<'_>, b: Number<'_>) -> Outcome {
    // What is divided without a rest is exact. A zero that is divided keeps its sign, as a quotient of floats.
    if let (Number::Integer(a), Number::Integer(b)) = (a, b)
        && a != 0
        && a.checked_rem(b) == Some(0)
        && let Some(it) = a.checked_div(b)
    {
        return Ok(Computed::Integer(it));
    }
    let divisor = Float::of(b)?;
    if divisor.is_zero() {
        Err(ArithmeticError::DivideByZero)
    } else {
        Ok(Float::of(a)?.divide(&divisor).computed())
    }
}

pub(crate) fn remainder(a: Number<'_>, b: Number<'_>) -> Outcome {
    let (Some(a), Some(b)) = (whole(a)?, whole(b)?) else {
        return Err(ArithmeticError::ModuloOnFraction);
    };
    if b == BigInt::ZERO { Err(ArithmeticError::ModuloByZero) } else { Ok(integer(&(a % b))) }
}

pub(crate) fn absolute(a: Number<'_>) -> Outcome {
    unary(a, i64::checked_abs, |a| Float { negative: false, ..a }.computed())
}

pub(crate) fn round(a: Number<'_>) -> Outcome {
    unary(a, Some, |a| {
        let half = Float { negative: a.negative, mantissa: 1_u8.into(), exponent: -1, precision: PRECISION };
        integer(&a.add(&half).truncated())
    })
}

/// Rounds up; to 1 what is between -1 and 0, as OPA does.
pub(crate) fn ceiling(a: Number<'_>) -> Outcome {
    unary(a, Some, |a| {
        let whole = a.truncated();
        integer(&if whole.sign() == Sign::Minus || a.is_integer() { whole } else { whole + 1 })
    })
}

/// Rounds down; to 0 what is between -1 and 0, as OPA does.
pub(crate) fn floor(a: Number<'_>) -> Outcome {
    unary(a, Some, |a| {
        let whole = a.truncated();
        integer(&if whole.sign() != Sign::Minus || a.is_integer() { whole } else { whole - 1 })
    })
}

fn unary(a: Number<'_>, small: fn(i64) -> Option<i64>, float: fn(Float) -> Computed) -> Outcome {
    match a {
        Number::Integer(it) if let Some(it) = small(it) => Ok(Computed::Integer(it)),
        _ => Ok(float(Float::of(a)?)),
    }
}

/// Adds all of them.
pub(crate) fn sum(numbers: &[Number<'_>]) -> Outcome {
    fold(numbers, 0, PRECISION, i64::checked_add, Float::add)
}

/// Multiplies all of them, as doubles.
pub(crate) fn product(numbers: &[Number<'_>]) -> Outcome {
    fold(numbers, 1, DOUBLE, |a, b| a.checked_mul(b).filter(|it| it.abs() < 1 << DOUBLE), Float::multiply)
}

fn fold(
    numbers: &[Number<'_>],
    first: u8,
    precision: u64,
    small: fn(i64, i64) -> Option<i64>,
    float: fn(&Float, &Float) -> Float,
) -> Outcome {
    let exact = numbers.iter().try_fold(i64::from(first), |all, it| match it {
        Number::Integer(it) => small(all, *it),
        Number::Text(_) => None,
    });
    if let Some(it) = exact {
        return Ok(Computed::Integer(it));
    }
    let mut all = Float { negative: false, mantissa: first.into(), exponent: 0, precision };
    for number in numbers {
        all = float(&all, &Float::of(*number)?);
        if all.exponent.unsigned_abs() > MAX_BITS {
            return Err(TooManyDigits.into());
        }
    }
    Ok(all.computed())
}

/// The integer that a number is; `None` where it is none.
pub(crate) fn whole(a: Number<'_>) -> Result<Option<BigInt>, ArithmeticError> {
    let float = Float::of(a)?;
    Ok(float.is_integer().then(|| float.truncated()))
}

/// The integer part of a number, as far as a float holds it.
pub(crate) fn truncated(a: Number<'_>) -> Result<BigInt, ArithmeticError> {
    Ok(Float::of(a)?.truncated())
}

/// An integer of any size.
pub(crate) fn integer(it: &BigInt) -> Computed {
    i64::try_from(it).map_or_else(|_| Computed::Text(it.to_string()), Computed::Integer)
}

/// Between computations a number is not longer than this: about 20 000 digits.
const MAX_BITS: u64 = 1 << 16;

/// ±mantissa × 2^exponent. The mantissa has at most as many bits as the precision says.
#[derive(Debug, Clone)]
struct Float {
    negative: bool,
    mantissa: BigUint,
    exponent: i64,
    precision: u64,
}

impl Float {
    fn of(number: Number<'_>) -> Result<Self, TooManyDigits> {
        let (negative, digits, power) = number.parts()?;
        let ten = BigUint::from(10_u8).pow(u32::try_from(power.unsigned_abs()).unwrap_or_default());
        Ok(if power >= 0 {
            Self::rounded(negative, digits * ten, 0, false, PRECISION)
        } else {
            Self::quotient(negative, digits, &ten, 0)
        })
    }

    /// Rounds to the nearest, and to the even one of two. `more` says that there was a rest below the mantissa, which then
    /// has more bits than it may keep.
    fn rounded(negative: bool, mantissa: BigUint, exponent: i64, more: bool, precision: u64) -> Self {
        let surplus = mantissa.bits().saturating_sub(precision);
        if surplus == 0 {
            return Self { negative, mantissa, exponent, precision };
        }
        let half = mantissa.bit(surplus - 1);
        let rest = more || mantissa.trailing_zeros().is_some_and(|it| it < surplus - 1);
        let mut kept = mantissa >> surplus;
        if half && (rest || kept.bit(0)) {
            kept += 1_u8;
        }
        Self { negative, mantissa: kept, exponent: exponent + signed(surplus), precision }
    }

    fn quotient(negative: bool, dividend: BigUint, divisor: &BigUint, exponent: i64) -> Self {
        let shift = (PRECISION + 2 + divisor.bits()).saturating_sub(dividend.bits());
        let dividend = dividend << shift;
        let quotient = &dividend / divisor;
        let more = &quotient * divisor != dividend;
        Self::rounded(negative, quotient, exponent - signed(shift), more, PRECISION)
    }

    fn is_zero(&self) -> bool {
        self.mantissa == BigUint::ZERO
    }

    fn is_integer(&self) -> bool {
        self.exponent >= 0
            || self.mantissa.trailing_zeros().is_none_or(|it| it >= self.exponent.unsigned_abs())
    }

    fn add(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let aligned = |it: &Self| {
            let mantissa = &it.mantissa << (it.exponent - exponent).unsigned_abs();
            BigInt::from_biguint(if it.negative { Sign::Minus } else { Sign::Plus }, mantissa)
        };
        let sum = aligned(self) + aligned(other);
        let negative = match sum.sign() {
            Sign::NoSign => self.negative && other.negative,
            sign => sign == Sign::Minus,
        };
        Self::rounded(negative, sum.into_parts().1, exponent, false, PRECISION)
    }

    fn subtract(&self, other: &Self) -> Self {
        self.add(&Self { negative: !other.negative, ..other.clone() })
    }

    fn multiply(&self, other: &Self) -> Self {
        let mantissa = &self.mantissa * &other.mantissa;
        let negative = self.negative != other.negative;
        let precision = self.precision.min(other.precision);
        Self::rounded(negative, mantissa, self.exponent + other.exponent, false, precision)
    }

    fn divide(&self, other: &Self) -> Self {
        let negative = self.negative != other.negative;
        let exponent = self.exponent - other.exponent;
        Self::quotient(negative, self.mantissa.clone(), &other.mantissa, exponent)
    }

    fn truncated(&self) -> BigInt {
        let shift = self.exponent.unsigned_abs();
        let absolute = if self.exponent >= 0 { &self.mantissa << shift } else { &self.mantissa >> shift };
        BigInt::from_biguint(if self.negative { Sign::Minus } else { Sign::Plus }, absolute)
    }

    fn computed(&self) -> Computed {
        let text = self.text();
        // What is written as an integer is one, but for a zero with a sign.
        match text.parse() {
            Ok(it) if it != 0 || !self.negative => Computed::Integer(it),
            _ => Computed::Text(text),
        }
    }

    /// As Go writes it: integers with all their digits, others with as few as say which number it is.
    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        if self.is_zero() {
            return format!("{sign}0");
        }
        let Digits { digits, point } = self.shortest();
        let length = signed(digits.len() as u64);
        if self.is_integer() || (-4..6).contains(&(point - 1)) {
            let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
            return if point <= 0 {
                format!("{sign}0.{}{digits}", zeros(-point))
            } else if point >= length {
                format!("{sign}{digits}{}", zeros(point - length))
            } else {
                let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or_default());
                format!("{sign}{whole}.{fraction}")
            };
        }
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = point - 1;
        format!("{sign}{first}{dot}{rest}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    }

    /// The fewest digits that are read as this number again, and of these the nearest.
    fn shortest(&self) -> Digits {
        // In halves of the last bit: what is nearer than one half is read as this number; what is just between, when it is
        // even.
        let spare = self.precision.saturating_sub(self.mantissa.bits()) + 1;
        let (mantissa, exponent) = (&self.mantissa << spare, self.exponent - signed(spare));
        let exact = Digits::of(&mantissa, exponent);
        let lower = Digits::of(&(&mantissa - 1_u8), exponent);
        let upper = Digits::of(&(&mantissa + 1_u8), exponent);
        let even = !mantissa.bit(1);
        for (index, digit) in exact.digits.bytes().enumerate() {
            let (below, above) = (lower.at(index), upper.at(index));
            let down = below != digit || even && index + 1 == lower.digits.len();
            let up = digit != above && (even || digit + 1 < above || index + 1 < upper.digits.len());
            let up = match (down, up) {
                (false, false) => continue,
                (true, true) => exact.rounds_up(index + 1),
                (_, up) => up,
            };
            return if up { exact.up(index + 1) } else { exact.down(index + 1) };
        }
        exact
    }
}

/// 0.DIGITS × 10^point, without zeros at the end.
struct Digits {
    digits: String,
    point: i64,
}

impl Digits {
    fn of(mantissa: &BigUint, exponent: i64) -> Self {
        let (digits, shift) = if exponent >= 0 {
            ((mantissa << exponent.unsigned_abs()).to_string(), 0)
        } else {
            let five = BigUint::from(5_u8).pow(u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX));
            ((mantissa * five).to_string(), exponent)
        };
        let point = signed(digits.len() as u64) + shift;
        Self { digits, point }.trimmed()
    }

    fn trimmed(mut self) -> Self {
        self.digits.truncate(self.digits.trim_end_matches('0').len());
        self
    }

    fn at(&self, index: usize) -> u8 {
        self.digits.as_bytes().get(index).copied().unwrap_or(b'0')
    }

    /// Whether the nearest with that many digits is above; between two it is the even one.
    fn rounds_up(&self, length: usize) -> bool {
        match self.at(length).cmp(&b'5') {
            Ordering::Equal if length + 1 == self.digits.len() => {
                length > 0 && (self.at(length - 1) - b'0') % 2 == 1
            }
            other => other.is_ge(),
        }
    }

    fn down(&self, length: usize) -> Self {
        Self { digits: self.digits.chars().take(length).collect(), point: self.point }.trimmed()
    }

    fn up(&self, length: usize) -> Self {
        let kept = self.digits.get(..length).unwrap_or(&self.digits).trim_end_matches('9');
        match kept.bytes().next_back() {
            Some(last) => {
                let mut digits = kept.get(..kept.len() - 1).unwrap_or_default().to_owned();
                digits.push(char::from(last + 1));
                Self { digits, point: self.point }
            }
            None => Self { digits: "1".to_owned(), point: self.point + 1 },
        }
    }
}

fn signed(it: u64) -> i64 {
    i64::try_from(it).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_as_opa_does() {
        type Binary = fn(Number<'_>, Number<'_>) -> Outcome;
        let two: [(&str, Binary, &str, &str); 41] = [
            ("0.1", add, "0.2", "0.3"),
            ("1", add, "2", "3"),
            ("1.0", add, "1", "2"),
            ("1.5", add, "1.5", "3"),
            ("1e3", add, "0.5", "1000.5"),
            ("0.7", add, "0.1", "0.8"),
            ("9223372036854775807", add, "1", "9223372036854775808"),
            ("99999999999999999999", add, "1", "100000000000000000000"),
            ("123456789012345678901234567890", add, "1", "123456789012345678900000000000"),
            ("1e30", add, "1", "1000000000000000000000000000000"),
            ("-0", add, "0", "0"),
            ("1.1", subtract, "1.0", "0.10000000000000000002"),
            ("0.8", subtract, "0.1", "0.7"),
            ("0.5", subtract, "0.5", "0"),
            ("0.1", multiply, "3", "0.3"),
            ("1.1", multiply, "3", "3.3000000000000000002"),
            ("4.35", multiply, "100", "435"),
            ("99999999999", multiply, "99999999999", "9999999999800000000000"),
            ("1e-400", multiply, "2.5", "2.4999999999999999999e-400"),
            ("1234567.25", multiply, "2", "2.4691345e+06"),
            ("-0.00001", multiply, "1.5", "-1.49999999999999999995e-05"),
            ("10", divide, "4", "2.5"),
            ("10", divide, "2", "5"),
            ("-7", divide, "2", "-3.5"),
            ("1", divide, "3", "0.33333333333333333334"),
            ("2", divide, "3", "0.6666666666666666667"),
            ("9007199254740993", divide, "2", "4.5035996273704965e+15"),
            ("5e-324", multiply, "1.5", "7.4999999999999999996e-324"),
            ("1e22", divide, "3", "3333333333333333333200"),
            ("0", divide, "5", "0"),
            ("0", divide, "-5", "-0"),
            ("9007199254740993", divide, "1", "9007199254740993"),
            ("1.0", divide, "0.25", "4"),
            ("1", divide, "0", "divide by zero"),
            ("5.5", divide, "0.0", "divide by zero"),
            ("7", remainder, "3", "1"),
            ("-7", remainder, "3", "-1"),
            ("7.0", remainder, "2", "1"),
            ("18446744073709551615", remainder, "7", "1"),
            ("7.5", remainder, "2", "modulo on floating-point number"),
            ("7", remainder, "0", "modulo by zero"),
        ];
        for (a, operation, b, want) in two {
            assert_eq!(shown(operation(of(a), of(b))), want, "{a} {b}");
        }
        type Unary = fn(Number<'_>) -> Outcome;
        let one: [(Unary, &str, &str); 24] = [
            (absolute, "-2.5", "2.5"),
            (absolute, "-0.0", "0"),
            (absolute, "-9223372036854775808", "9223372036854775808"),
            (absolute, "-123456789012345678901234567890", "123456789012345678900000000000"),
            (round, "0.5", "1"),
            (round, "-0.5", "-1"),
            (round, "-0.2", "0"),
            (round, "1.5", "2"),
            (round, "2.5", "3"),
            (round, "-2.5", "-3"),
            (round, "66.66666666666666667", "67"),
            (round, "1e30", "1000000000000000000024696061952"),
            (ceiling, "1.2", "2"),
            (ceiling, "1.0", "1"),
            (ceiling, "-1.5", "-1"),
            (ceiling, "-0.5", "1"),
            (ceiling, "123456789012345678901234567890", "123456789012345678899921813504"),
            (floor, "1.9", "1"),
            (floor, "-1.2", "-2"),
            (floor, "-1.0", "-1"),
            (floor, "-0.5", "0"),
            (floor, "0.5", "0"),
            (floor, "1e16384", "a number has more than 16 384 digits"),
            (round, "1e-20000", "a number has more than 16 384 digits"),
        ];
        for (operation, a, want) in one {
            assert_eq!(shown(operation(of(a))), want, "{a}");
        }
    }

    #[test]
    fn adds_and_multiplies_as_opa_does() {
        let all = |it: &[&'static str]| it.iter().map(|it| of(it)).collect::<Vec<_>>();
        assert_eq!(shown(sum(&all(&[]))), "0");
        assert_eq!(shown(sum(&all(&["0.1", "0.2"]))), "0.3");
        assert_eq!(shown(sum(&all(&["1", "2.0"]))), "3");
        assert_eq!(shown(sum(&all(&["9223372036854775807", "1"]))), "9223372036854775808");
        assert_eq!(
            shown(sum(&all(&["1.5", "123456789012345678901234567890"]))),
            "123456789012345678900000000000"
        );
        assert_eq!(shown(product(&all(&[]))), "1");
        assert_eq!(shown(product(&all(&["0.1", "3"]))), "0.30000000000000004");
        assert_eq!(shown(product(&all(&["99999999999", "1e3"]))), "99999999999000");
        let many = vec![of("1e16000"); 1_000];
        assert_eq!(shown(product(&many)), "a number has more than 16 384 digits");
    }

    fn of(text: &str) -> Number<'_> {
        match text.parse() {
            Ok(it) if text != "-0" => Number::Integer(it),
            _ => Number::Text(text),
        }
    }

    fn shown(outcome: Outcome) -> String {
        match outcome {
            Ok(Computed::Integer(it)) => it.to_string(),
            Ok(Computed::Text(it)) => it,
            Err(error) => error.to_string(),
        }
    }
}
