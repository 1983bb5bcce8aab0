//! Keeps the constants of a policy, and makes values of them for an evaluation.

use crate::heap::{Heap, HeapError, Value};
use crate::resolved::{ConstantId, Term};
use foldhash::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// The constants, each once. Several threads may add to them.
#[derive(Debug, Default)]
pub(crate) struct Constants(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    list: Vec<Arc<Constant>>,
    ids: HashMap<Arc<Constant>, ConstantId>,
}

impl Constants {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, constant: Constant) -> ConstantId {
        let mut known = self.known();
        if let Some(id) = known.ids.get(&constant) {
            return *id;
        }
        let id = ConstantId(u32::try_from(known.list.len()).unwrap_or(u32::MAX));
        let constant = Arc::new(constant);
        known.list.push(Arc::clone(&constant));
        known.ids.insert(constant, id);
        id
    }

    pub(crate) fn get(&self, id: ConstantId) -> Arc<Constant> {
        self.known().list.get(id.0 as usize).map_or_else(|| Arc::new(Constant::Null), Arc::clone)
    }

    /// The text that a term is, where it is a constant text.
    pub(crate) fn text(&self, term: &Term) -> Option<String> {
        match term {
            Term::Constant(id) => match &*self.get(*id) {
                Constant::String(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// An array: a constant where all of its items are.
    pub(crate) fn array(&self, items: Vec<Term>) -> Term {
        match all(&items) {
            Some(ids) => Term::Constant(self.add(Constant::Array(ids))),
            None => Term::Array(items),
        }
    }

    /// A set, as [`Self::array`].
    pub(crate) fn set(&self, items: Vec<Term>) -> Term {
        match all(&items) {
            Some(ids) => Term::Constant(self.add(Constant::Set(ids))),
            None => Term::Set(items),
        }
    }

    /// An object, as [`Self::array`].
    pub(crate) fn object(&self, items: Vec<(Term, Term)>) -> Term {
        let ids = items.iter().map(|(key, value)| Some((constant(key)?, constant(value)?)));
        match ids.collect() {
            Some(ids) => Term::Constant(self.add(Constant::Object(ids))),
            None => Term::Object(items),
        }
    }

    /// Makes the values, by their numbers: a constant stands behind those that it consists of.
    pub(crate) fn values(&self, heap: &mut Heap) -> Result<Vec<Value>, HeapError> {
        let known = self.known();
        let mut values: Vec<Value> = Vec::with_capacity(known.list.len());
        for constant in &known.list {
            let at = |id: &ConstantId| values.get(id.0 as usize).copied().unwrap_or(Value::NULL);
            let value = match &**constant {
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
