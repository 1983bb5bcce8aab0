//! UUIDs.

use super::call::{Builtin, Context, Failure, take};
use crate::heap::Value;
use crate::types::{NAMED, Type};
use sha2::{Digest as _, Sha256};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("uuid.parse", &[Type::String], NAMED, parse),
    Builtin::new("uuid.rfc4122", &[Type::String], Type::String, random),
];

/// From 15 October 1582, where the time of a UUID begins, to 1970, in 100 nanoseconds.
const UNIX_EPOCH: i64 = 122_192_928_000_000_000;

/// By chance, and the same for the same operand in one evaluation.
fn random(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(operands)?;
    let mut hash = Sha256::new();
    hash.update(context.seed.to_le_bytes());
    hash.update(context.text(text, 1)?.as_bytes());
    let bytes = hash.finalize();
    let chance = bytes.iter().take(16).fold(0_u128, |sum, it| sum << 8 | u128::from(*it));
    // Version 4, variant of RFC 4122.
    let bits = chance & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let digits = format!("{bits:032x}");
    let mut parts = Vec::new();
    let mut rest = digits.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    Ok(context.heap.string(&parts.join("-"))?)
}

/// What a UUID says of itself; undefined for other texts.
fn parse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    let bits = bits(context.text(text, 1)?).ok_or(Failure::Undefined)?;
    let field = |shift: u32, mask: i64| {
        i64::try_from(bits >> shift & mask.unsigned_abs() as u128).unwrap_or_default()
    };
    let version = field(76, 0xf);
    let variant = match field(56, 0xff) {
        0x80..=0xbf => "RFC4122",
        0xc0..=0xdf => "Microsoft",
        0xe0..=0xff => "Future",
        _ => "Reserved",
    };
    let mut object = Vec::new();
    let mut numbers = vec![("version", version)];
    let mut texts = vec![("variant", variant.to_owned())];
    if matches!(version, 1 | 2) {
        let time = field(64, 0xfff) << 48 | field(80, 0xffff) << 32 | field(96, 0xffff_ffff);
        numbers.push(("time", (time - UNIX_EPOCH).wrapping_mul(100)));
        numbers.push(("clocksequence", field(48, 0x3fff)));
        let node: Vec<String> = (0..6).rev().map(|it| format!("{:02x}", field(it * 8, 0xff))).collect();
        texts.push(("nodeid", node.join("-")));
        texts.push(("macvariables", mac(field(40, 0xff)).to_owned()));
    }
    if version == 2 {
        numbers.push(("id", field(96, 0xffff_ffff)));
        texts.push((
            "domain",
            match field(48, 0xff) {
                0 => "Person".to_owned(),
                1 => "Group".to_owned(),
                2 => "Org".to_owned(),
                other => format!("Domain{other}"),
            },
        ));
    }
    for (key, number) in numbers {
        object.push([context.heap.string(key)?, context.heap.integer(number)?]);
    }
    for (key, text) in texts {
        object.push([context.heap.string(key)?, context.heap.string(&text)?]);
    }
    Ok(context.heap.object(object)?)
}

/// With hyphens, in braces, as a URN, or the digits alone.
fn bits(text: &str) -> Option<u128> {
    let inner = match text.len() {
        45 if text.get(..9)?.eq_ignore_ascii_case("urn:uuid:") => text.get(9..)?,
        38 => text.strip_prefix('{')?.strip_suffix('}')?,
        36 | 32 => text,
        _ => return None,
    };
    let digits = if inner.len() == 36 {
        let parts: Vec<&str> = inner.split('-').collect();
        if parts.iter().map(|it| it.len()).ne([8, 4, 4, 4, 12]) {
            return None;
        }
        parts.concat()
    } else {
        inner.to_owned()
    };
    if digits.bytes().all(|it| it.is_ascii_hexdigit()) {
        u128::from_str_radix(&digits, 16).ok()
    } else {
        None
    }
}

/// What the first byte of a hardware address says.
const fn mac(first: i64) -> &'static str {
    match first & 3 {
        3 => "local:multicast",
        1 => "global:multicast",
        2 => "local:unicast",
        _ => "global:unicast",
    }
}
