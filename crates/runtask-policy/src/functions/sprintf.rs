//! Formats as `sprintf` does: as Go's `fmt`, for the values that Rego has.
//!
//! It differs from OPA's where a policy names the wrong verb: a number for `%s`, a text for `%d` are written as they
//! are, and not as `%!s(int=22)`.

use regorus::Value;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// Characters that a width or a precision may ask for.
const WIDEST: usize = 1_000;

/// What stands between `%` and the verb.
#[derive(Default)]
struct Spec {
    minus: bool,
    plus: bool,
    space: bool,
    sharp: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    /// Whether it says which value it is for.
    is_reordered: bool,
}

/// `format` with the values in the places of its verbs.
pub(super) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut text = String::with_capacity(format.len());
    let mut next = 0;
    let mut is_reordered = false;
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let spec = spec(&mut characters, values, &mut next);
        is_reordered |= spec.is_reordered;
        if let Some(index) = index(&mut characters) {
            next = index;
            is_reordered = true;
        }
        let written = match (characters.next(), values.get(next)) {
            (None, _) => "%!(NOVERB)".to_owned(),
            (Some('%'), _) => "%".to_owned(),
            (Some(verb), None) => format!("%!{verb}(MISSING)"),
            (Some(verb), Some(value)) => {
                next += 1;
                padded(&written(verb, value, &spec), &spec, value)
            }
        };
        text.push_str(&written);
    }
    if let (false, Some(more)) = (is_reordered, values.get(next..).filter(|it| !it.is_empty())) {
        let more: Vec<_> = more.iter().map(|it| format!("{}={}", kind(it), plain(it))).collect();
        let _infallible = write!(text, "%!(EXTRA {})", more.join(", "));
    }
    text
}

fn spec(characters: &mut Peekable<Chars<'_>>, values: &[Value], next: &mut usize) -> Spec {
    let mut spec = Spec::default();
    loop {
        match characters.peek() {
            Some('-') => spec.minus = true,
            Some('+') => spec.plus = true,
            Some(' ') => spec.space = true,
            Some('#') => spec.sharp = true,
            Some('0') => spec.zero = true,
            _ => break,
        }
        characters.next();
    }
    if let Some(index) = index(characters) {
        *next = index;
        spec.is_reordered = true;
    }
    spec.width = number(characters, values, next).unwrap_or_default();
    if characters.next_if_eq(&'.').is_some() {
        spec.precision = Some(number(characters, values, next).unwrap_or_default());
    }
    spec
}

/// The place that `[3]` names, from 0.
fn index(characters: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut ahead = characters.clone();
    ahead.next_if_eq(&'[')?;
    let digits: String = ahead.by_ref().take_while(|it| *it != ']').take(4).collect();
    let index = digits.parse::<usize>().ok()?.checked_sub(1)?;
    *characters = ahead;
    Some(index)
}

/// Digits, or `*` for the next value.
fn number(characters: &mut Peekable<Chars<'_>>, values: &[Value], next: &mut usize) -> Option<usize> {
    if characters.next_if_eq(&'*').is_some() {
        let value = values.get(*next)?;
        *next += 1;
        let number = if let Value::Number(it) = value { it.as_u64() } else { None };
        return number.and_then(|it| usize::try_from(it).ok()).map(|it| it.min(WIDEST));
    }
    let mut number: Option<usize> = None;
    while let Some(digit) = characters.peek().and_then(|it| it.to_digit(10)) {
        characters.next();
        let digit = usize::try_from(digit).unwrap_or_default();
        number = Some((number.unwrap_or_default() * 10 + digit).min(WIDEST));
    }
    number
}

fn padded(text: &str, spec: &Spec, value: &Value) -> String {
    let missing = spec.width.saturating_sub(text.chars().count());
    if missing == 0 {
        return text.to_owned();
    }
    if spec.minus {
        return format!("{text}{}", " ".repeat(missing));
    }
    if spec.zero && matches!(value, Value::Number(_)) {
        let sign = text.len() - text.trim_start_matches(['-', '+', ' ']).len();
        let (sign, digits) = text.split_at(sign);
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    format!("{}{text}", " ".repeat(missing))
}

fn written(verb: char, value: &Value, spec: &Spec) -> String {
    if let Value::Number(number) = value {
        let float = || number.as_f64().unwrap_or_default();
        let integer = number.as_i128().filter(|_| number.is_integer());
        let precision = spec.precision.unwrap_or(6);
        let of_integer = |digits: String, prefix: &str, number: i128| {
            let prefix = if spec.sharp { prefix } else { "" };
            signed(&format!("{prefix}{digits}"), number < 0, spec)
        };
        return match (verb, integer) {
            ('x', Some(it)) => of_integer(format!("{:x}", it.unsigned_abs()), "0x", it),
            ('X', Some(it)) => of_integer(format!("{:X}", it.unsigned_abs()), "0X", it),
            ('o', Some(it)) => of_integer(format!("{:o}", it.unsigned_abs()), "0", it),
            ('O', Some(it)) => signed(&format!("0o{:o}", it.unsigned_abs()), it < 0, spec),
            ('b', Some(it)) => of_integer(format!("{:b}", it.unsigned_abs()), "0b", it),
            ('U', Some(it)) => format!("U+{:04X}", it.unsigned_abs()),
            ('c', Some(it)) => {
                let character = u32::try_from(it).ok().and_then(char::from_u32);
                character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string()
            }
            ('f' | 'F', _) => signed(&format!("{:.precision$}", float().abs()), float() < 0.0, spec),
            ('e', _) => signed(&scientific(float().abs(), precision), float() < 0.0, spec),
            ('E', _) => signed(&scientific(float().abs(), precision).replace('e', "E"), float() < 0.0, spec),
            ('g' | 'G' | 'v', None) => signed(&shortest(float().abs(), spec.precision), float() < 0.0, spec),
            _ => {
                let text = plain(value);
                let digits = text.strip_prefix('-');
                signed(digits.unwrap_or(&text), digits.is_some(), spec)
            }
        };
    }
    let text = plain(value);
    match (verb, spec.precision) {
        ('q', _) => quoted(&text),
        ('x', _) => text.bytes().map(|it| format!("{it:02x}")).collect(),
        ('X', _) => text.bytes().map(|it| format!("{it:02X}")).collect(),
        (_, Some(precision)) => text.chars().take(precision).collect(),
        _ => text,
    }
}

fn signed(digits: &str, is_negative: bool, spec: &Spec) -> String {
    let sign = match (is_negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    };
    format!("{sign}{digits}")
}

/// `1.5e+06`, where Rust has `1.5e6`.
fn scientific(number: f64, precision: usize) -> String {
    with_exponent(&format!("{number:.precision$e}"))
}

fn with_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |it| ("-", it));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// As few digits as say which number it is.
fn shortest(number: f64, precision: Option<usize>) -> String {
    let rounded = precision.and_then(|it| format!("{number:.*e}", it.saturating_sub(1)).parse().ok());
    let number: f64 = rounded.unwrap_or(number);
    if number != 0.0 && !(1e-4..1e21).contains(&number) {
        return with_exponent(&format!("{number:e}"));
    }
    format!("{number}")
}

