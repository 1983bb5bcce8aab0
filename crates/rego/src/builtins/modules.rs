//! `rego.parse_module`: the syntax of a policy as a value.

mod order;
mod tree;

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{HeapError, Value};
use crate::parser::parse_module;
use crate::syntax::Version;
use crate::types::{NAMED, Type};
use tree::Tree;

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("rego.parse_module", &[Type::String, Type::String], NAMED, parse)];

/// Bytes that the syntax of a text takes, for each of its bytes, at most.
const SYNTAX_BYTES: usize = 128;

/// Reads a policy in the language of OPA 1.0. Its name stands with its comments.
fn parse(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [name, text] = take(operands)?;
    context.text(name, 1)?;
    let text = context.text(text, 2)?.to_owned();
    context.spend(4 * text.len() as u64)?;
    if text.len().saturating_mul(SYNTAX_BYTES) > context.heap.left() {
        return Err(HeapError::Exhausted.into());
    }
    let module = parse_module(&text, Some(Version::V1)).map_err(|errors| {
        // The message can quote the text, and errors hold no values.
        let (line, column) = errors.first().map_or((1, 1), |it| (it.line, it.column));
        error(format!("rego_parse_error: operand 2 is no module: line {line}, column {column}"))
    })?;
    Tree::new(context, &text, &module.comments).module(name, &module)
}

#[cfg(test)]
mod tests;
