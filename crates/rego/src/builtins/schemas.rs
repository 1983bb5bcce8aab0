//! `json.match_schema`, `json.verify_schema`: documents and the schemas that they keep to.
//!
//! Schemas are those of the drafts 4, 6 and 7 as OPA's library reads them. A reference leads to a part of the schema itself
//! and nowhere else: nothing is ever loaded.

mod address;
mod canonical;
mod check;
mod fault;
mod formats;
mod mail;
mod node;
mod outcome;
mod read;
mod references;
mod url;
mod values;
mod wrong;

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::json::{JsonError, parse};
use crate::json_text::{self, WriteError};
use crate::types::{ARRAY, OBJECT, Type};
use crate::writer::Writer;
use fault::Told;
use outcome::Outcome;
pub(crate) use outcome::Verdict;
use wrong::Wrong;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new(
        "json.match_schema",
        &[DOCUMENT, DOCUMENT],
        Type::Tuple(&[Type::Boolean, ARRAY]),
        match_schema,
    ),
    Builtin::new(
        "json.verify_schema",
        &[DOCUMENT],
        Type::Tuple(&[Type::Boolean, Type::OneOf(&[Type::Null, Type::String])]),
        verify_schema,
    ),
];

const DOCUMENT: Type = Type::OneOf(&[Type::String, OBJECT]);

const NO_TEXT_OR_OBJECT: &str = "wrong type, expected string or object";

fn verify_schema(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [schema] = take(operands)?;
    let mark = context.heap.mark();
    let read = match document(context, schema, 1, true) {
        Ok(schema) => read::read(context, schema.value).map(|_schema| ()),
        Err(failure) => Err(failure.into()),
    };
    context.heap.release(mark);
    let why = match read {
        Ok(()) => return Ok(context.heap.array(&[Value::TRUE, Value::NULL])?),
        Err(Wrong::Schema(why) | Wrong::Failure(Failure::Error(why))) => why,
        Err(Wrong::Failure(failure)) => return Err(failure),
    };
    let why = context.heap.string(&format!("jsonschema: {why}"))?;
    Ok(context.heap.array(&[Value::FALSE, why])?)
}

fn match_schema(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [document, schema] = take(operands)?;
    let mark = context.heap.mark();
    let told = compared(context, document, schema, |context, schema, outcome| {
        let mut told: Vec<Told> = Vec::with_capacity(outcome.faults.len());
        let mut bytes = 0;
        for fault in outcome.faults {
            let it = fault.told(context.heap, schema)?;
            // The error is the field and the description once more.
            bytes += 2 * it.error.len() + size_of::<Told>();
            context.spend(1 + it.error.len() as u64 / 64)?;
            if bytes > context.heap.left() {
                return Err(crate::heap::HeapError::Exhausted.into());
            }
            told.push(it);
        }
        Ok(told)
    });
    context.heap.release(mark);
    let told = told?;
    let keys = ["desc", "error", "field", "type"];
    let keys = keys.map(|it| context.heap.string(it));
    let [description, error, field, kind] = keys;
    let (description, error, field, kind) = (description?, error?, field?, kind?);
    let mut errors = Vec::with_capacity(told.len());
    for it in &told {
        context.spend(1 + it.error.len() as u64 / 64)?;
        let pairs = vec![
            [description, context.heap.string(&it.description)?],
            [error, context.heap.string(&it.error)?],
            [field, context.heap.string(&it.field)?],
            [kind, context.heap.string(it.kind)?],
        ];
        errors.push(context.heap.object(pairs)?);
    }
    let errors = context.heap.array(&errors)?;
    Ok(context.heap.array(&[Value::bool(told.is_empty()), errors])?)
}

/// Whether a document in which something is unknown keeps to a schema.
///
/// # Errors
///
/// `json.match_schema` may be undefined, or surely is.
pub(crate) fn verdict(context: &mut Context<'_>, document: Value, schema: Value) -> Result<Verdict, Failure> {
    let mark = context.heap.mark();
    let verdict = compared(context, document, schema, |_, schema, outcome| {
        // Whatever an unknown turns out to be could be held against such a part without end.
        if schema.leads_back() { Err(error(check::WITHOUT_END)) } else { Ok(outcome.verdict()) }
    });
    context.heap.release(mark);
    verdict
}