/// The type that a value has in Go, as OPA hands it over: what is no number is a text.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_integer() && number.as_i64().is_some() => "int",
        Value::Number(number) if number.is_integer() => "*big.Int",
        Value::Number(_) => "float64",
        _ => "string",
    }
}

/// A value as it is: a text without quotes, anything else as Rego writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        _ => rego(value),
    }
}

fn rego(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Number(number) if number.is_integer() => number.format_decimal(),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let sign = if number < 0.0 { "-" } else { "" };
            format!("{sign}{}", shortest(number.abs(), None))
        }
        Value::String(text) => quoted(text),
        Value::Array(list) => format!("[{}]", joined(list.iter().map(rego).collect())),
        Value::Set(set) if set.is_empty() => "set()".to_owned(),
        Value::Set(set) => format!("{{{}}}", joined(set.iter().map(rego).collect())),
        Value::Object(object) => {
            let fields = object.iter().map(|(key, value)| format!("{}: {}", rego(key), rego(value)));
            format!("{{{}}}", joined(fields.collect()))
        }
        Value::Undefined => "undefined".to_owned(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn formatted(format: &str, values: serde_json::Value) -> String {
        let values: Vec<Value> = values.as_array().unwrap().iter().cloned().map(Value::from).collect();
        sprintf(format, &values)
    }

    /// Each text is what Go's `fmt` and OPA make of it.
    #[test]
    fn values_are_written_as_opa_writes_them() {
        for (format, values, expected) in [
            ("%s is %v", json!(["a", "b"]), "a is b"),
            ("%v %v %v", json!([1, 1.5, -2]), "1 1.5 -2"),
            ("%v %v", json!([2.5e-7, 1e20]), "2.5e-07 100000000000000000000"),
            ("%d|%5d|%-5d|%05d|%+d|% d", json!([7, 7, 7, -7, 7, 7]), "7|    7|7    |-0007|+7| 7"),
            ("%.1f%% %f %8.2f", json!([49.96, 1.5, 2.34567]), "50.0% 1.500000     2.35"),
            ("%e %g %.3g", json!([1500000.5, 0.25, 1234.5]), "1.500000e+06 0.25 1230"),
            ("%x %X %#x %o %b %c %U", json!([255, 255, 255, 8, 5, 65, 65]), "ff FF 0xff 10 101 A U+0041"),
            ("%q %x %.2s|%-4s|%4s", json!(["a\"b", "ab", "abc", "a", "a"]), "\"a\\\"b\" 6162 ab|a   |   a"),
            ("%v %s", json!([{"a": [1, "b", null, true]}, ["c"]]), "{\"a\": [1, \"b\", null, true]} [\"c\"]"),
            ("%[2]s %[1]s", json!(["a", "b"]), "b a"),
            ("%*d", json!([4, 7]), "   7"),
            ("%v", json!([123456789012345678_u64]), "123456789012345678"),
        ] {
            assert_eq!(formatted(format, values), expected, "{format}");
        }
        let set = Value::from_json_str("[]").unwrap();
        assert_eq!(sprintf("%v", &[set, Value::new_set()]), "[]%!(EXTRA string=set())");
    }

    /// A text all the same, or the rule would find nothing.
    #[test]
    fn wrong_verbs_and_numbers_of_values_yield_a_text() {
        for (format, values, expected) in [
            ("%s", json!([22]), "22"),
            ("%d", json!(["22"]), "22"),
            ("%d", json!([1.5]), "1.5"),
            ("%t %t", json!([true, "x"]), "true x"),
            ("%s and %s", json!(["a"]), "a and %!s(MISSING)"),
            ("a", json!(["b", 1, 1.5, true]), "a%!(EXTRA string=b, int=1, float64=1.5, string=true)"),
            ("100%", json!([]), "100%!(NOVERB)"),
            ("%y %T", json!([1, null]), "1 null"),
            ("%[9]s %[x]s", json!(["a"]), "%!s(MISSING) %![(MISSING)x]s"),
            ("%99999999999d", json!([1]), &format!("{:>1000}", 1)),
        ] {
            assert_eq!(formatted(format, values), expected, "{format}");
        }
    }
}
