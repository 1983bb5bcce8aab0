//! `numbers.range`, `format_int`, and numbers by chance.

use super::bits::operand;
use super::call::{Builtin, Context, Failure, error, take};
use crate::arithmetic::{self, truncated};
use crate::heap::Value;
use crate::number::Number;
use crate::types::Type;
use num_bigint::BigInt;
use sha2::{Digest as _, Sha256};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("format_int", &[Type::Number, Type::Number], Type::String, format_int),
    Builtin::new("numbers.range", &[Type::Number, Type::Number], Type::Array(&Type::Number), range),
    Builtin::new(
        "numbers.range_step",
        &[Type::Number, Type::Number, Type::Number],
        Type::Array(&Type::Number),
        range_step,
    ),
    Builtin::new("rand.intn", &[Type::String, Type::Number], Type::Number, rand_intn),
];

fn format_int(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [number, base] = take(operands)?;
    context.spend_for(operands)?;
    let Number::Integer(base @ (2 | 8 | 10 | 16)) = context.number(base, 2)? else {
        return Err(error("operand 2 must be one of {2, 8, 10, 16}"));
    };
    let it = integer(context.number(number, 1)?)?;
    let text = it.to_str_radix(u32::try_from(base).unwrap_or(10));
    Ok(context.heap.string(&text)?)
}

/// The integer part of a number: exact where it is written as an integer.
pub(crate) fn integer(number: Number<'_>) -> Result<BigInt, Failure> {
    if !number.is_plain() {
        return Ok(truncated(number)?);
    }
    let (negative, digits, power) = number.parts()?;
    let absolute = BigInt::from(digits) * BigInt::from(10).pow(u32::try_from(power).unwrap_or_default());
    Ok(if negative { -absolute } else { absolute })
}

fn range(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [from, to] = take(operands)?;
    let (from, to) = (operand(context, from, 1)?, operand(context, to, 2)?);
    steps(context, from, to, 1.into())
}

fn range_step(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [from, to, step] = take(operands)?;
    let (from, to, step) = (operand(context, from, 1)?, operand(context, to, 2)?, operand(context, step, 3)?);
    if step <= BigInt::ZERO {
        return Err(error("step must be a positive integer"));
    }
    steps(context, from, to, step)
}

fn steps(context: &mut Context<'_>, from: BigInt, to: BigInt, step: BigInt) -> Result<Value, Failure> {
    let distance = if from <= to { &to - &from } else { &from - &to };
    let count = u64::try_from(distance / &step).ok().and_then(|it| it.checked_add(1));
    let count = count.ok_or(Failure::OutOfSteps)?;
    context.spend(count / 4 + 1)?;
    let step = if from <= to { step } else { -step };
    let mut items = Vec::new();
    let mut next = from;
    for _ in 0..count {
        // What a long range of numbers takes is taken from the heap while it grows.
        if items.len() % 1024 == 1023 && items.len() * size_of::<Value>() > context.heap.left() {
            return Err(crate::heap::HeapError::Exhausted.into());
        }
        items.push(context.computed(arithmetic::integer(&next))?);
        next += &step;
    }
    Ok(context.heap.array(&items)?)
}

/// By chance, and the same for the same operands in one evaluation.
fn rand_intn(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text, limit] = take(operands)?;
    context.spend_for(operands)?;
    let limit = context.integer(limit, 2)?.unsigned_abs();
    let mut hash = Sha256::new();
    hash.update(context.seed.to_le_bytes());
    hash.update(limit.to_le_bytes());
    hash.update(context.text(text, 1)?.as_bytes());
    let bytes = hash.finalize();
    let chance = bytes.iter().take(8).fold(0_u64, |sum, it| sum << 8 | u64::from(*it));
    let it = chance.checked_rem(limit).unwrap_or_default();
    Ok(context.heap.integer(i64::try_from(it).unwrap_or_default())?)
}
