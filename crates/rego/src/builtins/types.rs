//! `is_string`, `type_name` and the like, and what makes one type of another.

use super::call::{Builtin, Context, Failure, error, name, take, wrong_type};
use crate::heap::{Value, View};
use crate::number::is_decimal;
use crate::types::{ARRAY, OBJECT, SET, Type};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("cast_array", &[Type::Any], ARRAY, cast_array),
    Builtin::new("cast_boolean", &[Type::Any], Type::Boolean, |context, operands| {
        cast(context, operands, "boolean")
    }),
    Builtin::new("cast_null", &[Type::Any], Type::Null, |context, operands| cast(context, operands, "null")),
    Builtin::new("cast_object", &[Type::Any], OBJECT, |context, operands| cast(context, operands, "object")),
    Builtin::new("cast_set", &[Type::Any], SET, cast_set),
    Builtin::new("cast_string", &[Type::Any], Type::String, |context, operands| {
        cast(context, operands, "string")
    }),
    Builtin::new("is_array", &[Type::Any], Type::Boolean, |context, operands| is(context, operands, "array")),
    Builtin::new("is_boolean", &[Type::Any], Type::Boolean, |context, operands| {
        is(context, operands, "boolean")
    }),
    Builtin::new("is_null", &[Type::Any], Type::Boolean, |context, operands| is(context, operands, "null")),
    Builtin::new("is_number", &[Type::Any], Type::Boolean, |context, operands| {
        is(context, operands, "number")
    }),
    Builtin::new("is_object", &[Type::Any], Type::Boolean, |context, operands| {
        is(context, operands, "object")
    }),
    Builtin::new("is_set", &[Type::Any], Type::Boolean, |context, operands| is(context, operands, "set")),
    Builtin::new("is_string", &[Type::Any], Type::Boolean, |context, operands| {
        is(context, operands, "string")
    }),
    Builtin::new(
        "to_number",
        &[Type::OneOf(&[Type::Number, Type::String, Type::Boolean, Type::Null])],
        Type::Number,
        to_number,
    ),
    Builtin::new("type_name", &[Type::Any], Type::String, type_name),
];

fn is(context: &mut Context<'_>, operands: &[Value], wanted: &str) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    Ok(Value::bool(name(context.heap.view(value)) == wanted))
}

fn type_name(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    let name = name(context.heap.view(value));
    Ok(context.heap.string(name)?)
}

fn cast(context: &mut Context<'_>, operands: &[Value], wanted: &str) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    let view = context.heap.view(value);
    if name(view) == wanted { Ok(value) } else { Err(wrong_type(1, wanted, view)) }
}

fn cast_array(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    let items = context.items(value, 1)?.to_vec();
    Ok(context.heap.array(&items)?)
}

fn cast_set(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    context.spend_for(operands)?;
    let items = context.items(value, 1)?.to_vec();
    Ok(context.heap.set(items)?)
}

fn to_number(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    match context.heap.view(value) {
        View::Null => Ok(context.heap.integer(0)?),
        View::Bool(it) => Ok(context.heap.integer(it.into())?),
        View::Number(_) => Ok(value),
        View::String(text) if is_decimal(text) => {
            let text = text.to_owned();
            Ok(context.heap.number(&text)?)
        }
        View::String(_) => Err(error("operand 1 is no text of a number")),
        other => Err(wrong_type(1, "one of {null, boolean, number, string}", other)),
    }
}
