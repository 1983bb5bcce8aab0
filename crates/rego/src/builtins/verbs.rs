//! What each verb of `sprintf` makes of each kind of argument, as Go's `fmt` does.

use crate::heap::HeapError;
use crate::quote::{Style, can_backquote, is_printable, quote};
use crate::writer::Writer;
use num_bigint::{BigInt, Sign};
use std::borrow::Cow;

/// An argument, of the kinds that OPA has.
#[derive(Debug)]
pub(crate) enum Argument<'a> {
    Integer(i64),
    Large(BigInt),
    Double(f64),
    Text(Cow<'a, str>),
}

/// What stands between `%` and the verb.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Flags {
    pub(crate) sharp: bool,
    pub(crate) zero: bool,
    pub(crate) plus: bool,
    pub(crate) minus: bool,
    pub(crate) space: bool,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
    /// `%#v`: as Go source.
    source: bool,
    /// `%+v`, which only integers of many digits heed.
    plus_value: bool,
}

impl Flags {
    /// With `v` two flags have another meaning.
    pub(crate) const fn for_verb(self, verb: char) -> Self {
        if verb != 'v' {
            return self;
        }
        Self { source: self.sharp, sharp: false, plus_value: self.plus, plus: false, ..self }
    }
}

impl Argument<'_> {
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) => "int",
            Self::Large(_) => "*big.Int",
            Self::Double(_) => "float64",
            Self::Text(_) => "string",
        }
    }

    pub(crate) fn print(&self, verb: char, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
        if verb == 'T' {
            return text(self.type_name(), flags, out);
        }
        match self {
            Self::Integer(it) => match verb {
                'c' => pad(&character(*it).to_string(), flags, out),
                'q' => {
                    let style = if flags.plus { Style::Ascii } else { Style::Readable };
                    quoted(&character(*it).to_string(), '\'', style, flags, out)
                }
                'U' => unicode(*it, flags, out),
                _ => match base(verb) {
                    Some(base) => integer(&BigInt::from(*it), base, verb, flags, out),
                    None => self.bad_verb(verb, flags, out),
                },
            },
            Self::Large(it) => match base(verb).or((verb == 's').then_some(10)) {
                Some(base) => large(it, base, verb, flags, out),
                None => out.push_str(&format!("%!{verb}(big.Int={it})")),
            },
            Self::Double(it) => match verb {
                'v' | 'g' | 'G' | 'b' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E' => double(*it, verb, flags, out),
                _ => self.bad_verb(verb, flags, out),
            },
            Self::Text(it) => match verb {
                'v' if flags.source => quoted(cut(it, flags), '"', Style::Readable, flags, out),
                'v' | 's' => text(it, flags, out),
                'x' | 'X' => hexadecimal(it.as_bytes(), verb == 'X', flags, out),
                'q' => {
                    let cut = cut(it, flags);
                    if flags.sharp && can_backquote(cut) {
                        return pad(&format!("`{cut}`"), flags, out);
                    }
                    let style = if flags.plus { Style::Ascii } else { Style::Readable };
                    quoted(cut, '"', style, flags, out)
                }
                _ => self.bad_verb(verb, flags, out),
            },
        }
    }

    fn bad_verb(&self, verb: char, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
        out.push_str(&format!("%!{verb}({}=", self.type_name()))?;
        self.print('v', flags, out)?;
        out.push(')')
    }
}

const fn base(verb: char) -> Option<u32> {
    match verb {
        'v' | 'd' => Some(10),
        'b' => Some(2),
        'o' | 'O' => Some(8),
        'x' | 'X' => Some(16),
        _ => None,
    }
}

