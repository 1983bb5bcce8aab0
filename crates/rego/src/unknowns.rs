//! Values that are not known yet, and what can be said of them all the same.

use crate::heap::{Heap, UnknownId, Value, View};
use crate::item::Item;
use crate::taint::{Taint, Taints};

/// The unknowns of an evaluation, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Unknowns {
    list: Vec<Unknown>,
}

#[derive(Debug)]
struct Unknown {
    taint: Taint,
    /// Of a collection of which some items may be there: each item with what it hangs on.
    items: Option<Box<[Item]>>,
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    /// It hangs on unknowns.
    Open,
}

impl Unknowns {
    /// An unknown of the input: the next number.
    pub(crate) fn add(&mut self, taints: &mut Taints) -> Value {
        let number = self.next();
        let taint = taints.one(number.0);
        self.list.push(Unknown { taint, items: None });
        Value::unknown(number)
    }

    /// A value that hangs on others.
    pub(crate) fn derived(&mut self, taint: Taint) -> Value {
        let number = self.next();
        self.list.push(Unknown { taint, items: None });
        Value::unknown(number)
    }

    /// A collection of which some items may not be there.
    pub(crate) fn uncertain(&mut self, taints: &mut Taints, items: &[Item]) -> Value {
        let taint = items.iter().fold(Taint::NONE, |all, it| taints.union(all, it.taint));
        let number = self.next();
        self.list.push(Unknown { taint, items: Some(items.into()) });
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
        self.list.get(id.0 as usize)?.items.as_deref()
    }

    /// The `index`-th item that going through an unknown can give: its key, its value, and what they hang on.
    pub(crate) fn possibility(&mut self, id: UnknownId, index: usize) -> Option<(Value, Value, Taint)> {
        let taint = self.taint(id);
        match self.list.get(id.0 as usize).and_then(|it| it.items.as_ref()) {
            Some(items) => {
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
        match heap.view(value) {
            View::Unknown(id) => self.taint(id),
            View::Array(items) | View::Set(items) => items.iter().fold(Taint::NONE, |all, it| {
                let of_item = self.taint_of(heap, taints, *it);
                taints.union(all, of_item)
            }),
            View::Object(pairs) => pairs.as_flattened().iter().fold(Taint::NONE, |all, it| {
                let of_item = self.taint_of(heap, taints, *it);
                taints.union(all, of_item)
            }),
            _ => Taint::NONE,
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
            (View::Object(a), View::Object(b)) if a.len() == b.len() => {
                let keys = all(a.iter().zip(b).map(|(a, b)| self.equal(heap, a[0], b[0])));
                match keys {
                    Truth::Yes => all(a.iter().zip(b).map(|(a, b)| self.equal(heap, a[1], b[1]))),
                    it => it,
                }
            }
            (View::Set(_), View::Set(_)) => Truth::Open,
            _ => Truth::No,
        }
    }
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
