//! Base64 and hexadecimal.
//!
//! Texts are UTF-8 here. Bytes that are not are each read as U+FFFD, as OPA shows them.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::Value;
use crate::types::Type;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("base64.decode", ONE, Type::String, base64_decode),
    Builtin::new("base64.encode", ONE, Type::String, |context, operands| {
        encode(context, operands, |it| BASE64.encode(it))
    }),
    Builtin::new("base64.is_valid", ONE, Type::Boolean, base64_is_valid),
    Builtin::new("base64url.decode", ONE, Type::String, base64url_decode),
    Builtin::new("base64url.encode", ONE, Type::String, |context, operands| {
        encode(context, operands, |it| BASE64_URL.encode(it))
    }),
    Builtin::new("base64url.encode_no_pad", ONE, Type::String, |context, operands| {
        encode(context, operands, |it| URL_SAFE_NO_PAD.encode(it))
    }),
    Builtin::new("hex.decode", ONE, Type::String, hex_decode),
    Builtin::new("hex.encode", ONE, Type::String, |context, operands| {
        encode(context, operands, |it| hex::encode(it))
    }),
];

const ONE: &[Type] = &[Type::String];

/// Go takes bits that are left over at the end.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

fn encode(
    context: &mut Context<'_>,
    operands: &[Value],
    encoded: fn(&[u8]) -> String,
) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text])?;
    let encoded = encoded(context.text(text, 1)?.as_bytes());
    Ok(context.heap.string(&encoded)?)
}

/// Breaks of lines do not count.
fn base64_bytes(engine: &GeneralPurpose, text: &str) -> Result<Vec<u8>, Failure> {
    let text: String = text.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
    engine.decode(text).ok().ok_or_else(|| error("illegal base64 data"))
}

fn base64_decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text])?;
    let bytes = base64_bytes(&BASE64, context.text(text, 1)?)?;
    Ok(context.heap.string(&text_of(&bytes))?)
}

fn base64_is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text])?;
    Ok(Value::bool(context.text(text, 1).and_then(|it| base64_bytes(&BASE64, it)).is_ok()))
}

/// The `=` at the end may be missing.
pub(crate) fn base64url_bytes(text: &str) -> Result<Vec<u8>, Failure> {
    let missing = match text.len() % 4 {
        2 if !text.ends_with('=') => "==",
        3 if !text.ends_with('=') => "=",
        _ => "",
    };
    base64_bytes(&BASE64_URL, &format!("{text}{missing}"))
}

fn base64url_decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text])?;
    let bytes = base64url_bytes(context.text(text, 1)?)?;
    Ok(context.heap.string(&text_of(&bytes))?)
}

fn hex_decode(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text, text])?;
    let bytes = hex::decode(context.text(text, 1)?).ok().ok_or_else(|| error("illegal hexadecimal data"))?;
    Ok(context.heap.string(&text_of(&bytes))?)
}

pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
