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
    String(Arc<str>),
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
    /// Of texts, which are most of them: they can be found without being copied.
    texts: HashMap<Arc<str>, ConstantId>,
    others: HashMap<Arc<Constant>, ConstantId>,
}

impl Known {
    fn push(&mut self, constant: Arc<Constant>) -> ConstantId {
        let id = ConstantId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(constant);
        id
    }
}

impl Constants {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, constant: Constant) -> ConstantId {
        if let Constant::String(text) = &constant {
            return self.text(text);
        }
        let mut known = self.known();
        if let Some(id) = known.others.get(&constant) {
            return *id;
        }
        let constant = Arc::new(constant);
        let id = known.push(Arc::clone(&constant));
        known.others.insert(constant, id);
        id
    }

    /// The constant that is this text.
    pub(crate) fn text(&self, text: &str) -> ConstantId {
        let mut known = self.known();
        if let Some(id) = known.texts.get(text) {
            return *id;
        }
        let text: Arc<str> = text.into();
        let id = known.push(Arc::new(Constant::String(Arc::clone(&text))));
        known.texts.insert(text, id);
        id
    }

    pub(crate) fn get(&self, id: ConstantId) -> Arc<Constant> {
        self.known().list.get(id.0 as usize).map_or_else(|| Arc::new(Constant::Null), Arc::clone)
    }

    /// The text that a term is, where it is a constant text.
    pub(crate) fn text_of(&self, term: &Term) -> Option<Arc<str>> {
        match term {
            Term::Constant(id) => match &*self.get(*id) {
                Constant::String(text) => Some(Arc::clone(text)),
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
