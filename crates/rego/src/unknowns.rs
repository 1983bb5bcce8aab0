//! Values that are not known yet, and what can be said of them all the same.

use crate::heap::{Heap, UnknownId, Value, View};
use crate::item::Item;
use crate::taint::{Taint, Taints};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The unknowns of an evaluation, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Unknowns {
    list: Vec<Unknown>,
    /// What hangs on the same is the same: nothing more is known of it.
    derived: HashMap<Taint, UnknownId>,
}

#[derive(Debug)]
struct Unknown {
    taint: Taint,
    /// Of a collection of which some items may be there: each item with what it hangs on.
    items: Option<(Kind, Box<[Item]>)>,
    /// For people: a text in which words stand for what is not known.
    words: Option<Value>,
}

/// What a collection is of which some items may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Set,
    /// Its items have keys.
    Object,
    /// Its items have keys in keys, as those of a partial rule.
    Nested,
}

/// What stands in texts for people where a value is not known yet. Terraform's own words.
pub(crate) const UNKNOWN_WORDS: &str = "(known after apply)";

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    /// It hangs on unknowns.
    Open,
}

impl Unknowns {
    /// The unknowns of an input, which has so many.
    pub(crate) fn of_input(unknowns: u32, taints: &mut Taints) -> Self {
        let list =
            (0..unknowns).map(|it| Unknown { taint: taints.one(it), items: None, words: None }).collect();
        Self { list, derived: HashMap::new() }
    }

    /// One more unknown of an input.
    pub(crate) fn add(&mut self, taints: &mut Taints) -> Value {
        let number = self.next();
        let taint = taints.one(number.0);
        self.list.push(Unknown { taint, items: None, words: None });
        Value::unknown(number)
    }

    /// A value that hangs on others.
    pub(crate) fn derived(&mut self, taint: Taint) -> Value {
        let next = self.next();
        let number = *self.derived.entry(taint).or_insert(next);
        if number == next {
            self.list.push(Unknown { taint, items: None, words: None });
        }
        Value::unknown(number)
    }

    /// A text that hangs on others, and what it is with words for what is not known.
    pub(crate) fn text(&mut self, taint: Taint, words: Value) -> Value {
        let number = self.next();
        self.list.push(Unknown { taint, items: None, words: Some(words) });
        Value::unknown(number)
    }

    /// What a text is for people, with words for what is not known.
    pub(crate) fn words(&self, id: UnknownId) -> Option<Value> {
        self.list.get(id.0 as usize)?.words
    }

    /// A collection of which some items may not be there.
    pub(crate) fn uncertain(&mut self, taints: &mut Taints, kind: Kind, items: &[Item]) -> Value {
        let taint = taints.union_all(items.iter().map(|it| it.taint));
        let number = self.next();
        self.list.push(Unknown { taint, items: Some((kind, items.into())), words: None });
        Value::unknown(number)
    }

    fn next(&self) -> UnknownId {
        UnknownId(u32::try_from(self.list.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn taint(&self, id: UnknownId) -> Taint {
        self.list.get(id.0 as usize).map_or(Taint::NONE, |it| it.taint)
    }

    /// The items that an uncertain collection can have.
    pub(crate) fn items(&self, id: UnknownId) -> Option<&[Item]> {
        self.list.get(id.0 as usize)?.items.as_ref().map(|it| &*it.1)
    }

    /// What an uncertain collection is.
    pub(crate) fn kind(&self, id: UnknownId) -> Option<Kind> {
        self.list.get(id.0 as usize)?.items.as_ref().map(|it| it.0)
    }

    /// The `index`-th item that going through an unknown can give: its key, its value, and what they hang on.
    pub(crate) fn possibility(&mut self, id: UnknownId, index: usize) -> Option<(Value, Value, Taint)> {
        let taint = self.taint(id);
        match self.list.get(id.0 as usize).and_then(|it| it.items.as_ref()) {
            Some((_, items)) => {
                let item = *items.get(index)?;
                Some((self.derived(taint), item.value, item.taint))
            }
            None if index == 0 => Some((self.derived(taint), self.derived(taint), taint)),
            None => None,
        }
    }

    /// All the unknowns in a value.
    pub(crate) fn taint_of(&self, heap: &Heap, taints: &mut Taints, value: Value) -> Taint {
        if !value.has_unknown() {
            return Taint::NONE;
        }
        let mut found = Vec::new();
        self.taints_in(heap, value, &mut found);
        taints.union_all(found)
    }

    fn taints_in(&self, heap: &Heap, value: Value, found: &mut Vec<Taint>) {
        if !value.has_unknown() {
            return;
        }
        match heap.view(value) {
            View::Unknown(id) => found.push(self.taint(id)),
            View::Array(items) | View::Set(items) => {
                items.iter().for_each(|it| self.taints_in(heap, *it, found));
            }
            View::Object(pairs) => {
                pairs.as_flattened().iter().for_each(|it| self.taints_in(heap, *it, found));
            }
            _ => {}
        }
    }

    /// Whether two values are equal.
    pub(crate) fn equal(&self, heap: &Heap, a: Value, b: Value) -> Truth {
        if !a.has_unknown() && !b.has_unknown() {
            return if heap.equal(a, b) { Truth::Yes } else { Truth::No };
        }
        match (heap.view(a), heap.view(b)) {
            (View::Unknown(_), _) | (_, View::Unknown(_)) => Truth::Open,
            (View::Array(a), View::Array(b)) if a.len() == b.len() => {
                all(a.iter().zip(b).map(|(a, b)| self.equal(heap, *a, *b)))
            }
            (View::Object(a), View::Object(b)) => self.equal_objects(heap, a, b),
            (View::Set(_), View::Set(_)) => Truth::Open,
            _ => Truth::No,
        }
    }

    /// A member that is not known may turn out not to be there.
    fn equal_objects(&self, heap: &Heap, a: &[[Value; 2]], b: &[[Value; 2]]) -> Truth {
        if a.iter().chain(b).any(|[key, _]| key.has_unknown()) {
            return Truth::Open;
        }
        let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
        let mut found = Truth::Yes;
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => heap.compare(a[0], b[0]),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return found,
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            let truth = match (from_left, from_right) {
                (Some(a), Some(b)) => self.equal(heap, a[1], b[1]),
                (Some(it), None) | (None, Some(it)) if is_unknown(heap, it[1]) => Truth::Open,
                _ => Truth::No,
            };
            match truth {
                Truth::No => return Truth::No,
                Truth::Open => found = Truth::Open,
                Truth::Yes => {}
            }
        }
    }
}

/// Whether an unknown stands for all of a value: then it may turn out not to be there.
pub(crate) fn is_unknown(heap: &Heap, value: Value) -> bool {
    matches!(heap.view(value), View::Unknown(_))
}

fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut found = Truth::Yes;
    for truth in truths {
        match truth {
            Truth::No => return Truth::No,
            Truth::Open => found = Truth::Open,
            Truth::Yes => {}
        }
    }
    found
}
