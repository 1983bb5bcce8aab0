//! Hashes, and hashes with a key.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::Value;
use crate::types::Type;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("crypto.hmac.equal", TWO, Type::Boolean, equal),
    Builtin::new("crypto.hmac.md5", TWO, Type::String, keyed::<Hmac<Md5>>),
    Builtin::new("crypto.hmac.sha1", TWO, Type::String, keyed::<Hmac<Sha1>>),
    Builtin::new("crypto.hmac.sha256", TWO, Type::String, keyed::<Hmac<Sha256>>),
    Builtin::new("crypto.hmac.sha512", TWO, Type::String, keyed::<Hmac<Sha512>>),
    Builtin::new("crypto.md5", &[Type::String], Type::String, hashed::<Md5>),
    Builtin::new("crypto.sha1", &[Type::String], Type::String, hashed::<Sha1>),
    Builtin::new("crypto.sha256", &[Type::String], Type::String, hashed::<Sha256>),
];

const TWO: &[Type] = &[Type::String, Type::String];

fn hashed<D: Digest>(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text; 8])?;
    let hash = hex::encode(D::digest(context.text(text, 1)?));
    Ok(context.heap.string(&hash)?)
}

fn keyed<M: Mac + KeyInit>(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, key] = take(operands)?;
    context.spend_for(&[text, text, text, text, text, text, text, text, key, key, key, key])?;
    let key = context.text(key, 2)?.as_bytes();
    let mut mac = <M as KeyInit>::new_from_slice(key).ok().ok_or_else(|| error("operand 2 is no key"))?;
    mac.update(context.text(text, 1)?.as_bytes());
    let code = hex::encode(mac.finalize().into_bytes());
    Ok(context.heap.string(&code)?)
}

fn equal(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(context.text(a, 1)? == context.text(b, 2)?))
}
