//! `count`, `sum`, `max` and the like.

use super::call::{Builtin, Context, Failure, take, wrong_item, wrong_type};
use crate::arithmetic::{self, ArithmeticError, Computed};
use crate::heap::{Value, View};
use crate::number::Number;
use crate::types::{ARRAY, OBJECT, SET, Type};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("count", &[Type::OneOf(&[SET, ARRAY, OBJECT, Type::String])], Type::Number, count),
    Builtin::new("sum", NUMBERS, Type::Number, |context, operands| fold(context, operands, arithmetic::sum)),
    Builtin::new("product", NUMBERS, Type::Number, |context, operands| {
        fold(context, operands, arithmetic::product)
    }),
    Builtin::new("max", COLLECTION, Type::Any, max),
    Builtin::new("min", COLLECTION, Type::Any, min),
    Builtin::new("sort", &[Type::OneOf(&[ARRAY, SET])], ARRAY, sort),
    Builtin::new("all", COLLECTION, Type::Boolean, all),
    Builtin::new("any", COLLECTION, Type::Boolean, any),
];

const COLLECTION: &[Type] = &[Type::OneOf(&[SET, ARRAY])];
const NUMBERS: &[Type] = &[Type::OneOf(&[Type::Set(&Type::Number), Type::Array(&Type::Number)])];

fn count(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    let count = match context.heap.view(collection) {
        View::Array(items) | View::Set(items) => items.len(),
        View::Object(pairs) => pairs.len(),
        View::String(it) => {
            let count = it.chars().count();
            context.spend_for(operands)?;
            count
        }
        other => return Err(wrong_type(1, "one of {array, object, set, string}", other)),
    };
    context.count(count)
}

fn fold(
    context: &mut Context<'_>,
    operands: &[Value],
    compute: fn(&[Number<'_>]) -> Result<Computed, ArithmeticError>,
) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_for(operands)?;
    let mut numbers = Vec::new();
    let mut steps = 0;
    for it in context.items(collection, 1)? {
        match context.heap.view(*it) {
            View::Number(it) => {
                numbers.push(it);
                steps += it.digits() * it.digits() / 4096;
            }
            other => return Err(wrong_item(1, context.heap.view(collection), "number", other)),
        }
    }
    let all = compute(&numbers)?;
    context.spend(steps)?;
    context.computed(all)
}

fn max(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_deep(operands)?;
    let items = context.items(collection, 1)?.iter();
    items.copied().max_by(|a, b| context.heap.compare(*a, *b)).ok_or(Failure::Undefined)
}

fn min(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_deep(operands)?;
    let items = context.items(collection, 1)?.iter();
    // Of equal ones the last.
    let lesser = |a: Value, b: Value| if context.heap.compare(b, a).is_le() { b } else { a };
    items.copied().reduce(lesser).ok_or(Failure::Undefined)
}

fn sort(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_deep(operands)?;
    let mut items = context.items(collection, 1)?.to_vec();
    items.sort_by(|a, b| context.heap.compare(*a, *b));
    Ok(context.heap.array(&items)?)
}

fn all(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(context.items(collection, 1)?.iter().all(|it| it.is(Value::TRUE))))
}

fn any(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [collection] = take(operands)?;
    context.spend_for(operands)?;
    Ok(Value::bool(context.items(collection, 1)?.iter().any(|it| it.is(Value::TRUE))))
}
