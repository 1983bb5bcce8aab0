//! Says what a function gives where its operands hold unknowns, as far as that is certain.
//!
//! An unknown can turn out to be any value, or not to be there at all: as a member of an object.

use super::{ITEMS_OF_A_STEP, Machine};
use crate::builtins::{Builtin, Failure, Verdict, at, verdict};
use crate::evaluation_error::EvaluationError;
use crate::heap::{HeapError, UnknownId, Value, View};
use crate::item::Item;
use crate::taint::Taint;
use crate::unknowns::{Kind, Truth, UNKNOWN_WORDS, is_unknown};
use std::cmp::Ordering;

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
            ) => match self.kind(*value) {
                Some(kind) => self.of_kind(builtin.name, kind),
                None => known(!is_unknown(&self.heap, *value)),
            },
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
            ("minus", [a, b]) => self.parted(*a, *b, false),
            ("and", [a, b]) => self.parted(*a, *b, true),
            ("object.remove" | "object.filter", [object, keys]) => {
                known(!keys.has_unknown() && matches!(self.heap.view(*object), View::Object(_)))
            }
            ("object.get", [object, key, default]) => Ok(self.got(*object, *key, *default)),
            ("object.keys", [object]) => self.keys(*object),
            ("object.union", [a, b]) => match (self.heap.view(*a), self.heap.view(*b)) {
                (View::Object(_), View::Object(_)) => Ok(Knowledge::Value(self.united(*a, *b)?)),
                _ => Ok(Knowledge::Nothing),
            },
            ("count", [collection]) => self.counted(*collection),
            ("internal.member_2", [value, collection]) => Ok(self.member(*value, *collection)),
            ("equal", [a, b]) => Ok(self.are_equal(*a, *b, true)),
            ("neq", [a, b]) => Ok(self.are_equal(*a, *b, false)),
            ("lt", [a, b]) => Ok(self.is_less(*a, *b, true)),
            ("gte", [a, b]) => Ok(self.is_less(*a, *b, false)),
            ("gt", [a, b]) => Ok(self.is_less(*b, *a, true)),
            ("lte", [a, b]) => Ok(self.is_less(*b, *a, false)),
            ("json.marshal", [value]) => {
                if is_unknown(&self.heap, *value) {
                    return Ok(Knowledge::Nothing);
                }
                Ok(self.hanging_on(&[*value]))
            }
            ("json.verify_schema", [schema]) if !is_unknown(&self.heap, *schema) => {
                Ok(self.hanging_on(&[*schema]))
            }
            ("json.match_schema", [document, schema])
                if !is_unknown(&self.heap, *document) && !schema.has_unknown() =>
            {
                self.matched(*document, *schema)
            }
            ("sprintf", [format, values])
                if !format.has_unknown() && matches!(self.heap.view(*values), View::Array(_)) =>
            {
                self.written(builtin, operands)
            }
            ("concat", [delimiter, texts])
                if !delimiter.has_unknown()
                    && (self.kind(*texts).is_some() || !is_unknown(&self.heap, *texts)) =>
            {
                self.written(builtin, operands)
            }
            ("walk", [value]) => {
                let mut found = Vec::new();
                self.walked(*value, &mut Vec::new(), &mut found)?;
                Ok(Knowledge::Value(self.uncertain(Kind::Array, &found)))
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

    /// Whether a document keeps to a schema, and what it does not keep: that is certain only where there is nothing.
    fn matched(&mut self, document: Value, schema: Value) -> Result<Knowledge, EvaluationError> {
        let taint = self.taint_of(document);
        let matches = match verdict(&mut self.context(), document, schema) {
            Ok(Verdict::Yes) => {
                let none = self.heap.array(&[])?;
                return Ok(Knowledge::Value(self.heap.array(&[Value::TRUE, none])?));
            }
            Ok(Verdict::No) => Value::FALSE,
            Ok(Verdict::Open) => self.unknowns.derived(taint),
            Err(Failure::Heap(error)) => return Err(error.into()),
            Err(Failure::OutOfSteps) => return Err(EvaluationError::OutOfSteps),
            Err(_) => return Ok(Knowledge::Nothing),
        };
        let errors = self.unknowns.derived(taint);
        Ok(Knowledge::Value(self.heap.array(&[matches, errors])?))
    }

    /// A text, of which people are told as much as is known.
    fn written(&mut self, builtin: &Builtin, operands: &[Value]) -> Result<Knowledge, EvaluationError> {
        let mut with_words = Vec::with_capacity(operands.len());
        for operand in operands {
            with_words.push(self.with_words(*operand)?);
        }
        let taints: Vec<_> = operands.iter().map(|it| self.taint_of(*it)).collect();
        let taint = self.taints.union_all(taints);
        // What is formatted is always a text; what is joined is one if its parts are.
        let are_texts = |items: Option<Vec<Item>>| {
            let is_text = |it: &Item| matches!(self.heap.view(it.value), View::String(_));
            items.is_some_and(|it| it.iter().all(is_text))
        };
        if builtin.name == "concat" && !operands.get(1).is_some_and(|it| are_texts(self.items_of(*it))) {
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
            View::Unknown(id) => self.words_of(id),
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

    /// What stands for an unknown: of a collection that may have some items, all of them.
    fn words_of(&mut self, id: UnknownId) -> Result<Value, EvaluationError> {
        if let Some(words) = self.unknowns.words(id) {
            return Ok(words);
        }
        let (Some(kind), Some(items)) = (self.unknowns.kind(id), self.unknowns.items(id)) else {
            return Ok(self.heap.string(UNKNOWN_WORDS)?);
        };
        let mut pairs: Vec<[Value; 2]> = items.iter().map(|it| [it.key, it.value]).collect();
        for part in pairs.as_flattened_mut() {
            *part = self.with_words(*part)?;
        }
        let values = || pairs.iter().map(|it| it[1]).collect::<Vec<_>>();
        Ok(match kind {
            Kind::Array => self.heap.array(&values())?,
            Kind::Set => self.heap.set(values())?,
            Kind::Object => self.heap.object(pairs)?,
        })
    }

    /// What `is_array` and the like, and `type_name`, say of a collection that may have some items.
    fn of_kind(&mut self, name: &str, kind: Kind) -> Result<Knowledge, EvaluationError> {
        let kind = match kind {
            Kind::Array => "array",
            Kind::Set => "set",
            Kind::Object => "object",
        };
        Ok(Knowledge::Value(match name.strip_prefix("is_") {
            Some(wanted) => Value::bool(wanted == kind),
            None => self.heap.string(kind)?,
        }))
    }

    /// The items of one set that are in another one, or those that are not.
    fn parted(&mut self, a: Value, b: Value, wanted: bool) -> Result<Knowledge, EvaluationError> {
        let is_set = |this: &Self, it: Value| match this.kind(it) {
            Some(kind) => kind == Kind::Set,
            None => matches!(this.heap.view(it), View::Set(_)),
        };
        if !is_set(self, a) || !is_set(self, b) {
            return Ok(Knowledge::Nothing);
        }
        let (Some(from), Some(others)) = (self.items_of(a), self.items_of(b)) else {
            return Ok(Knowledge::Nothing);
        };
        self.spend(from.len() as u64 * others.len() as u64)?;
        let mut parted = Vec::new();
        for item in from {
            let (mut is_in, mut possible) = (false, Vec::new());
            for other in &others {
                match self.unknowns.equal(&self.heap, item.value, other.value) {
                    Truth::No => {}
                    Truth::Yes if other.taint.is_none() => is_in = true,
                    Truth::Yes | Truth::Open => {
                        possible.push(other.taint);
                        possible.push(self.taint_of(other.value));
                        possible.push(self.taint_of(item.value));
                    }
                }
            }
            let reason = self.taints.union_all(possible.iter().copied());
            let taint = match (is_in, possible.is_empty()) {
                (true, _) if wanted => item.taint,
                (true, _) => continue,
                (false, true) if wanted => continue,
                (false, true) => item.taint,
                (false, false) => self.taints.union(item.taint, reason),
            };
            parted.push(Item { taint, ..item });
        }
        Ok(Knowledge::Value(self.set_of(parted)?))
    }

    /// Whether one number is less than another one, or is not.
    fn is_less(&mut self, a: Value, b: Value, wanted: bool) -> Knowledge {
        let bounds = |it| self.unknowns.bounds(&self.heap, it);
        match (bounds(a), bounds(b)) {
            (Some((_, most)), Some((least, _))) if most < least => Knowledge::Value(Value::bool(wanted)),
            (Some((least, _)), Some((_, most))) if least >= most => Knowledge::Value(Value::bool(!wanted)),
            (Some(_), Some(_)) => self.hanging_on(&[a, b]),
            _ => Knowledge::Nothing,
        }
    }

    fn got(&mut self, object: Value, key: Value, default: Value) -> Knowledge {
        let is_object = self.kind(object).map_or(!is_unknown(&self.heap, object), |it| it == Kind::Object);
        if !is_object || key.has_unknown() {
            return Knowledge::Nothing;
        }
        let (path, is_path) = match self.heap.view(key) {
            View::Array(path) => (path, true),
            _ => (std::slice::from_ref(&key), false),
        };
        let mut value = object;
        for key in path {
            let found = match self.heap.view(value) {
                View::Unknown(id) => match self.possible(id, *key) {
                    Some(Some((value, taint))) if taint.is_none() => Some(value),
                    Some(None) => None,
                    _ => return self.hanging_on(&[value, default]),
                },
                View::Set(_) if value.has_unknown() => return self.hanging_on(&[value, default]),
                _ if is_path => at(&self.heap, value, *key),
                _ => self.heap.get(value, *key),
            };
            match found {
                Some(it) => value = it,
                None => return Knowledge::Value(default),
            }
        }
        // What is not known may be missing, and then this is the default.
        match self.unknowns.may_be_missing(&self.heap, value) {
            true => self.hanging_on(&[value, default]),
            false => Knowledge::Value(value),
        }
    }

    fn keys(&mut self, object: Value) -> Result<Knowledge, EvaluationError> {
        let keys = match self.heap.view(object) {
            View::Object(pairs) => {
                let pairs = pairs.to_vec();
                let mut keys = Vec::with_capacity(pairs.len());
                for [key, value] in pairs {
                    let may_be_missing = self.unknowns.may_be_missing(&self.heap, value);
                    let taint = if may_be_missing { self.taint_of(value) } else { Taint::NONE };
                    keys.push(item(key, taint));
                }
                keys
            }
            View::Unknown(id) if self.unknowns.kind(id) == Some(Kind::Object) => {
                let items = self.unknowns.items(id).unwrap_or_default();
                items.iter().map(|it| item(it.key, it.taint)).collect()
            }
            _ => return Ok(Knowledge::Nothing),
        };
        Ok(Knowledge::Value(self.set_of(keys)?))
    }

    /// What is in one of two objects; of what is in both, objects united and otherwise the second.
    fn united(&mut self, a: Value, b: Value) -> Result<Value, EvaluationError> {
        self.spend(ITEMS_OF_A_STEP)?;
        let (left, right) = match (self.heap.view(a), self.heap.view(b)) {
            (View::Object(left), View::Object(right)) => (left.to_vec(), right.to_vec()),
            (_, View::Unknown(_)) | (View::Unknown(_), View::Object(_)) => {
                let taints = [self.taint_of(a), self.taint_of(b)];
                let taint = self.taints.union_all(taints);
                return Ok(self.unknowns.member(taint));
            }
            _ => return Ok(b),
        };
        self.spend((left.len() + right.len()) as u64)?;
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        let mut pairs = Vec::new();
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(a), Some(b)) => self.heap.compare(a[0], b[0]),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Ok(self.heap.object(pairs)?),
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            match (from_left, from_right) {
                (Some([key, a]), Some([_, b])) => pairs.push([key, self.united(a, b)?]),
                (Some(pair), None) | (None, Some(pair)) => pairs.push(pair),
                (None, None) => {}
            }
        }
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
            _ => self.uncertain(kind, &items),
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

    fn counted(&mut self, collection: Value) -> Result<Knowledge, EvaluationError> {
        let (least, most) = match self.heap.view(collection) {
            View::Array(_) => return Ok(Knowledge::Known),
            View::Object(pairs) => {
                let missing =
                    pairs.iter().filter(|it| self.unknowns.may_be_missing(&self.heap, it[1])).count();
                ((pairs.len() - missing) as u64, pairs.len() as u64)
            }
            View::Set(items) if self.all_differ(items) => return Ok(Knowledge::Known),
            View::Set(items) => {
                let items: Vec<Item> = items.iter().map(|it| item(*it, Taint::NONE)).collect();
                self.unknowns.size(Kind::Set, &items)
            }
            View::Unknown(id) => match (self.unknowns.kind(id), self.unknowns.items(id)) {
                (Some(kind), Some(items)) => self.unknowns.size(kind, items),
                _ => return Ok(Knowledge::Nothing),
            },
            _ => return Ok(Knowledge::Nothing),
        };
        if least == most {
            return Ok(Knowledge::Value(self.heap.integer(i64::try_from(most).unwrap_or(i64::MAX))?));
        }
        let taint = self.taint_of(collection);
        Ok(Knowledge::Value(self.unknowns.number(taint, least, most)))
    }

    /// Whether no two of these can turn out to be equal: they differ at a key of each, or in what else is known of them.
    fn all_differ(&self, items: &[Value]) -> bool {
        let keys = match items.first().map(|it| self.heap.view(*it)) {
            Some(View::Object(pairs)) => pairs,
            _ => &[],
        };
        if items.iter().any(|it| is_unknown(&self.heap, *it)) {
            return items.len() == 1;
        }
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
        let is_open = is_unknown(&self.heap, value) && self.kind(value).is_none();
        let taint = if is_open { self.taint_of(value) } else { Taint::NONE };
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
                let taint = self.taint_of(value);
                let (path, below) = (self.unknowns.derived(taint), self.unknowns.derived(taint));
                found.push(item(self.heap.array(&[path, below])?, taint));
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