fn compared<T>(
    context: &mut Context<'_>,
    document: Value,
    schema: Value,
    then: impl FnOnce(&mut Context<'_>, &node::Schema, Outcome) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let document = self::document(context, document, 1, false)?;
    let schema = self::document(context, schema, 2, true)?;
    let schema = read::read(context, schema.value).map_err(|wrong| match wrong {
        Wrong::Failure(failure) => failure,
        // OPA's words can hold parts of the schema, and errors hold no values.
        Wrong::Schema(_) => error("operand 2 is no valid schema: json.verify_schema says why"),
    })?;
    let outcome = if document.is_open {
        Outcome { is_open: true, ..Outcome::default() }
    } else {
        check::check(context, &schema, document.value)?
    };
    then(context, &schema, outcome)
}

/// A document as JSON has it.
#[derive(Debug, Clone, Copy)]
struct Document {
    value: Value,
    /// Whether it has unknowns where JSON cannot say what it looks like with them: in a set, or as a key.
    is_open: bool,
    /// Whether all values in it are new ones, so that none stands in two places.
    is_new: bool,
}

/// An operand as JSON has it: a text is read, sets are arrays, and keys that are no texts are written as such.
fn document(
    context: &mut Context<'_>,
    value: Value,
    position: u8,
    is_new: bool,
) -> Result<Document, Failure> {
    match context.heap.view(value) {
        View::String(text) => {
            let text = text.to_owned();
            context.spend(text.len() as u64 / 16)?;
            let read = parse(context.heap, text.as_bytes()).map_err(|it| match it {
                JsonError::Heap(it) => it.into(),
                JsonError::Syntax { .. } => error("invalid JSON string"),
            });
            Ok(Document { value: read?, is_open: false, is_new: true })
        }
        View::Object(_) | View::Array(_) => {
            let mut document = Document { value, is_open: false, is_new };
            document.value = document.normal(context, value)?;
            Ok(document)
        }
        _ if position == 1 => Err(error(NO_TEXT_OR_OBJECT)),
        _ => Err(error(format!("operand 2: {NO_TEXT_OR_OBJECT}"))),
    }
}

impl Document {
    fn normal(&mut self, context: &mut Context<'_>, value: Value) -> Result<Value, Failure> {
        context.spend(1)?;
        match context.heap.view(value) {
            View::Array(items) => {
                let mut items = items.to_vec();
                let mut is_changed = self.is_new;
                for item in &mut items {
                    let normal = self.normal(context, *item)?;
                    is_changed |= !normal.is(*item);
                    *item = normal;
                }
                if is_changed { Ok(context.heap.array(&items)?) } else { Ok(value) }
            }
            View::Set(items) => {
                self.is_open |= value.has_unknown();
                let mut items = items.to_vec();
                for item in &mut items {
                    *item = self.normal(context, *item)?;
                }
                Ok(context.heap.array(&items)?)
            }
            View::Object(pairs) => {
                let mut pairs = pairs.to_vec();
                let mut is_changed = self.is_new;
                for [key, member] in &mut pairs {
                    self.is_open |= key.has_unknown();
                    let normal = [named(context, *key)?, self.normal(context, *member)?];
                    is_changed |= !normal[0].is(*key) || !normal[1].is(*member);
                    [*key, *member] = normal;
                }
                if is_changed { Ok(context.heap.object(pairs)?) } else { Ok(value) }
            }
            _ => Ok(value),
        }
    }
}

/// A key as JSON has it.
fn named(context: &mut Context<'_>, key: Value) -> Result<Value, Failure> {
    if matches!(context.heap.view(key), View::String(_)) {
        return Ok(key);
    }
    let mut out = Writer::new(context.heap);
    json_text::write(context.heap, key, None, &mut out).map_err(|it| match it {
        WriteError::Number => error("a number is written as JSON does not have it"),
        WriteError::Heap(it) => it.into(),
    })?;
    context.written(&out)
}

#[cfg(test)]
mod tests;
