//! `io.jwt.encode_sign`, `io.jwt.encode_sign_raw`: tokens signed with a key that both sides have.
//!
//! Source: OPA, `v1/topdown/tokens.go`, version 1.20.

use super::algorithm::Algorithm;
use crate::builtins::call::{Context, Failure, error, take};
use crate::builtins::encoding::base64url_bytes;
use crate::heap::{Value, View};
use crate::json::{JsonError, parse};
use crate::json_text::{self, WriteError};
use crate::writer::Writer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Of values.
pub(super) fn encode_sign(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [header, payload, key] = take(operands)?;
    let header = marshalled(context, header)?;
    let payload = marshalled(context, payload)?;
    let key = marshalled(context, key)?;
    signed(context, &header, &payload, &key)
}

/// Of texts.
pub(super) fn encode_sign_raw(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [header, payload, key] = take(operands)?;
    let text = |value, position| context.text(value, position).map(str::to_owned);
    let (header, payload, key) = (text(header, 1)?, text(payload, 2)?, text(key, 3)?);
    signed(context, &header, &payload, &key)
}

fn signed(context: &mut Context<'_>, header: &str, payload: &str, key: &str) -> Result<Value, Failure> {
    context.spend(1 + (header.len() + payload.len() + key.len()) as u64 / 16)?;
    let mark = context.heap.mark();
    let read = algorithm_and_key(context, header, payload, key);
    context.heap.release(mark);
    let (algorithm, key) = read?;
    let mut out = Writer::new(context.heap);
    out.push_str(&URL_SAFE_NO_PAD.encode(header))?;
    out.push('.')?;
    out.push_str(&URL_SAFE_NO_PAD.encode(payload))?;
    let signature = algorithm.sign(context, &key, out.as_str().as_bytes())?;
    out.push('.')?;
    out.push_str(&URL_SAFE_NO_PAD.encode(signature))?;
    context.written(&out)
}

fn algorithm_and_key(
    context: &mut Context<'_>,
    header: &str,
    payload: &str,
    key: &str,
) -> Result<(Algorithm, Vec<u8>), Failure> {
    let key = json(context, key)?.ok_or_else(|| error("operand 3 is no JWK"))?;
    let first = match context.heap.get_text(key, "keys").map(|it| context.heap.view(it)) {
        Some(View::Array(keys)) => keys.first().copied().ok_or_else(|| error("no keys found in JWK set"))?,
        _ => key,
    };
    let header = json(context, header)?.ok_or_else(|| error("missing or invalid 'alg' header"))?;
    let text = |object, key| match context.heap.get_text(object, key).map(|it| context.heap.view(it)) {
        Some(View::String(it)) => Some(it.to_owned()),
        _ => None,
    };
    let algorithm = text(header, "alg").ok_or_else(|| error("missing or invalid 'alg' header"))?;
    let kind = text(first, "kty").ok_or_else(|| error("operand 3 is no JWK"))?;
    let secret = text(first, "k");
    let is_plain = text(header, "typ").is_some_and(|it| it != "JWT");
    if Algorithm::is_other(&algorithm) {
        return Err(Failure::Refused);
    }
    let algorithm = Algorithm::of(&algorithm).ok_or_else(|| error("unknown JWS algorithm"))?;
    if !is_plain && json(context, payload)?.is_none() {
        return Err(error("type is JWT but payload is not JSON"));
    }
    match (kind.as_str(), secret) {
        ("oct", Some(secret)) if !secret.is_empty() => Ok((algorithm, base64url_bytes(&secret)?)),
        _ => Err(error("operand 3 has no key for this algorithm")),
    }
}

/// A text as JSON; `None` where it is none.
fn json(context: &mut Context<'_>, text: &str) -> Result<Option<Value>, Failure> {
    match parse(context.heap, text.as_bytes()) {
        Ok(value) => Ok(Some(value)),
        Err(JsonError::Heap(failure)) => Err(failure.into()),
        Err(JsonError::Syntax { .. }) => Ok(None),
    }
}

fn marshalled(context: &mut Context<'_>, value: Value) -> Result<String, Failure> {
    let mut out = Writer::new(context.heap);
    json_text::write(context.heap, value, None, &mut out).map_err(|it| match it {
        WriteError::Number => error("a number is written as JSON does not have it"),
        WriteError::Heap(it) => it.into(),
    })?;
    context.spend(out.as_str().len() as u64 / 16)?;
    Ok(out.as_str().to_owned())
}
