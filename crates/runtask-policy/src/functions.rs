//! Adds functions of OPA's that the engine lacks, or that yield nothing where OPA's yield something.
//!
//! A rule whose message the engine cannot format would find nothing. So `sprintf` is one of ours: as OPA's, it always
//! yields a text.

use regex::{Regex, RegexBuilder};
use regorus::{Engine, Extension, Value};
use std::collections::HashMap;
use std::net::IpAddr;

mod sprintf;

/// The functions that are added.
pub(crate) const FUNCTIONS: [&str; 5] = ["sprintf", "re_match", "any", "all", "net.cidr_intersects"];

/// The bytes of one compiled regular expression; the engine's own limit.
const REGEX_BYTES: usize = 100 * 1024;
/// Regular expressions that are kept.
const REGEXES: usize = 128;

/// Adds the functions. An argument of a type that a function does not know makes it undefined, as in OPA.
pub(crate) fn add(engine: &mut Engine) {
    let mut add = |name: &str, arguments: u8, function: Box<dyn Extension>| {
        let added = engine.add_extension(name.to_owned(), arguments, function);
        debug_assert!(added.is_ok() && FUNCTIONS.contains(&name), "each name is there once");
    };
    let of = |result: Option<Value>| Ok(result.unwrap_or(Value::Undefined));
    add("sprintf", 2, Box::new(move |arguments: Vec<Value>| of(formatted(&arguments))));
    // The functions of older versions of OPA, which old policies call.
    let mut regexes = HashMap::new();
    add("re_match", 2, Box::new(move |arguments: Vec<Value>| of(matched(&arguments, &mut regexes))));
    add(
        "any",
        1,
        Box::new(move |arguments: Vec<Value>| of(truths(&arguments).map(|it| it.0 > 0).map(Value::Bool))),
    );
    add(
        "all",
        1,
        Box::new(move |arguments: Vec<Value>| of(truths(&arguments).map(|it| it.0 == it.1).map(Value::Bool))),
    );
    add("net.cidr_intersects", 2, Box::new(move |arguments: Vec<Value>| of(intersect(&arguments))));
}

/// How a policy may write a number.
pub(crate) fn number_texts(number: &Value) -> [String; 4] {
    let float = number.as_f64().unwrap_or_default();
    let numbers = std::slice::from_ref(number);
    [number.to_string(), sprintf::sprintf("%v", numbers), format!("{float}"), sprintf::sprintf("%g", numbers)]
}

fn formatted(arguments: &[Value]) -> Option<Value> {
    let [Value::String(format), Value::Array(values)] = arguments else { return None };
    let values: Vec<Value> = values.iter().cloned().collect();
    Some(Value::from(sprintf::sprintf(format, &values)))
}

fn matched(arguments: &[Value], regexes: &mut HashMap<String, Option<Regex>>) -> Option<Value> {
    let [Value::String(pattern), Value::String(text)] = arguments else { return None };
    if regexes.len() >= REGEXES && !regexes.contains_key(&**pattern) {
        regexes.clear();
    }
    let compile = || RegexBuilder::new(pattern).size_limit(REGEX_BYTES).build().ok();
    let regex = regexes.entry(pattern.to_string()).or_insert_with(compile).as_ref()?;
    Some(Value::Bool(regex.is_match(text)))
}

/// How many of a list are true, and how many there are.
fn truths(arguments: &[Value]) -> Option<(usize, usize)> {
    let is_true = |it: &&Value| **it == Value::Bool(true);
    match arguments {
        [Value::Array(list)] => Some((list.iter().filter(is_true).count(), list.len())),
        [Value::Set(set)] => Some((set.iter().filter(is_true).count(), set.len())),
        _ => None,
    }
}

fn intersect(arguments: &[Value]) -> Option<Value> {
    let [Value::String(a), Value::String(b)] = arguments else { return None };
    let ((a, a_length), (b, b_length)) = (range(a)?, range(b)?);
    let length = a_length.min(b_length);
    let part = |address: IpAddr| match address {
        IpAddr::V4(it) => (32, u128::from(it.to_bits()).checked_shr(32 - length)),
        IpAddr::V6(it) => (128, it.to_bits().checked_shr(128 - length)),
    };
    Some(Value::Bool(part(a) == part(b)))
}

/// The address and length of `10.0.0.0/8`.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let length: u32 = length.parse().ok()?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<Value> {
        texts.iter().map(|it| Value::from(*it)).collect()
    }

    #[test]
    fn ranges_intersect_where_one_is_in_the_other() {
        for (a, b, expected) in [
            ("10.0.0.0/8", "10.1.2.0/24", Some(true)),
            ("10.1.2.0/24", "10.0.0.0/8", Some(true)),
            ("10.0.0.0/8", "11.0.0.0/8", Some(false)),
            ("0.0.0.0/0", "192.0.2.0/24", Some(true)),
            ("::/0", "2001:db8::/32", Some(true)),
            ("::/0", "0.0.0.0/0", Some(false)),
            ("10.0.0.0/33", "10.0.0.0/8", None),
            ("10.0.0.0", "10.0.0.0/8", None),
        ] {
            assert_eq!(intersect(&strings(&[a, b])), expected.map(Value::Bool), "{a} {b}");
        }
    }

    #[test]
    fn a_regular_expression_has_the_limits_of_the_engine() {
        let mut regexes = HashMap::new();
        let mut matched = |pattern: &str, text: &str| matched(&strings(&[pattern, text]), &mut regexes);
        assert_eq!(matched("^a+$", "aa"), Some(Value::Bool(true)));
        assert_eq!(matched("^a+$", "b"), Some(Value::Bool(false)));
        assert_eq!(matched("(", "b"), None);
        assert_eq!(matched(r"\w{1000}", "b"), None);
        for number in 0..2 * REGEXES {
            assert_eq!(matched(&number.to_string(), &number.to_string()), Some(Value::Bool(true)));
        }
        assert!(regexes.len() <= REGEXES);
    }
}