fn character(code: i64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The first characters, as many as the precision says.
fn cut(text: &str, flags: Flags) -> &str {
    let end = flags.precision.and_then(|it| text.char_indices().nth(it)).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

fn text(it: &str, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    pad(cut(it, flags), flags, out)
}

fn quoted(it: &str, mark: char, style: Style, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let mut inner = out.rest();
    quote(it, mark, style, &mut inner)?;
    pad(inner.as_str(), flags, out)
}

/// Fills up to the width.
fn pad(it: &str, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let missing = flags.width.unwrap_or_default().saturating_sub(it.chars().count());
    if flags.minus {
        out.push_str(it)?;
        return out.repeat(" ", missing);
    }
    out.repeat(if flags.zero { "0" } else { " " }, missing)?;
    out.push_str(it)
}

const fn sign(negative: bool, flags: Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn digits(it: &BigInt, base: u32, verb: char) -> String {
    let digits = it.magnitude().to_str_radix(base);
    if verb == 'X' { digits.to_uppercase() } else { digits }
}

fn integer(it: &BigInt, base: u32, verb: char, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let spaces = Flags { zero: false, ..flags };
    if flags.precision == Some(0) && it.sign() == Sign::NoSign {
        return pad("", spaces, out);
    }
    let sign = sign(it.sign() == Sign::Minus, flags);
    let digits = digits(it, base, verb);
    let least = match (flags.precision, flags.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if flags.zero && !flags.minus => width - sign.len().min(width),
        _ => 0,
    };
    let mut number = out.rest();
    number.push_str(sign)?;
    if verb == 'O' {
        number.push_str("0o")?;
    }
    match base {
        2 if flags.sharp => number.push_str("0b")?,
        8 if flags.sharp && least <= digits.len() && !digits.starts_with('0') => number.push('0')?,
        16 if flags.sharp => number.push_str(if verb == 'X' { "0X" } else { "0x" })?,
        _ => {}
    }
    number.repeat("0", least.saturating_sub(digits.len()))?;
    number.push_str(&digits)?;
    pad(number.as_str(), spaces, out)
}

/// Integers of many digits print themselves, in ways of their own.
fn large(it: &BigInt, base: u32, verb: char, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let plus = flags.plus || flags.plus_value;
    let sign = sign(it.sign() == Sign::Minus, Flags { plus, ..flags });
    let prefix = match verb {
        'b' if flags.sharp => "0b",
        'o' if flags.sharp => "0",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        'O' => "0o",
        _ => "",
    };
    let digits = digits(it, base, verb);
    let mut zeros = flags.precision.unwrap_or_default().saturating_sub(digits.len());
    let length = sign.len() + prefix.len() + zeros + digits.len();
    let missing = flags.width.unwrap_or_default().saturating_sub(length);
    if flags.zero && !flags.minus && flags.precision.is_none() {
        zeros = missing;
    }
    let mut number = out.rest();
    number.push_str(sign)?;
    number.push_str(prefix)?;
    number.repeat("0", zeros)?;
    number.push_str(&digits)?;
    pad(number.as_str(), Flags { zero: false, ..flags }, out)
}

/// `U+00E9`, with `#` also the character.
fn unicode(it: i64, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let digits = format!("{it:04X}");
    let mut shown = out.rest();
    shown.push_str("U+")?;
    shown.repeat("0", flags.precision.unwrap_or_default().saturating_sub(digits.len()))?;
    shown.push_str(&digits)?;
    if let Some(it) = u32::try_from(it).ok().and_then(char::from_u32)
        && flags.sharp
        && is_printable(it)
    {
        shown.push_str(&format!(" '{it}'"))?;
    }
    pad(shown.as_str(), Flags { zero: false, ..flags }, out)
}

/// The bytes of a text.
fn hexadecimal(bytes: &[u8], upper: bool, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let bytes = bytes.get(..flags.precision.unwrap_or(bytes.len())).unwrap_or(bytes);
    let prefix = match (flags.sharp, upper) {
        (false, _) => "",
        (true, false) => "0x",
        (true, true) => "0X",
    };
    let mut shown = out.rest();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && flags.space {
            shown.push(' ')?;
        }
        if index == 0 || flags.space {
            shown.push_str(prefix)?;
        }
        shown.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") })?;
    }
    pad(shown.as_str(), flags, out)
}

fn double(it: f64, verb: char, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let mut number = out.rest();
    let absolute = it.abs();
    match verb {
        'f' | 'F' => fixed(absolute, flags.precision.unwrap_or(6), &mut number)?,
        'e' | 'E' => number.push_str(&scientific(absolute, Some(flags.precision.unwrap_or(6))).written())?,
        'b' => number.push_str(&binary(absolute))?,
        'x' | 'X' => number.push_str(&hexadecimal_double(absolute, flags.precision))?,
        _ => general(absolute, flags, &mut number)?,
    }
    let mut digits = number.as_str().to_owned();
    if matches!(verb, 'E' | 'G' | 'X') {
        digits = digits.to_uppercase();
    }
    if flags.sharp && verb != 'b' && !digits.contains('.') {
        let end = digits.find(['e', 'E', 'p', 'P']).unwrap_or(digits.len());
        digits.insert(end, '.');
    }
    let sign = sign(it.is_sign_negative(), flags);
    let missing = flags.width.unwrap_or_default().saturating_sub(sign.len() + digits.len());
    if flags.zero && !flags.minus {
        out.push_str(sign)?;
        out.repeat("0", missing)?;
        return out.push_str(&digits);
    }
    pad(&format!("{sign}{digits}"), flags, out)
}

/// A double has no digits but zeros after so many behind the point.
const MAX_FRACTION: usize = 1_100;

fn fixed(it: f64, precision: usize, out: &mut Writer) -> Result<(), HeapError> {
    out.push_str(&format!("{it:.*}", precision.min(MAX_FRACTION)))?;
    out.repeat("0", precision.saturating_sub(MAX_FRACTION))
}

/// Digits, the point after the first one, and a power of ten.
struct Scientific {
    digits: String,
    exponent: i32,
    /// Zeros that follow the digits.
    zeros: usize,
}

/// With so many digits after the point, or with as few as say which double it is.
fn scientific(it: f64, precision: Option<usize>) -> Scientific {
    let text = match precision {
        Some(precision) => format!("{it:.*e}", precision.min(MAX_FRACTION)),
        None => format!("{it:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    Scientific {
        digits: mantissa.replace('.', ""),
        exponent: exponent.parse().unwrap_or_default(),
        zeros: precision.unwrap_or_default().saturating_sub(MAX_FRACTION),
    }
}

impl Scientific {
    fn written(&self) -> String {
        let (first, rest) = self.digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let zeros = "0".repeat(self.zeros);
        let sign = if self.exponent < 0 { '-' } else { '+' };
        format!("{first}{dot}{rest}{zeros}e{sign}{:02}", self.exponent.abs())
    }
}

/// `%g`: with an exponent where it is small or large.
fn general(it: f64, flags: Flags, out: &mut Writer) -> Result<(), HeapError> {
    let precision = flags.precision.map(|it| it.clamp(1, MAX_FRACTION));
    let mut number = scientific(it, precision.map(|it| it - 1));
    // The sharp flag keeps zeros at the end.
    let kept = if flags.sharp { precision.unwrap_or(6) } else { 0 };
    number.digits.truncate(number.digits.trim_end_matches('0').len().max(1));
    let significant = number.digits.len();
    let missing = kept.saturating_sub(significant);
    number.digits.push_str(&"0".repeat(missing));
    let whole = i64::from(number.exponent) + 1;
    let limit = match precision {
        None => 6,
        Some(it) if it > significant && i64::try_from(significant).unwrap_or(i64::MAX) >= whole => {
            significant
        }
        Some(it) => it,
    };
    if number.exponent < -4 || whole > i64::try_from(limit).unwrap_or(i64::MAX) {
        return out.push_str(&number.written());
    }
    match usize::try_from(whole) {
        Ok(0) | Err(_) => {
            out.push_str("0.")?;
            out.repeat("0", usize::try_from(-whole).unwrap_or_default())?;
            out.push_str(&number.digits)
        }
        Ok(whole) if whole >= number.digits.len() => {
            out.push_str(&number.digits)?;
            out.repeat("0", whole - number.digits.len())
        }
        Ok(whole) => {
            let (before, after) = number.digits.split_at(whole);
            out.push_str(before)?;
            out.push('.')?;
            out.push_str(after)
        }
    }
}

/// An integer and a power of two.
fn parts(it: f64) -> (u64, i64) {
    let bits = it.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff).cast_signed(), bits & ((1 << 52) - 1));
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

fn binary(it: f64) -> String {
    let (mantissa, exponent) = parts(it);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal_double(it: f64, precision: Option<usize>) -> String {
    let (mantissa, exponent) = parts(it);
    if mantissa == 0 {
        let zeros = "0".repeat(precision.unwrap_or_default().min(MAX_FRACTION));
        return format!("0x0{}{zeros}p+00", if zeros.is_empty() { "" } else { "." });
    }
    // One bit before the point, 52 after it.
    let shift = mantissa.leading_zeros() - 11;
    let (mut mantissa, mut exponent) = (mantissa << shift, exponent - i64::from(shift) + 52);
    let fraction = match precision {
        Some(precision) if precision < 13 => {
            let dropped = 52 - 4 * precision;
            let (half, rest) = (1_u64 << (dropped - 1), mantissa & ((1 << dropped) - 1));
            mantissa >>= dropped;
            mantissa += u64::from(rest > half || rest == half && mantissa & 1 == 1);
            let one = 1_u64 << (4 * precision);
            if mantissa >= 2 * one {
                mantissa >>= 1;
                exponent += 1;
            }
            if precision == 0 { String::new() } else { format!("{:0precision$x}", mantissa - one) }
        }
        _ => {
            let digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
            match precision {
                Some(precision) => digits + &"0".repeat(precision.min(MAX_FRACTION).saturating_sub(13)),
                None => digits.trim_end_matches('0').to_owned(),
            }
        }
    };
    let dot = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x1{dot}{fraction}p{sign}{:02}", exponent.abs())
}
