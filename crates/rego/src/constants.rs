//! Keeps the constants of a policy, and makes values of them for an evaluation.

use crate::heap::{Heap, HeapError, Value};
use crate::resolved::{ConstantId, Term};
use foldhash::HashMap;

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<ConstantId>),
    Set(Vec<ConstantId>),
    Object(Vec<(ConstantId, ConstantId)>),
}

/// The constants, each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Constants {
    list: Vec<Constant>,
    ids: HashMap<Constant, ConstantId>,
}

impl Constants {
    pub(crate) fn add(&mut self, constant: Constant) -> ConstantId {
        if let Some(id) = self.ids.get(&constant) {
            return *id;
        }
        let id = ConstantId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(constant.clone());
        self.ids.insert(constant, id);
        id
    }

    pub(crate) fn get(&self, id: ConstantId) -> &Constant {
        self.list.get(id.0 as usize).unwrap_or(&Constant::Null)
    }

    /// The text that a term is, where it is a constant text.
    pub(crate) fn text(&self, term: &Term) -> Option<&str> {
        match term {
            Term::Constant(id) => match self.get(*id) {
                Constant::String(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// An array: a constant where all of its items are.
    pub(crate) fn array(&mut self, items: Vec<Term>) -> Term {
        match all(&items) {
            Some(ids) => Term::Constant(self.add(Constant::Array(ids))),
            None => Term::Array(items),
        }
    }

    /// A set, as [`Self::array`].
    pub(crate) fn set(&mut self, items: Vec<Term>) -> Term {
        match all(&items) {
            Some(ids) => Term::Constant(self.add(Constant::Set(ids))),
            None => Term::Set(items),
        }
    }

    /// An object, as [`Self::array`].
    pub(crate) fn object(&mut self, items: Vec<(Term, Term)>) -> Term {
        let ids = items.iter().map(|(key, value)| Some((constant(key)?, constant(value)?)));
        match ids.collect() {
            Some(ids) => Term::Constant(self.add(Constant::Object(ids))),
            None => Term::Object(items),
        }
    }

    /// Makes the values, by their numbers: a constant stands behind those that it consists of.
    pub(crate) fn values(&self, heap: &mut Heap) -> Result<Vec<Value>, HeapError> {
        let mut values: Vec<Value> = Vec::with_capacity(self.list.len());
        for constant in &self.list {
            let at = |id: &ConstantId| values.get(id.0 as usize).copied().unwrap_or(Value::NULL);
            let value = match constant {
                Constant::Null => Value::NULL,
                Constant::Bool(it) => Value::bool(*it),
                Constant::Number(text) => heap.number(text)?,
                Constant::String(text) => heap.string(text)?,
                Constant::Array(ids) => heap.array(&ids.iter().map(at).collect::<Vec<_>>())?,
                Constant::Set(ids) => heap.set(ids.iter().map(at).collect())?,
                Constant::Object(ids) => {
                    heap.object(ids.iter().map(|(key, value)| [at(key), at(value)]).collect())?
                }
            };
            values.push(value);
        }
        Ok(values)
    }
}

fn constant(term: &Term) -> Option<ConstantId> {
    match term {
        Term::Constant(id) => Some(*id),
        _ => None,
    }
}

fn all(terms: &[Term]) -> Option<Vec<ConstantId>> {
    terms.iter().map(constant).collect()
}
