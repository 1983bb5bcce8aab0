//! `io.jwt.verify_hs*`, `io.jwt.decode_verify`: whether a token is signed with a key, and whether it may be used.
//!
//! Source: OPA, `v1/topdown/tokens.go`, version 1.20.

use super::algorithm::Algorithm;
use super::token::{Token, object};
use crate::builtins::call::{Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::number::Number;

pub(super) fn verify(
    context: &mut Context<'_>,
    operands: &[Value],
    algorithm: Algorithm,
) -> Result<Value, Failure> {
    let [token, secret] = take(operands)?;
    let token = context.text(token, 1)?.to_owned();
    let secret = context.text(secret, 2)?.to_owned();
    context.spend(1 + token.len() as u64 / 16)?;
    let token = Token::read(&token)?;
    let signature = token.signature()?;
    let is_right = algorithm.verify(context, secret.as_bytes(), token.signed.as_bytes(), &signature)?;
    Ok(Value::bool(is_right))
}

/// What a token must keep to.
struct Constraints {
    secret: String,
    algorithm: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    /// Nanoseconds since 1970.
    time: f64,
}

/// Whether a token is signed and may be used, its header and its payload; those of the token within where it has one.
pub(super) fn decode_verify(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [token, constraints] = take(operands)?;
    let constraints = Constraints::read(context, constraints)?;
    let mut text = context.text(token, 1)?.to_owned();
    let (header, payload) = loop {
        // Each token within is shorter than the one around it.
        context.spend(1 + text.len() as u64 / 16)?;
        let token = Token::read(&text)?;
        let header = token.header(context)?;
        let Some(algorithm) = algorithm(context, header)? else { return unverified(context) };
        if constraints.algorithm.as_ref().is_some_and(|it| *it != algorithm) {
            return unverified(context);
        }
        let signature = token.signature()?;
        let is_right = match Algorithm::of(&algorithm) {
            Some(it) => {
                let (key, text) = (constraints.secret.as_bytes(), token.signed.as_bytes());
                it.verify(context, key, text, &signature)?
            }
            // A secret is no key for any other algorithm.
            None => false,
        };
        if !is_right {
            return unverified(context);
        }
        let payload = token.payload()?;
        match named(context, header, "cty")? {
            Some(it) if it.eq_ignore_ascii_case("JWT") => text = payload,
            _ => break (header, payload),
        }
    };
    let payload = object(context, &payload)?;
    if constraints.allow(context, payload)? {
        Ok(context.heap.array(&[Value::TRUE, header, payload])?)
    } else {
        unverified(context)
    }
}

fn unverified(context: &mut Context<'_>) -> Result<Value, Failure> {
    let nothing = context.heap.object(Vec::new())?;
    Ok(context.heap.array(&[Value::FALSE, nothing, nothing])?)
}

/// The algorithm that a header names; `None` where the header is one that nobody may accept.
fn algorithm(context: &Context<'_>, header: Value) -> Result<Option<String>, Failure> {
    for key in ["kid", "typ", "cty"] {
        named(context, header, key)?;
    }
    let algorithm = named(context, header, "alg")?.filter(|it| !it.is_empty());
    if let Some(critical) = context.heap.get_text(header, "crit") {
        let View::Array(names) = context.heap.view(critical) else {
            return Err(error("crit: must be a list"));
        };
        // OPA stops at the first that is no text.
        let mut names = names.iter().map_while(|it| context.text(*it, 1).ok()).peekable();
        if names.peek().is_none() {
            return Err(error("crit: must be a nonempty list"));
        }
        let is_known = |it: &str| matches!(it, "alg" | "kid" | "typ" | "cty" | "crit");
        if names.any(|it| !is_known(it) && context.heap.get_text(header, it).is_some()) {
            return Ok(None);
        }
    }
    Ok(algorithm.map(str::to_owned))
}

/// A member that must be a text where it is there.
fn named<'c>(context: &'c Context<'_>, object: Value, key: &str) -> Result<Option<&'c str>, Failure> {
    match context.heap.get_text(object, key).map(|it| context.heap.view(it)) {
        None => Ok(None),
        Some(View::String(it)) => Ok(Some(it)),
        Some(_) => Err(error(format!("{key}: must be a string"))),
    }
}

impl Constraints {
    fn read(context: &Context<'_>, value: Value) -> Result<Self, Failure> {
        for [key, _] in context.object(value, 2)? {
            if !matches!(context.text(*key, 2)?, "alg" | "aud" | "cert" | "iss" | "secret" | "time") {
                return Err(error("unknown token validation constraint"));
            }
        }
        let text = |key: &str| match context.heap.get_text(value, key).map(|it| context.heap.view(it)) {
            None => Ok(None),
            Some(View::String(it)) => Ok(Some(it.to_owned()).filter(|it| !it.is_empty())),
            Some(_) => Err(error(format!("{key} constraint: must be a string"))),
        };
        let time = match context.heap.get_text(value, "time").map(|it| context.heap.view(it)) {
            None => context.now as f64,
            Some(View::Number(it)) => it.as_f64(),
            Some(_) => return Err(error("token time constraint: must be a number")),
        };
        if time < 0.0 {
            return Err(error("token time constraint: must not be negative"));
        }
        let secret = text("secret")?;
        let has_certificate = context.heap.get_text(value, "cert").is_some();
        text("cert")?;
        let (algorithm, issuer, audience) = (text("alg")?, text("iss")?, text("aud")?);
        match secret {
            Some(_) if has_certificate => Err(error("duplicate key constraints")),
            Some(secret) => Ok(Self { secret, algorithm, issuer, audience, time }),
            None if has_certificate => Err(Failure::Refused),
            None => Err(error("no key constraint")),
        }
    }

    /// Whether a payload says that it may be used here and now.
    fn allow(&self, context: &Context<'_>, payload: Value) -> Result<bool, Failure> {
        let get = |key: &str| context.heap.get_text(payload, key).map(|it| context.heap.view(it));
        if let Some(issuer) = &self.issuer
            && !matches!(get("iss"), Some(View::String(it)) if it == issuer)
        {
            return Ok(false);
        }
        let wanted = self.audience.as_deref().unwrap_or_default();
        let is_for_us = match get("aud") {
            None => self.audience.is_none(),
            Some(View::String(it)) => it == wanted,
            Some(View::Array(items)) => {
                items.iter().any(|it| context.text(*it, 1).is_ok_and(|it| it == wanted))
            }
            Some(_) => false,
        };
        // As OPA compares them: a double of seconds.
        let seconds = (self.time / 1e9).to_string();
        let bound = |key: &str| match get(key) {
            None => Ok(None),
            Some(View::Number(it)) => Ok(Some(Number::Text(&seconds).compare(it))),
            Some(_) => Err(error(format!("{key} value must be a number"))),
        };
        if !is_for_us {
            return Ok(false);
        }
        if bound("exp")?.is_some_and(|it| it.is_ge()) {
            return Ok(false);
        }
        Ok(!bound("nbf")?.is_some_and(|it| it.is_lt()))
    }
}
