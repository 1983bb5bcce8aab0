//! Values that are not known yet, and what can be said of them all the same.

use crate::heap::{Heap, UnknownId, Value, View};
use crate::item::Item;
use crate::taint::{Taint, Taints};
use std::cmp::Ordering;

/// The unknowns of an evaluation, by their numbers. Two with the same number are the same value.
#[derive(Debug, Default)]
pub(crate) struct Unknowns {
    list: Vec<Unknown>,
    /// How many of them are of the input.
    of_input: usize,
}

#[derive(Debug)]
struct Unknown {
    taint: Taint,
    /// Whether, as a member of an object, it may turn out not to be there.
    may_be_missing: bool,
    known: Option<Box<Known>>,
}

/// What is known of an unknown.
#[derive(Debug)]
enum Known {
    /// It is a collection of some of these items, each with what it hangs on.
    Items(Kind, Box<[Item]>),
    /// It is a text, and this is that text with words for what is not known, for people.
    Words(Value),
    /// It is a whole number, from the first to the second.
    Number(u64, u64),
}

/// What a collection is of which some items may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Array,
    Set,
    /// Its items have keys.
    Object,
}

/// How many unknowns there may be: an evaluation that makes more takes too much memory.
const MAX_UNKNOWNS: usize = 1 << 22;

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
        let unknown = |it| Unknown { taint: taints.one(it), may_be_missing: true, known: None };
        let list: Vec<Unknown> = (0..unknowns).map(unknown).collect();
        Self { of_input: list.len(), list }
    }

    /// Forgets all but those of the input; whoever calls this has none of them left.
    pub(crate) fn forget(&mut self) {
        self.list.truncate(self.of_input);
    }

    /// Whether there are more than an evaluation may make.
    pub(crate) fn are_too_many(&self) -> bool {
        self.list.len() > self.of_input + MAX_UNKNOWNS
    }

    /// One more unknown of an input.
    pub(crate) fn add(&mut self, taints: &mut Taints) -> Value {
        let taint = taints.one(self.next().0);
        self.member(taint)
    }

    /// A member of an object that hangs on others and may not be there.
    pub(crate) fn member(&mut self, taint: Taint) -> Value {
        self.push(Unknown { taint, may_be_missing: true, known: None })
    }

    /// A value that hangs on others.
    pub(crate) fn derived(&mut self, taint: Taint) -> Value {
        self.push(Unknown { taint, may_be_missing: false, known: None })
    }

    /// A text that hangs on others, and what it is with words for what is not known.
    pub(crate) fn text(&mut self, taint: Taint, words: Value) -> Value {
        self.push(Unknown { taint, may_be_missing: false, known: Some(Box::new(Known::Words(words))) })
    }

    /// A whole number that hangs on others and is within these bounds.
    pub(crate) fn number(&mut self, taint: Taint, least: u64, most: u64) -> Value {
        let known = Some(Box::new(Known::Number(least, most)));
        self.push(Unknown { taint, may_be_missing: false, known })
    }

    /// A collection of which some items may not be there.
    pub(crate) fn uncertain(
        &mut self,
        heap: &Heap,
        taints: &mut Taints,
        kind: Kind,
        items: &[Item],
    ) -> Value {
        let mut found = Vec::new();
        for item in items {
            found.push(item.taint);
            self.taints_in(heap, item.key, &mut found);
            self.taints_in(heap, item.value, &mut found);
        }
        let taint = taints.union_all(found);
        let known = Some(Box::new(Known::Items(kind, items.into())));
        self.push(Unknown { taint, may_be_missing: false, known })
    }

    fn push(&mut self, unknown: Unknown) -> Value {
        let number = self.next();
        self.list.push(unknown);
        Value::unknown(number)
    }

    fn next(&self) -> UnknownId {
        UnknownId(u32::try_from(self.list.len()).unwrap_or(u32::MAX))
    }

    fn get(&self, id: UnknownId) -> Option<&Unknown> {
        self.list.get(id.0 as usize)
    }

    fn known(&self, id: UnknownId) -> Option<&Known> {
        self.get(id)?.known.as_deref()
    }

    pub(crate) fn taint(&self, id: UnknownId) -> Taint {
        self.get(id).map_or(Taint::NONE, |it| it.taint)
    }

    /// Whether a value, as a member of an object, may turn out not to be there.
    pub(crate) fn may_be_missing(&self, heap: &Heap, value: Value) -> bool {
        match heap.view(value) {
            View::Unknown(id) => self.get(id).is_some_and(|it| it.may_be_missing),
            _ => false,
        }
    }

    /// What a text is for people, with words for what is not known.
    pub(crate) fn words(&self, id: UnknownId) -> Option<Value> {
        match self.known(id) {
            Some(Known::Words(words)) => Some(*words),
            _ => None,
        }
    }

    /// The items that an uncertain collection can have.
    pub(crate) fn items(&self, id: UnknownId) -> Option<&[Item]> {
        match self.known(id) {
            Some(Known::Items(_, items)) => Some(items),
            _ => None,
        }
    }

    /// What an uncertain collection is.
    pub(crate) fn kind(&self, id: UnknownId) -> Option<Kind> {
        match self.known(id) {
            Some(Known::Items(kind, _)) => Some(*kind),
            _ => None,
        }
    }

    /// The bounds of a whole number.
    pub(crate) fn bounds(&self, heap: &Heap, value: Value) -> Option<(u64, u64)> {
        match heap.view(value) {
            View::Number(number) => {
                let number = u64::try_from(number.as_integer()?).ok()?;
                Some((number, number))
            }
            View::Unknown(id) => match self.known(id) {
                Some(Known::Number(least, most)) => Some((*least, *most)),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many items an uncertain collection has at least, and at most. An item that comes of going through an unknown
    /// stands for any number of them.
    pub(crate) fn size(&self, kind: Kind, items: &[Item]) -> (u64, u64) {
        let is_known = |it: &&Item| match kind {
            Kind::Array => it.taint.is_none(),
            // What is not known may be the same as another one.
            Kind::Set => !it.value.has_unknown(),
            Kind::Object => !it.key.has_unknown(),
        };
        let proved = items.iter().filter(|it| it.taint.is_none());
        let least = proved.clone().filter(is_known).count().max(proved.take(1).count());
        let is_bounded = items.iter().all(|it| is_known(&it));
        (least as u64, if is_bounded { items.len() as u64 } else { u64::MAX })
    }

    /// The `index`-th item that going through an unknown can give: its key, its value, and what they hang on.
    pub(crate) fn possibility(&mut self, id: UnknownId, index: usize) -> Option<(Value, Value, Taint)> {
        let taint = self.taint(id);
        match self.known(id) {
            Some(Known::Items(kind, items)) => {
                let (kind, item) = (*kind, *items.get(index)?);
                let key = match kind {
                    // The item may stand further to the front.
                    Kind::Array => self.derived(taint),
                    Kind::Set => item.value,
                    Kind::Object => item.key,
                };
                Some((key, item.value, item.taint))
            }
            Some(Known::Words(_) | Known::Number(..)) => None,
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
        if a.is(b) {
            return Truth::Yes;
        }
        if !a.has_unknown() && !b.has_unknown() {
            return if heap.equal(a, b) { Truth::Yes } else { Truth::No };
        }
        match (heap.view(a), heap.view(b)) {
            (View::Unknown(a), _) => self.may_equal(heap, a, b),
            (_, View::Unknown(b)) => self.may_equal(heap, b, a),
            (View::Array(a), View::Array(b)) if a.len() == b.len() => {
                all(a.iter().zip(b).map(|(a, b)| self.equal(heap, *a, *b)))
            }
            (View::Object(a), View::Object(b)) => self.equal_objects(heap, a, b),
            (View::Set(_), View::Set(_)) => Truth::Open,
            _ => Truth::No,
        }
    }

    /// Whether an unknown can turn out to be a value.
    fn may_equal(&self, heap: &Heap, unknown: UnknownId, value: Value) -> Truth {
        let can_be = match (self.known(unknown), heap.view(value)) {
            (_, View::Unknown(_)) | (None, _) => true,
            (Some(Known::Words(_)), other) => matches!(other, View::String(_)),
            (Some(Known::Number(least, most)), View::Number(number)) => match number.as_integer() {
                Some(number) => u64::try_from(number).is_ok_and(|it| (*least..=*most).contains(&it)),
                None => true,
            },
            (Some(Known::Items(kind, items)), other) => {
                let (least, most) = self.size(*kind, items);
                let within = |length: usize| (least..=most).contains(&(length as u64));
                match (kind, other) {
                    (Kind::Array, View::Array(it)) => within(it.len()),
                    (Kind::Set, View::Set(it)) => it.iter().any(|it| it.has_unknown()) || within(it.len()),
                    (Kind::Object, View::Object(_)) => true,
                    _ => false,
                }
            }
            (Some(Known::Number(..)), _) => false,
        };
        if can_be { Truth::Open } else { Truth::No }
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
                (Some(it), None) | (None, Some(it)) if self.may_be_missing(heap, it[1]) => Truth::Open,
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
