//! Reads TOML as Go reads it into JSON: times are texts, and whole doubles have no point.

use crate::builtins::call::{Failure, error};
use crate::heap::{Heap, HeapError, Value};
use crate::number::double;
use toml::de::{DeTable, DeValue};

/// How much more room than its text a table takes while it is read.
const TABLE_BYTES: usize = 64;

pub(super) fn read(heap: &mut Heap, text: &str) -> Result<Value, Failure> {
    if text.len().saturating_mul(TABLE_BYTES) > heap.left() {
        return Err(HeapError::Exhausted.into());
    }
    let table = DeTable::parse(text).map_err(|wrong| {
        let before = text.get(..wrong.span().map_or(0, |it| it.start)).unwrap_or_default();
        let line = before.bytes().filter(|it| *it == b'\n').count() + 1;
        error(format!("toml: line {line}: this is not valid TOML"))
    })?;
    of_table(heap, table.get_ref())
}

fn of_table(heap: &mut Heap, table: &DeTable<'_>) -> Result<Value, Failure> {
    let mut pairs = Vec::with_capacity(table.len());
    for (key, value) in table {
        pairs.push([heap.string(key.get_ref())?, of_value(heap, value.get_ref())?]);
    }
    Ok(heap.object(pairs)?)
}

/// Tables stand in each other no deeper than their parser allows.
fn of_value(heap: &mut Heap, value: &DeValue<'_>) -> Result<Value, Failure> {
    Ok(match value {
        DeValue::String(it) => heap.string(it)?,
        DeValue::Boolean(it) => Value::bool(*it),
        DeValue::Datetime(it) => heap.string(&it.to_string())?,
        DeValue::Integer(it) => match i64::from_str_radix(it.as_str(), it.radix()) {
            Ok(it) => heap.integer(it)?,
            Err(_too_large) => return Err(error("toml: an integer is too large")),
        },
        DeValue::Float(it) => match it.as_str().parse::<f64>() {
            Ok(it) if it.is_finite() => heap.number(&double(it))?,
            _ => return Err(error("toml: infinity and what is no number are no JSON")),
        },
        DeValue::Array(items) => {
            let mut array = Vec::with_capacity(items.len());
            for it in items {
                array.push(of_value(heap, it.get_ref())?);
            }
            heap.array(&array)?
        }
        DeValue::Table(table) => of_table(heap, table)?,
    })
}
