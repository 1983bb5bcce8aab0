//! Says what a function gives where its operands hold unknowns, as far as that is certain.
//!
//! An unknown can turn out to be any value, or not to be there at all: as a member of an object.

use super::{ITEMS_OF_A_STEP, Machine};
use crate::builtins::{Builtin, Failure, at};
use crate::evaluation_error::EvaluationError;
use crate::heap::{HeapError, Value, View};
use crate::item::Item;
use crate::taint::Taint;
use crate::unknowns::{Kind, Truth, UNKNOWN_WORDS, is_unknown};

/// How many items of a set are compared with each other.
const MAX_COMPARED: usize = 64;

/// What is known of a function's value.
pub(super) enum Knowledge {
    /// What the function makes of its operands: it does not look at what is unknown in them.
    Known,
    /// This, whatever the unknowns turn out to be; it may hold unknowns.
    Value(Value),
    /// Neither what it is, nor whether it is defined.
    Nothing,
}

impl Machine<'_> {
    /// What is known of a function's value for operands that hold unknowns.
    pub(super) fn knowledge(
        &mut self,
        builtin: &Builtin,
        operands: &[Value],
    ) -> Result<Knowledge, EvaluationError> {
        for operand in operands {
            self.spend(self.heap.weight(*operand))?;
        }
        let known = |it: bool| Ok(if it { Knowledge::Known } else { Knowledge::Nothing });
        match (builtin.name, operands) {
            (
                "is_array" | "is_boolean" | "is_null" | "is_number" | "is_object" | "is_set" | "is_string"
                | "type_name",
                [value],
            ) => known(!is_unknown(&self.heap, *value)),
            ("array.concat", [a, b]) => match (self.heap.view(*a), self.heap.view(*b)) {
                (View::Array(_), View::Array(_)) => Ok(Knowledge::Known),
                _ => self.joined(Kind::Array, *a, *b),
            },
            ("or", [a, b]) => match (self.heap.view(*a), self.heap.view(*b)) {
                (View::Set(_), View::Set(_)) => Ok(Knowledge::Known),
                _ => self.joined(Kind::Set, *a, *b),
            },
            ("array.reverse", [array]) => known(matches!(self.heap.view(*array), View::Array(_))),
            ("array.slice", [array, from, to]) => {
                let is_known = !from.has_unknown() && !to.has_unknown();
                known(is_known && matches!(self.heap.view(*array), View::Array(_)))
            }
            ("array.flatten", [array]) => known(match self.heap.view(*array) {
                View::Array(items) => !items.iter().any(|it| is_unknown(&self.heap, *it)),
                _ => false,
            }),
            ("object.remove" | "object.filter", [object, keys]) => {
                known(!keys.has_unknown() && self.has_known_keys(*object))
            }
            ("object.get", [object, key, default]) => Ok(self.got(*object, *key, *default)),
            ("object.keys", [object]) => self.keys(*object),
            ("object.union", [a, b]) => match (self.heap.view(*a), self.heap.view(*b)) {
                (View::Object(_), View::Object(_)) => Ok(Knowledge::Value(self.united(*a, *b)?)),
                _ => Ok(Knowledge::Nothing),
            },
            ("count", [collection]) => Ok(self.counted(*collection)),
            ("internal.member_2", [value, collection]) => Ok(self.member(*value, *collection)),
            ("equal", [a, b]) => Ok(self.are_equal(*a, *b, true)),
            ("neq", [a, b]) => Ok(self.are_equal(*a, *b, false)),
            ("json.marshal", [value]) => {
                if is_unknown(&self.heap, *value) {
                    return Ok(Knowledge::Nothing);
                }
                Ok(self.hanging_on(&[*value]))
            }
            ("sprintf" | "concat", [_, items]) if matches!(self.heap.view(*items), View::Array(_)) => {
                self.written(builtin, operands)
            }
            ("walk", [value]) => {
                let mut found = Vec::new();
                self.walked(*value, &mut Vec::new(), &mut found)?;
                Ok(Knowledge::Value(self.unknowns.uncertain(&mut self.taints, Kind::Array, &found)))
            }
            _ => Ok(Knowledge::Nothing),
        }
    }

    /// A value that is there, and is one that hangs on these.
    fn hanging_on(&mut self, values: &[Value]) -> Knowledge {
        let taints: Vec<_> = values.iter().map(|it| self.taint_of(*it)).collect();
        let taint = self.taints.union_all(taints);
        Knowledge::Value(self.unknowns.derived(taint))
    }

    /// A text, of which people are told as much as is known. What is formatted is always a text; what is joined is one if its
    /// parts are.
    fn written(&mut self, builtin: &Builtin, operands: &[Value]) -> Result<Knowledge, EvaluationError> {
        let mut with_words = Vec::with_capacity(operands.len());
        for operand in operands {
            with_words.push(self.with_words(*operand)?);
        }
        let taints: Vec<_> = operands.iter().map(|it| self.taint_of(*it)).collect();
        let taint = self.taints.union_all(taints);
        if builtin.name == "concat" {
            self.taint = self.taints.union(self.taint, taint);
        }
        let words = (builtin.call)(&mut self.context(), &with_words);
        Ok(Knowledge::Value(match words {
            Ok(words) => {
                let words = self.with_plain_words(words)?;
                self.unknowns.text(taint, words)
            }
            Err(Failure::Heap(error)) => return Err(error.into()),
            Err(Failure::OutOfSteps) => return Err(EvaluationError::OutOfSteps),
            Err(_) => self.unknowns.derived(taint),
        }))
    }

    /// A text in which words that were formatted as a number, `%!d(string=…)`, stand alone.
    fn with_plain_words(&mut self, text: Value) -> Result<Value, HeapError> {
        let View::String(written) = self.heap.view(text) else { return Ok(text) };
        let formatted = format!("(string={UNKNOWN_WORDS})");
        if !written.contains(&formatted) {
            return Ok(text);
        }
        let parts: Vec<&str> = written.split(&formatted).collect();
        let last = parts.len().saturating_sub(1);
        let mut plain = String::with_capacity(written.len());
        for (index, part) in parts.into_iter().enumerate() {
            // Before it stands `%!` and the verb.
            let end = part.char_indices().rev().nth(2).map_or(0, |(at, _)| at);
            let (before, verb) = part.split_at(if index == last { part.len() } else { end });
            plain.push_str(before);
            plain.push_str(if verb.starts_with("%!") { "" } else { verb });
            plain.push_str(if index == last { "" } else { UNKNOWN_WORDS });
        }
        self.heap.string(&plain)
    }

    /// A value with words in the place of what is not known in it.
    fn with_words(&mut self, value: Value) -> Result<Value, EvaluationError> {
        if !value.has_unknown() {
            return Ok(value);
        }
        self.spend(ITEMS_OF_A_STEP)?;
        match self.heap.view(value) {
            View::Unknown(id) => match self.unknowns.words(id) {
                Some(words) => Ok(words),
                None => Ok(self.heap.string(UNKNOWN_WORDS)?),
            },
            View::Array(items) => {
                let items = items.to_vec();
                let items = items.into_iter().map(|it| self.with_words(it)).collect::<Result<Vec<_>, _>>()?;
                Ok(self.heap.array(&items)?)
            }
            View::Set(items) => {
                let items = items.to_vec();
                let items = items.into_iter().map(|it| self.with_words(it)).collect::<Result<Vec<_>, _>>()?;
                Ok(self.heap.set(items)?)
            }
            View::Object(pairs) => {
                let mut pairs = pairs.to_vec();
                for part in pairs.as_flattened_mut() {
                    *part = self.with_words(*part)?;
                }
                Ok(self.heap.object(pairs)?)
            }
            _ => Ok(value),
        }
    }

    fn has_known_keys(&self, object: Value) -> bool {
        match self.heap.view(object) {
            View::Object(pairs) => !pairs.iter().any(|[key, _]| key.has_unknown()),
            _ => false,
        }
    }

    fn got(&mut self, object: Value, key: Value, default: Value) -> Knowledge {
        if is_unknown(&self.heap, object) || key.has_unknown() {
            return Knowledge::Nothing;
        }
        let (path, is_path) = match self.heap.view(key) {
            View::Array(path) => (path, true),
            _ => (std::slice::from_ref(&key), false),
        };
        let mut value = object;
        for key in path {
            let is_open = match self.heap.view(value) {
                View::Unknown(_) => true,
                View::Object(pairs) => pairs.iter().any(|[key, _]| key.has_unknown()),
                View::Set(_) => value.has_unknown(),
                _ => false,
            };
            if is_open {
                return self.hanging_on(&[value, default]);
            }
            let found = if is_path { at(&self.heap, value, *key) } else { self.heap.get(value, *key) };
            match found {
                Some(it) => value = it,
                None => return Knowledge::Value(default),
            }
        }
        // What is not known may be missing, and then this is the default.
        if is_unknown(&self.heap, value) {
            self.hanging_on(&[value, default])
        } else {
            Knowledge::Value(value)
        }
    }

    fn keys(&mut self, object: Value) -> Result<Knowledge, EvaluationError> {
        let View::Object(pairs) = self.heap.view(object) else { return Ok(Knowledge::Nothing) };
        let pairs = pairs.to_vec();
        if !pairs.iter().any(|[key, value]| key.has_unknown() || is_unknown(&self.heap, *value)) {
            return Ok(Knowledge::Known);
        }
        let mut keys = Vec::new();
        for [key, value] in pairs {
            let may_be_missing = is_unknown(&self.heap, value);
            let taint = if may_be_missing { self.taint_of(value) } else { Taint::NONE };
            keys.push(item(key, taint));
        }
        Ok(Knowledge::Value(self.unknowns.uncertain(&mut self.taints, Kind::Set, &keys)))
    }

    /// What is in one of two objects; of what is in both, objects united and otherwise the second.
    fn united(&mut self, a: Value, b: Value) -> Result<Value, EvaluationError> {
        self.spend(ITEMS_OF_A_STEP)?;
        let (left, right) = match (self.heap.view(a), self.heap.view(b)) {
            (View::Object(left), View::Object(right)) => (left.to_vec(), right.to_vec()),
            (_, View::Unknown(_)) | (View::Unknown(_), View::Object(_)) => {
                let taints = [self.taint_of(a), self.taint_of(b)];
                let taint = self.taints.union_all(taints);
                return Ok(self.unknowns.derived(taint));
            }
            _ => return Ok(b),
        };
        let mut pairs = left;
        for [key, value] in right {
            match pairs.iter().position(|it| self.heap.equal(it[0], key)) {
                Some(at) => {
                    let there = pairs.get(at).map_or(value, |it| it[1]);
                    let both = self.united(there, value)?;
                    if let Some(pair) = pairs.get_mut(at) {
                        pair[1] = both;
                    }
                }
                None => pairs.push([key, value]),
            }
        }
        Ok(self.heap.object(pairs)?)
    }

    /// All items of two collections of one kind, of which one may be uncertain.
    fn joined(&mut self, kind: Kind, a: Value, b: Value) -> Result<Knowledge, EvaluationError> {
        for it in [a, b] {
            if let View::Unknown(id) = self.heap.view(it)
                && self.unknowns.kind(id) != Some(kind)
            {
                return Ok(Knowledge::Nothing);
            }
        }
        let (Some(mut items), Some(more)) = (self.items_of(a), self.items_of(b)) else {
            return Ok(Knowledge::Nothing);
        };
        items.extend(more);
        Ok(Knowledge::Value(match kind {
            Kind::Set => self.set_of(items)?,
            _ => self.unknowns.uncertain(&mut self.taints, kind, &items),
        }))
    }

    /// The items of an array, a set, or a collection that may have some of them.
    fn items_of(&self, collection: Value) -> Option<Vec<Item>> {
        match self.heap.view(collection) {
            View::Array(items) | View::Set(items) => {
                Some(items.iter().map(|it| item(*it, Taint::NONE)).collect())
            }
            View::Unknown(id) => self.unknowns.items(id).map(<[Item]>::to_vec),
            _ => None,
        }
    }

    fn counted(&mut self, collection: Value) -> Knowledge {
        match self.heap.view(collection) {
            View::Array(_) => Knowledge::Known,
            View::Object(pairs)
                if !pairs.iter().any(|[key, value]| key.has_unknown() || is_unknown(&self.heap, *value)) =>
            {
                Knowledge::Known
            }
            View::Set(items) if self.all_differ(items) => Knowledge::Known,
            View::Object(_) | View::Set(_) => self.hanging_on(&[collection]),
            View::Unknown(id) if self.unknowns.items(id).is_some() => self.hanging_on(&[collection]),
            _ => Knowledge::Nothing,
        }
    }

    /// Whether no two of these can turn out to be equal: they differ at a key of each, or in what else is known of them.
    fn all_differ(&self, items: &[Value]) -> bool {
        let keys = match items.first().map(|it| self.heap.view(*it)) {
            Some(View::Object(pairs)) => pairs,
            _ => &[],
        };
        let tells_apart = |key: Value| {
            let values: Option<Vec<Value>> = items.iter().map(|it| self.heap.get(*it, key)).collect();
            values.is_some_and(|mut values| {
                values.sort_by(|a, b| self.heap.compare(*a, *b));
                let differ = |a: Value, b: Value| !self.heap.equal(a, b);
                !values.iter().any(|it| it.has_unknown())
                    && values.array_windows().all(|[a, b]| differ(*a, *b))
            })
        };
        if keys.iter().any(|[key, _]| !key.has_unknown() && tells_apart(*key)) {
            return true;
        }
        items.len() <= MAX_COMPARED
            && items.iter().enumerate().all(|(index, a)| {
                let rest = items.get(index + 1..).unwrap_or_default();
                rest.iter().all(|b| self.unknowns.equal(&self.heap, *a, *b) == Truth::No)
            })
    }

    fn member(&mut self, value: Value, collection: Value) -> Knowledge {
        if is_unknown(&self.heap, value) {
            return Knowledge::Nothing;
        }
        let items = match self.heap.view(collection) {
            View::Object(pairs) => pairs.iter().map(|it| item(it[1], Taint::NONE)).collect(),
            _ => match self.items_of(collection) {
                Some(items) => items,
                None => return Knowledge::Nothing,
            },
        };
        let mut is_open = false;
        for it in items {
            match self.unknowns.equal(&self.heap, it.value, value) {
                Truth::Yes if it.taint.is_none() => return Knowledge::Value(Value::TRUE),
                Truth::No => {}
                Truth::Yes | Truth::Open => is_open = true,
            }
        }
        if is_open { self.hanging_on(&[value, collection]) } else { Knowledge::Value(Value::FALSE) }
    }

    fn are_equal(&mut self, a: Value, b: Value, wanted: bool) -> Knowledge {
        match self.unknowns.equal(&self.heap, a, b) {
            Truth::Yes => Knowledge::Value(Value::bool(wanted)),
            Truth::No => Knowledge::Value(Value::bool(!wanted)),
            Truth::Open if is_unknown(&self.heap, a) || is_unknown(&self.heap, b) => Knowledge::Nothing,
            Truth::Open => self.hanging_on(&[a, b]),
        }
    }

    /// The pairs of a path and the value there. Below what is not known there may be more.
    fn walked(
        &mut self,
        value: Value,
        path: &mut Vec<Value>,
        found: &mut Vec<Item>,
    ) -> Result<(), EvaluationError> {
        self.spend(ITEMS_OF_A_STEP)?;
        if size_of_val(found.as_slice()) > self.heap.left() {
            return Err(HeapError::Exhausted.into());
        }
        let taint = if is_unknown(&self.heap, value) { self.taint_of(value) } else { Taint::NONE };
        let here = self.heap.array(path)?;
        found.push(item(self.heap.array(&[here, value])?, taint));
        let children: Vec<[Value; 2]> = match self.heap.view(value) {
            View::Object(pairs) => pairs.to_vec(),
            View::Set(items) => items.iter().map(|it| [*it, *it]).collect(),
            View::Array(items) => {
                let items = items.to_vec();
                let mut numbered = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    numbered.push([self.heap.integer(i64::try_from(index).unwrap_or(i64::MAX))?, item]);
                }
                numbered
            }
            View::Unknown(_) => {
                let somewhere = self.unknowns.derived(taint);
                found.push(item(self.heap.array(&[somewhere, somewhere])?, taint));
                return Ok(());
            }
            _ => return Ok(()),
        };
        for [key, child] in children {
            path.push(key);
            self.walked(child, path, found)?;
            path.pop();
        }
        Ok(())
    }
}

fn item(value: Value, taint: Taint) -> Item {
    Item { key: Value::NULL, value, contains: false, taint }
}
