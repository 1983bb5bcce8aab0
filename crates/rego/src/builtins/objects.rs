//! `object.get`, `object.union` and the like, and `walk`.

use super::call::{Builtin, Context, Failure, error, take, wrong_item, wrong_type};
use crate::heap::{Heap, HeapError, Value, View};
use crate::types::{ARRAY, OBJECT, SET, Type};
use std::cmp::Ordering;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("object.filter", &[OBJECT, KEYS], OBJECT, |context, operands| {
        select(context, operands, true)
    }),
    Builtin::new("object.get", &[OBJECT, Type::Any, Type::Any], Type::Any, get),
    Builtin::new("object.keys", &[OBJECT], SET, keys),
    Builtin::new("object.remove", &[OBJECT, KEYS], OBJECT, |context, operands| {
        select(context, operands, false)
    }),
    Builtin::new("object.subset", &[COLLECTION, COLLECTION], Type::Any, subset),
    Builtin::new("object.union", &[OBJECT, OBJECT], OBJECT, union),
    Builtin::new("object.union_n", &[Type::Array(&OBJECT)], OBJECT, union_n),
    Builtin::new("walk", &[Type::Any], Type::Tuple(&[ARRAY, Type::Any]), walk),
];

const KEYS: Type = Type::OneOf(&[ARRAY, SET, OBJECT]);
const COLLECTION: Type = Type::OneOf(&[OBJECT, SET, ARRAY]);

/// The value at a key or at a path of keys; a path without keys is the object itself.
fn get(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [object, key, default] = take(operands)?;
    context.object(object, 1)?;
    let heap = &*context.heap;
    let found = match heap.view(key) {
        View::Array(path) => path.iter().try_fold(object, |value, key| at(heap, value, *key)),
        _ => heap.get(object, key),
    };
    Ok(found.unwrap_or(default))
}

/// Arrays take the index also as `1.0`.
pub(crate) fn at(heap: &Heap, value: Value, key: Value) -> Option<Value> {
    match (heap.view(value), heap.view(key)) {
        (View::Array(items), View::Number(index)) => {
            items.get(usize::try_from(index.as_whole()?).ok()?).copied()
        }
        _ => heap.get(value, key),
    }
}

fn keys(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [object] = take(operands)?;
    context.spend_for(operands)?;
    let keys = context.object(object, 1)?.iter().map(|[key, _]| *key).collect();
    Ok(context.heap.set(keys)?)
}

/// Keeps of an object what has one of the keys, or what has none of them.
fn select(context: &mut Context<'_>, operands: &[Value], wanted: bool) -> Result<Value, Failure> {
    let [object, keys] = take(operands)?;
    context.spend_for(operands)?;
    let keys: Vec<Value> = match context.heap.view(keys) {
        View::Array(items) | View::Set(items) => items.to_vec(),
        View::Object(pairs) => pairs.iter().map(|[key, _]| *key).collect(),
        other => return Err(wrong_type(2, "one of {object, set, array}", other)),
    };
    context.object(object, 1)?;
    let keys = context.heap.set(keys)?;
    let pairs = context.object(object, 1)?.iter().copied();
    let pairs = pairs.filter(|[key, _]| context.heap.get(keys, *key).is_some() == wanted).collect();
    Ok(context.heap.object(pairs)?)
}

fn union(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.object(a, 1)?;
    context.object(b, 2)?;
    united(context, a, b)
}

fn union_n(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [array] = take(operands)?;
    let objects = context.array(array, 1)?.to_vec();
    let mut all = context.heap.object(Vec::new())?;
    for object in objects {
        match context.heap.view(object) {
            View::Object(_) => all = united(context, all, object)?,
            other => return Err(wrong_item(1, context.heap.view(array), "object", other)),
        }
    }
    Ok(all)
}

/// What is in one of two objects; of what is in both, objects united and otherwise the second.
fn united(context: &mut Context<'_>, a: Value, b: Value) -> Result<Value, Failure> {
    context.spend(1)?;
    context.spend_for(&[a, b])?;
    let (left, right) = match (context.heap.view(a), context.heap.view(b)) {
        (View::Object(left), View::Object(right)) => (left.to_vec(), right.to_vec()),
        _ => return Ok(b),
    };
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => context.heap.compare(a[0], b[0]),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(context.heap.object(pairs)?),
        };
        let from_left = if order.is_le() { left.next() } else { None };
        let from_right = if order.is_ge() { right.next() } else { None };
        match (from_left, from_right) {
            (Some([key, a]), Some([_, b])) => pairs.push([key, united(context, a, b)?]),
            (Some(pair), None) | (None, Some(pair)) => pairs.push(pair),
            (None, None) => {}
        }
    }
}

