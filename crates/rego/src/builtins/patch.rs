//! `json.patch`: RFC 6902, also for sets, whose members are their own paths.

use super::call::{Builtin, Context, Failure, error, take};
use super::json::path;
use crate::heap::{Heap, Value, View};
use crate::types::Type;

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("json.patch", &[Type::Any, Type::Array(&OPERATION)], Type::Any, patch)];

const OPERATION: Type =
    Type::Record(&[("op", Type::String), ("path", Type::Any)], Some((&Type::Any, &Type::Any)));

fn patch(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value, operations] = take(operands)?;
    let mut patched = value;
    for operation in context.array(operations, 2)?.to_vec() {
        patched = apply(context, patched, operation)?;
    }
    Ok(patched)
}

fn apply(context: &mut Context<'_>, value: Value, operation: Value) -> Result<Value, Failure> {
    context.spend(4)?;
    if !matches!(context.heap.view(operation), View::Object(_)) {
        return Err(error(
            "must be an array of JSON-Patch objects, but at least one element is not an object",
        ));
    }
    let attribute = |context: &Context<'_>, name: &str| {
        context.heap.get_text(operation, name).ok_or_else(|| error(format!("missing '{name}' attribute")))
    };
    let name = attribute(context, "op")?;
    let View::String(name) = context.heap.view(name) else {
        return Err(error("attribute 'op' must be a string"));
    };
    let name = name.to_owned();
    if !matches!(name.as_str(), "add" | "remove" | "replace" | "move" | "copy" | "test") {
        return Err(error("unrecognized op"));
    }
    let target = attribute(context, "path")?;
    let target = path(context, target)?;
    let new = match name.as_str() {
        "move" | "copy" => {
            let from = attribute(context, "from")?;
            let from = path(context, from)?;
            let found = find(context.heap, value, &from)?;
            if name == "copy" {
                return change(context, value, &target, Change::Add(found));
            }
            let without = change(context, value, &from, Change::Remove)?;
            return change(context, without, &target, Change::Add(found));
        }
        "remove" => return change(context, value, &target, Change::Remove),
        _ => attribute(context, "value")?,
    };
    match name.as_str() {
        "add" => change(context, value, &target, Change::Add(new)),
        "replace" if target.is_empty() => Ok(new),
        "replace" => {
            let without = change(context, value, &target, Change::Remove)?;
            change(context, without, &target, Change::Add(new))
        }
        _ => {
            let found = find(context.heap, value, &target)?;
            context.spend_deep(&[new])?;
            if context.heap.equal(found, new) {
                Ok(value)
            } else {
                Err(error("the value is not the one of the test"))
            }
        }
    }
}

fn find(heap: &Heap, value: Value, path: &[Value]) -> Result<Value, Failure> {
    path.iter().try_fold(value, |value, key| match heap.view(value) {
        View::Array(items) => {
            let index = index(heap, *key, items.len())?;
            items.get(index).copied().ok_or_else(missing)
        }
        _ => heap.get(value, *key).ok_or_else(missing),
    })
}

fn missing() -> Failure {
    error("a path does not exist")
}

/// The place in an array that a key names; `-` is the one after the last.
fn index(heap: &Heap, key: Value, length: usize) -> Result<usize, Failure> {
    let index = match heap.view(key) {
        View::String("-") => return Ok(length),
        View::String(text) if text.starts_with('0') && text != "0" => None,
        View::String(text) => text.parse().ok(),
        View::Number(number) => number.as_whole().and_then(|it| usize::try_from(it).ok()),
        _ => None,
    };
    index.ok_or_else(|| error("a path names no place in an array"))
}

#[derive(Clone, Copy)]
enum Change {
    Add(Value),
    Remove,
}

/// The value with a change at a path.
fn change(context: &mut Context<'_>, value: Value, path: &[Value], what: Change) -> Result<Value, Failure> {
    let (key, rest) = match (path, what) {
        ([], Change::Add(new)) => return Ok(new),
        ([], Change::Remove) => return Err(error("the whole value cannot be removed")),
        ([key, rest @ ..], _) => (*key, rest),
    };
    context.spend_for(&[value, value])?;
    match context.heap.view(value) {
        View::Object(pairs) => {
            let mut pairs = pairs.to_vec();
            let place = pairs.binary_search_by(|it| context.heap.compare(it[0], key));
            match (rest, what, place) {
                ([], Change::Add(new), _) => pairs.push([key, new]),
                ([], Change::Remove, Ok(place)) => drop(pairs.remove(place)),
                ([_, ..], _, Ok(place)) => {
                    if let Some([_, child]) = pairs.get_mut(place) {
                        *child = change(context, *child, rest, what)?;
                    }
                }
                (_, _, Err(_)) => return Err(missing()),
            }
            Ok(context.heap.object(pairs)?)
        }
        View::Array(items) => {
            let mut items = items.to_vec();
            let place = index(context.heap, key, items.len())?;
            match (rest, what) {
                ([], Change::Add(new)) if place <= items.len() => items.insert(place, new),
                ([], Change::Remove) if place < items.len() => drop(items.remove(place)),
                ([_, ..], _) if place < items.len() => {
                    if let Some(child) = items.get_mut(place) {
                        *child = change(context, *child, rest, what)?;
                    }
                }
                _ => return Err(missing()),
            }
            Ok(context.heap.array(&items)?)
        }
        View::Set(items) => {
            let mut items = items.to_vec();
            let place = items.binary_search_by(|it| context.heap.compare(*it, key));
            match (rest, what, place) {
                ([], Change::Add(new), _) if context.heap.equal(new, key) => items.push(new),
                ([], Change::Add(_), _) => return Err(error("a set's key is not the value that is added")),
                ([], Change::Remove, Ok(place)) => drop(items.remove(place)),
                ([_, ..], _, Ok(place)) => {
                    if let Some(child) = items.get_mut(place) {
                        *child = change(context, *child, rest, what)?;
                    }
                }
                (_, _, Err(_)) => return Err(missing()),
            }
            Ok(context.heap.set(items)?)
        }
        _ => Err(error("a path leads into a value that holds no others")),
    }
}
