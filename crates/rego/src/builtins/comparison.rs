//! `==`, `<` and the like, and `in`.

use super::call::{Builtin, Context, Failure, take};
use crate::heap::{Value, View};
use crate::types::Type;
use std::cmp::Ordering;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("equal", TWO, Type::Boolean, |context, operands| {
        compare(context, operands, Ordering::is_eq)
    }),
    Builtin::new("neq", TWO, Type::Boolean, |context, operands| compare(context, operands, Ordering::is_ne)),
    Builtin::new("lt", TWO, Type::Boolean, |context, operands| compare(context, operands, Ordering::is_lt)),
    Builtin::new("lte", TWO, Type::Boolean, |context, operands| compare(context, operands, Ordering::is_le)),
    Builtin::new("gt", TWO, Type::Boolean, |context, operands| compare(context, operands, Ordering::is_gt)),
    Builtin::new("gte", TWO, Type::Boolean, |context, operands| compare(context, operands, Ordering::is_ge)),
    Builtin::new("internal.member_2", TWO, Type::Boolean, member),
    Builtin::new("internal.member_3", &[Type::Any, Type::Any, Type::Any], Type::Boolean, member_with_key),
];

const TWO: &[Type] = &[Type::Any, Type::Any];

fn compare(
    context: &mut Context<'_>,
    operands: &[Value],
    holds: fn(Ordering) -> bool,
) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    // No more is looked at than stands in the lesser one.
    let lesser = if context.heap.weight(a) < context.heap.weight(b) { a } else { b };
    context.spend_deep(&[lesser])?;
    Ok(Value::bool(holds(context.heap.compare(a, b))))
}

fn member(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value, collection] = take(operands)?;
    context.spend_deep(&[collection])?;
    let heap = &*context.heap;
    let found = match heap.view(collection) {
        View::Set(_) => return Ok(Value::bool(heap.get(collection, value).is_some())),
        View::Array(items) => items.iter().any(|it| heap.equal(*it, value)),
        View::Object(pairs) => pairs.iter().any(|[_, it]| heap.equal(*it, value)),
        _ => false,
    };
    Ok(Value::bool(found))
}

fn member_with_key(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [key, value, collection] = take(operands)?;
    context.spend_deep(&[value])?;
    let found = context.heap.get(collection, key);
    Ok(Value::bool(found.is_some_and(|it| context.heap.equal(it, value))))
}