fn subset(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [whole, part] = take(operands)?;
    context.spend_deep(operands)?;
    let holds = match (context.heap.view(whole), context.heap.view(part)) {
        (View::Array(items), View::Set(part)) => {
            // As in OPA, equal items count as often as they are there, and an array without items has nothing in it.
            let is_part = |it: &&Value| part.binary_search_by(|own| context.heap.compare(*own, **it)).is_ok();
            !items.is_empty() && items.iter().filter(is_part).count() >= part.len()
        }
        (a, b) if std::mem::discriminant(&a) == std::mem::discriminant(&b) => {
            return Ok(Value::bool(contains(context, whole, part)?));
        }
        _ => return Err(error("both arguments must be of the same type, or an array and a set")),
    };
    Ok(Value::bool(holds))
}

fn contains(context: &mut Context<'_>, whole: Value, part: Value) -> Result<bool, Failure> {
    context.spend(1)?;
    let heap = &*context.heap;
    Ok(match (heap.view(whole), heap.view(part)) {
        (View::Object(_), View::Object(part)) => {
            let part = part.to_vec();
            for [key, value] in part {
                match context.heap.get(whole, key) {
                    Some(it) if contains(context, it, value)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (View::Set(_), View::Set(part)) => part.iter().all(|it| heap.get(whole, *it).is_some()),
        (View::Array(whole), View::Array(part)) => {
            part.is_empty() || part.len() <= whole.len() && runs_in(heap, whole, part)
        }
        _ => heap.equal(whole, part),
    })
}

/// Whether items stand in others one after the other, found in linear time: a place that did not fit says where the next
/// one may be.
fn runs_in(heap: &Heap, whole: &[Value], part: &[Value]) -> bool {
    let equal =
        |a: Option<&Value>, b: Option<&Value>| matches!((a, b), (Some(a), Some(b)) if heap.equal(*a, *b));
    // For each length of a fitting beginning, the longest shorter one that it ends with.
    let mut shorter = vec![0];
    let mut length = 0;
    for index in 1..part.len() {
        while length > 0 && !equal(part.get(index), part.get(length)) {
            length = shorter.get(length - 1).copied().unwrap_or_default();
        }
        length += usize::from(equal(part.get(index), part.get(length)));
        shorter.push(length);
    }
    let mut length: usize = 0;
    for item in whole {
        while length > 0 && !equal(Some(item), part.get(length)) {
            length = shorter.get(length - 1).copied().unwrap_or_default();
        }
        length += usize::from(equal(Some(item), part.get(length)));
        if length == part.len() {
            return true;
        }
    }
    false
}

/// All pairs of a path and the value there, as an array. The evaluator makes of it one pair after the other.
fn walk(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    let mut pairs = Vec::new();
    visit(context, value, &mut Vec::new(), &mut pairs)?;
    Ok(context.heap.array(&pairs)?)
}

fn visit(
    context: &mut Context<'_>,
    value: Value,
    path: &mut Vec<Value>,
    pairs: &mut Vec<Value>,
) -> Result<(), Failure> {
    context.spend(1)?;
    if size_of_val(pairs.as_slice()) > context.heap.left() {
        return Err(HeapError::Exhausted.into());
    }
    let here = context.heap.array(path)?;
    pairs.push(context.heap.array(&[here, value])?);
    let children: Vec<[Value; 2]> = match context.heap.view(value) {
        View::Object(pairs) => pairs.to_vec(),
        View::Set(items) => items.iter().map(|it| [*it, *it]).collect(),
        View::Array(items) => {
            let items = items.to_vec();
            let index = |(index, item): (usize, Value)| Ok::<_, Failure>([context.count(index)?, item]);
            items.into_iter().enumerate().map(index).collect::<Result<_, _>>()?
        }
        _ => return Ok(()),
    };
    for [key, child] in children {
        path.push(key);
        visit(context, child, path, pairs)?;
        path.pop();
    }
    Ok(())
}
