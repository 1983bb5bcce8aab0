//! `+`, `-`, `*`, `/`, `%`, and rounding.

use super::call::{Builtin, Context, Failure, take, wrong_type};
use super::sets::difference;
use crate::arithmetic::{self, ArithmeticError, Computed};
use crate::heap::{Value, View};
use crate::number::Number;
use crate::types::{SET, Type};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("plus", NUMBERS, Type::Number, |context, operands| {
        binary(context, operands, arithmetic::add)
    }),
    Builtin::new("minus", &[NUMBER_OR_SET, NUMBER_OR_SET], NUMBER_OR_SET, minus),
    Builtin::new("mul", NUMBERS, Type::Number, |context, operands| {
        binary(context, operands, arithmetic::multiply)
    }),
    Builtin::new("div", NUMBERS, Type::Number, |context, operands| {
        binary(context, operands, arithmetic::divide)
    }),
    Builtin::new("rem", NUMBERS, Type::Number, |context, operands| {
        binary(context, operands, arithmetic::remainder)
    }),
    Builtin::new("abs", NUMBER, Type::Number, |context, operands| {
        unary(context, operands, arithmetic::absolute)
    }),
    Builtin::new("round", NUMBER, Type::Number, |context, operands| {
        unary(context, operands, arithmetic::round)
    }),
    Builtin::new("ceil", NUMBER, Type::Number, |context, operands| {
        unary(context, operands, arithmetic::ceiling)
    }),
    Builtin::new("floor", NUMBER, Type::Number, |context, operands| {
        unary(context, operands, arithmetic::floor)
    }),
];

const NUMBER: &[Type] = &[Type::Number];
const NUMBERS: &[Type] = &[Type::Number, Type::Number];
const NUMBER_OR_SET: Type = Type::OneOf(&[Type::Number, SET]);

type Outcome = Result<Computed, ArithmeticError>;

fn binary(
    context: &mut Context<'_>,
    operands: &[Value],
    compute: fn(Number<'_>, Number<'_>) -> Outcome,
) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    spend(context, &[a, b])?;
    let it = compute(context.number(a, 1)?, context.number(b, 2)?)?;
    context.computed(it)
}

fn unary(
    context: &mut Context<'_>,
    operands: &[Value],
    compute: fn(Number<'_>) -> Outcome,
) -> Result<Value, Failure> {
    let [a] = take(operands)?;
    spend(context, &[a])?;
    let it = compute(context.number(a, 1)?)?;
    context.computed(it)
}

/// Long numbers and large exponents take time.
fn spend(context: &mut Context<'_>, operands: &[Value]) -> Result<(), Failure> {
    for operand in operands {
        if let View::Number(it @ Number::Text(_)) = context.heap.view(*operand) {
            let digits = it.digits();
            context.spend(4 + digits * digits / 4096)?;
        }
    }
    Ok(())
}

fn minus(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    match (context.heap.view(a), context.heap.view(b)) {
        (View::Number(_), View::Number(_)) => binary(context, operands, arithmetic::subtract),
        (View::Set(_), View::Set(_)) => difference(context, operands),
        (View::Number(_), other) => Err(wrong_type(2, "number", other)),
        (View::Set(_), other) => Err(wrong_type(2, "set", other)),
        (other, _) => Err(wrong_type(1, "one of {number, set}", other)),
    }
}
