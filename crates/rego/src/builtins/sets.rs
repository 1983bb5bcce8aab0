//! `&`, `|`, `-` on sets, `union`, `intersection`.

use super::call::{Builtin, Context, Failure, take, wrong_item};
use crate::heap::{Heap, Value, View};
use crate::types::{SET, Type};
use std::cmp::Ordering;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("and", &[SET, SET], SET, and),
    Builtin::new("intersection", &[Type::Set(&SET)], SET, intersection),
    Builtin::new("or", &[SET, SET], SET, or),
    Builtin::new("set_diff", &[SET, SET], SET, difference),
    Builtin::new("union", &[Type::Set(&SET)], SET, union),
];

/// What is in the first set and not in the second.
pub(crate) fn difference(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_deep(operands)?;
    let items = merged(context.heap, context.set(a, 1)?, context.set(b, 2)?, |a, b| a && !b);
    Ok(context.heap.set(items)?)
}

fn and(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_deep(operands)?;
    let items = common(context.heap, context.set(a, 1)?, context.set(b, 2)?);
    Ok(context.heap.set(items)?)
}

fn or(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_deep(operands)?;
    let items = merged(context.heap, context.set(a, 1)?, context.set(b, 2)?, |_, _| true);
    Ok(context.heap.set(items)?)
}

/// What is in both, as it is written in the smaller set.
fn common(heap: &Heap, a: &[Value], b: &[Value]) -> Vec<Value> {
    let (small, large) = if b.len() < a.len() { (b, a) } else { (a, b) };
    merged(heap, small, large, |a, b| a && b)
}

/// Goes through two sets in order and keeps an item by whether it is in the first and in the second.
fn merged(heap: &Heap, a: &[Value], b: &[Value], keep: fn(bool, bool) -> bool) -> Vec<Value> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut items = Vec::new();
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some(a), Some(b)) => heap.compare(**a, **b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return items,
        };
        let (in_a, in_b) = (order.is_le(), order.is_ge());
        let from_a = if in_a { a.next() } else { None };
        let from_b = if in_b { b.next() } else { None };
        if let Some(it) = from_a.or(from_b)
            && keep(in_a, in_b)
        {
            items.push(*it);
        }
    }
}

fn union(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [sets] = take(operands)?;
    let sets = members(context, sets)?;
    context.spend_deep(&sets)?;
    let mut items = Vec::new();
    for set in sets {
        items.extend_from_slice(context.set(set, 1)?);
    }
    Ok(context.heap.set(items)?)
}

fn intersection(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [sets] = take(operands)?;
    let sets = members(context, sets)?;
    context.spend_deep(&sets)?;
    let mut rest = sets.iter();
    let mut items = match rest.next() {
        Some(first) => context.set(*first, 1)?.to_vec(),
        None => Vec::new(),
    };
    for set in rest {
        items = common(context.heap, &items, context.set(*set, 1)?);
    }
    Ok(context.heap.set(items)?)
}

fn members(context: &Context<'_>, sets: Value) -> Result<Vec<Value>, Failure> {
    let members = context.set(sets, 1)?;
    let other = members.iter().map(|it| context.heap.view(*it)).find(|it| !matches!(it, View::Set(_)));
    match other {
        Some(other) => Err(wrong_item(1, context.heap.view(sets), "set", other)),
        None => Ok(members.to_vec()),
    }
}
