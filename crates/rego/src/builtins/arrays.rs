//! `array.concat`, `array.flatten`, `array.slice`, `array.reverse`.

use super::call::{Builtin, Context, Failure, take};
use crate::heap::{Value, View};
use crate::types::{ARRAY, Type};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("array.concat", &[ARRAY, ARRAY], ARRAY, concat),
    Builtin::new("array.flatten", &[ARRAY], ARRAY, flatten),
    Builtin::new("array.reverse", &[ARRAY], ARRAY, reverse),
    Builtin::new("array.slice", &[ARRAY, Type::Number, Type::Number], ARRAY, slice),
];

fn concat(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(operands)?;
    let items = [context.array(a, 1)?, context.array(b, 2)?].concat();
    Ok(context.heap.array(&items)?)
}

/// Of the arrays in an array their items, and what is no array as it is.
fn flatten(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [array] = take(operands)?;
    context.spend_for(operands)?;
    let mut items = Vec::new();
    for item in context.array(array, 1)? {
        match context.heap.view(*item) {
            View::Array(inner) => items.extend_from_slice(inner),
            _ => items.push(*item),
        }
    }
    Ok(context.heap.array(&items)?)
}

fn reverse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [array] = take(operands)?;
    context.spend_for(operands)?;
    let items: Vec<Value> = context.array(array, 1)?.iter().rev().copied().collect();
    Ok(context.heap.array(&items)?)
}

/// What lies outside of the array is left out.
fn slice(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [array, start, stop] = take(operands)?;
    context.spend_for(operands)?;
    let items = context.array(array, 1)?;
    let within = |it: i64| usize::try_from(it.max(0)).unwrap_or(usize::MAX).min(items.len());
    let (start, stop) = (within(context.integer(start, 2)?), within(context.integer(stop, 3)?));
    let items = items.get(start..stop).unwrap_or_default().to_vec();
    Ok(context.heap.array(&items)?)
}
