//! `urlquery.*`: texts as they stand in the query of a URL, as Go writes and reads them.

use super::call::{Builtin, Context, Failure, error, take};
use super::encoding::text_of;
use crate::heap::{Value, View};
use crate::types::Type;
use std::collections::BTreeMap;

const TEXTS: Type = Type::OneOf(&[Type::String, Type::Array(&Type::String), Type::Set(&Type::String)]);
const LISTS: Type = Type::Object(&Type::String, &Type::Array(&Type::String));

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("urlquery.decode", &[Type::String], Type::String, decode),
    Builtin::new("urlquery.decode_object", &[Type::String], LISTS, decode_object),
    Builtin::new("urlquery.encode", &[Type::String], Type::String, encode),
    Builtin::new(
        "urlquery.encode_object",
        &[Type::Object(&Type::String, &TEXTS)],
        Type::String,
        encode_object,
    ),
];

fn encode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let mut encoded = String::new();
    escape(context.text(text, 1)?, &mut encoded);
    Ok(context.heap.string(&encoded)?)
}

fn escape(text: &str, encoded: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            _ => {
                encoded.push('%');
                let digits =
                    [byte >> 4, byte & 15].map(|it| DIGITS.get(usize::from(it)).copied().unwrap_or(b'0'));
                encoded.extend(digits.map(char::from));
            }
        }
    }
}

fn decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let decoded = unescape(context.text(text, 1)?)?;
    Ok(context.heap.string(&decoded)?)
}

/// What is no UTF-8 afterwards is replaced.
fn unescape(text: &str) -> Result<String, Failure> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(error("invalid URL escape"));
                };
                u8::try_from(high << 4 | low).unwrap_or_default()
            }
            _ => byte,
        });
    }
    Ok(text_of(&decoded))
}

/// Keys come in order, and a key with several values several times.
fn encode_object(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [object] = take(operands)?;
    context.spend_for(operands)?;
    let mut encoded = String::new();
    for [key, value] in context.object(object, 1)?.to_vec() {
        let values = match context.heap.view(value) {
            View::Array(items) | View::Set(items) => items.to_vec(),
            _ => vec![value],
        };
        context.spend_for(&[value])?;
        for value in values {
            let (View::String(key), View::String(value)) = (context.heap.view(key), context.heap.view(value))
            else {
                return Err(error("operand 1 values must be string, array[string], or set[string]"));
            };
            if !encoded.is_empty() {
                encoded.push('&');
            }
            escape(key, &mut encoded);
            encoded.push('=');
            escape(value, &mut encoded);
        }
    }
    context.spend(encoded.len() as u64 / 128)?;
    Ok(context.heap.string(&encoded)?)
}

fn decode_object(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in context.text(text, 1)?.split('&').filter(|it| !it.is_empty()) {
        if part.contains(';') {
            return Err(error("invalid semicolon separator in query"));
        }
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        lists.entry(unescape(key)?).or_default().push(unescape(value)?);
    }
    let mut pairs = Vec::with_capacity(lists.len());
    for (key, values) in lists {
        context.spend(1)?;
        let key = context.heap.string(&key)?;
        let values: Result<Vec<Value>, _> = values.iter().map(|it| context.heap.string(it)).collect();
        pairs.push([key, context.heap.array(&values?)?]);
    }
    Ok(context.heap.object(pairs)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, fails};

    #[test]
    fn queries_are_written_and_read_as_in_opa() {
        calls(
            ALL,
            &[
                ("urlquery.encode", r#"["a=b+1"]"#, r#""a%3Db%2B1""#),
                ("urlquery.encode", r#"["a b&c=ü/"]"#, r#""a+b%26c%3D%C3%BC%2F""#),
                ("urlquery.encode", r#"["a*b~c(d)"]"#, r#""a%2Ab~c%28d%29""#),
                ("urlquery.decode", r#"["a%20b%26+c"]"#, r#""a b& c""#),
                ("urlquery.encode_object", r#"[{"b": ["1", "2"], "a": "x"}]"#, r#""a=x&b=1&b=2""#),
                (
                    "urlquery.encode_object",
                    r#"[{"a": "c=b+1", "b": {"b+1"}, "c": []}]"#,
                    r#""a=c%3Db%2B1&b=b%2B1""#,
                ),
                ("urlquery.encode_object", "[{}]", r#""""#),
                (
                    "urlquery.decode_object",
                    r#"["a=value_a1&b=value_b&a=value_a2&c&&"]"#,
                    r#"{"a": ["value_a1", "value_a2"], "b": ["value_b"], "c": [""]}"#,
                ),
                ("urlquery.decode_object", r#"[""]"#, "{}"),
            ],
        );
        fails(ALL, "urlquery.decode", r#"["%4"]"#, "invalid URL escape");
        fails(ALL, "urlquery.decode_object", r#"["a;b"]"#, "invalid semicolon separator in query");
    }
}
