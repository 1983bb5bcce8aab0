//! What `$id` calls parts of a schema, and where `$ref` leads. Nothing is ever loaded from elsewhere.

use super::address::Address;
use super::wrong::{Wrong, wrong};
use crate::builtins::call::{Context, Failure};
use crate::heap::{Heap, HeapError, Value, View};
use std::collections::HashMap;

/// The addresses in a schema. Its values must be distinct ones, and not the same in several places.
#[derive(Debug)]
pub(super) struct References {
    /// Schemas by their addresses.
    documents: HashMap<String, Value>,
    /// Where the reference in an object leads, by the object.
    targets: HashMap<u64, String>,
    /// Bytes that addresses may still take.
    left: usize,
}

impl References {
    /// Looks for the addresses in a schema.
    pub(super) fn read(context: &mut Context<'_>, root: Value) -> Result<Self, Failure> {
        let mut references = Self {
            documents: HashMap::from([(String::new(), root)]),
            targets: HashMap::new(),
            left: context.heap.left(),
        };
        references.find(context, root, &Address::default())?;
        Ok(references)
    }

    fn find(&mut self, context: &mut Context<'_>, value: Value, place: &Address) -> Result<(), Failure> {
        context.spend(1)?;
        let pairs = match context.heap.view(value) {
            View::Array(items) | View::Set(items) => {
                let items = items.to_vec();
                return items.into_iter().try_for_each(|it| self.find(context, it, place));
            }
            View::Object(pairs) => pairs.to_vec(),
            _ => return Ok(()),
        };
        let mut joined = None;
        if let Some(id) = text(context.heap, value, id_key(context.heap, value))
            && let Ok(id) = Address::read(id)
        {
            let address = place.join(&id);
            let name = self.counted(context, address.to_string())?;
            if !name.is_empty() && self.documents.insert(name, value).is_some() {
                // The same address again: what stands in it counts for nothing.
                return Ok(());
            }
            joined = Some(address);
        }
        let place = joined.as_ref().unwrap_or(place);
        if let Some(reference) = text(context.heap, value, "$ref")
            && let Ok(reference) = Address::read(reference)
        {
            let target = self.counted(context, place.join(&reference).to_string())?;
            self.targets.insert(value.bits(), target);
        }
        for [key, child] in pairs {
            match context.heap.view(key) {
                View::String("const" | "enum") => {}
                // The keys in these are no keywords.
                View::String("properties" | "dependencies" | "patternProperties") => {
                    if let View::Object(pairs) = context.heap.view(child) {
                        let pairs = pairs.to_vec();
                        pairs.into_iter().try_for_each(|it| self.find(context, it[1], place))?;
                    }
                }
                _ => self.find(context, child, place)?,
            }
        }
        Ok(())
    }

    fn counted(&mut self, context: &mut Context<'_>, address: String) -> Result<String, Failure> {
        context.spend(address.len() as u64 / 16)?;
        self.left = self.left.checked_sub(address.len()).ok_or(HeapError::Exhausted)?;
        Ok(address)
    }

    /// Where the reference in an object leads.
    pub(super) fn target(&self, object: Value) -> Option<&str> {
        self.targets.get(&object.bits()).map(String::as_str)
    }

    /// The schema at an address.
    pub(super) fn document(&self, heap: &Heap, address: &str) -> Result<Value, Wrong> {
        if let Some(document) = self.documents.get(address) {
            return Ok(*document);
        }
        let read = Address::read(address).map_err(Wrong::Schema)?;
        if let Some(document) = self.documents.get(&read.of_document().to_string()) {
            return read.pointer().iter().try_fold(*document, |value, key| member(heap, value, key));
        }
        if read.is_complete() {
            wrong(format!("remote reference loading disabled: {address}"))
        } else {
            wrong(format!("Reference {address} must be canonical"))
        }
    }
}

fn member(heap: &Heap, value: Value, key: &str) -> Result<Value, Wrong> {
    match heap.view(value) {
        View::Object(_) => match heap.get_text(value, key) {
            Some(it) => Ok(it),
            None => wrong(format!("Object has no key '{key}'")),
        },
        View::Array(items) | View::Set(items) => match key.parse::<i64>() {
            Ok(index) => match usize::try_from(index).ok().and_then(|it| items.get(it)) {
                Some(it) => Ok(*it),
                None => wrong(format!("Out of bound array[0,{}] index '{index}'", items.len())),
            },
            Err(_not_an_index) => wrong(format!("Invalid array index '{key}'")),
        },
        _ => wrong(format!("Invalid token reference '{key}'")),
    }
}

/// The keyword that gives a schema its address: `id` where it is there, as in draft 4.
pub(super) fn id_key(heap: &Heap, object: Value) -> &'static str {
    if heap.get_text(object, "id").is_some() { "id" } else { "$id" }
}

fn text<'h>(heap: &'h Heap, object: Value, key: &str) -> Option<&'h str> {
    match heap.view(heap.get_text(object, key)?) {
        View::String(it) => Some(it),
        _ => None,
    }
}
