//! `bits.and`, `bits.lsh` and the like, on integers of any size.

use super::call::{Builtin, Context, Failure, error, take};
use crate::arithmetic::{integer, whole};
use crate::heap::Value;
use crate::types::Type;
use num_bigint::BigInt;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("bits.and", TWO, Type::Number, |context, operands| binary(context, operands, |a, b| a & b)),
    Builtin::new("bits.lsh", TWO, Type::Number, shift_left),
    Builtin::new("bits.negate", &[Type::Number], Type::Number, negate),
    Builtin::new("bits.or", TWO, Type::Number, |context, operands| binary(context, operands, |a, b| a | b)),
    Builtin::new("bits.rsh", TWO, Type::Number, shift_right),
    Builtin::new("bits.xor", TWO, Type::Number, |context, operands| binary(context, operands, |a, b| a ^ b)),
];

const TWO: &[Type] = &[Type::Number, Type::Number];

/// No number gets more bits than this.
const MAX_SHIFT: u64 = 1 << 16;

/// The integer that an operand is.
pub(crate) fn operand(context: &Context<'_>, value: Value, position: u8) -> Result<BigInt, Failure> {
    whole(context.number(value, position)?)?.ok_or_else(|| {
        error(format!("operand {position} must be integer number but got floating-point number"))
    })
}

fn binary(
    context: &mut Context<'_>,
    operands: &[Value],
    compute: fn(BigInt, BigInt) -> BigInt,
) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    let it = compute(operand(context, a, 1)?, operand(context, b, 2)?);
    context.computed(integer(&it))
}

fn negate(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a] = take(operands)?;
    let it = !operand(context, a, 1)?;
    context.computed(integer(&it))
}

fn shift_left(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, shift] = take(operands)?;
    let (a, shift) = (operand(context, a, 1)?, distance(context, shift)?);
    if shift > MAX_SHIFT {
        return Err(error("operand 2 must be at most 65 536"));
    }
    context.spend(shift / 64)?;
    context.computed(integer(&(a << shift)))
}

fn shift_right(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, shift] = take(operands)?;
    let (a, shift) = (operand(context, a, 1)?, distance(context, shift)?);
    context.computed(integer(&(a >> shift)))
}

fn distance(context: &Context<'_>, value: Value) -> Result<u64, Failure> {
    let distance = operand(context, value, 2)?;
    if distance < BigInt::ZERO {
        return Err(error("operand 2 must be an unsigned integer number but got a negative integer"));
    }
    u64::try_from(&distance).ok().ok_or_else(|| error("operand 2 must be an integer of at most 64 bits"))
}
