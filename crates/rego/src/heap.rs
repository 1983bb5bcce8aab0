//! Holds values: numbers, texts and collections in two growing vectors, and a [`Value`] is eight bytes that say where.
//!
//! Nothing is freed one by one, and everything counts against one limit, so that a policy that makes too much ends with
//! an error and not with the process. A heap can stand on another one that does not change any more: then several
//! evaluations share the values of an input.

use crate::number::Number;
use std::cmp::Ordering;
use std::sync::Arc;

/// The deepest nesting of a value. What compares, prints or walks values may use the machine's stack.
pub(crate) const MAX_DEPTH: usize = 127;

const MAX_ITEMS: usize = (1 << 24) - 1;
const MAX_TEXT_BYTES: usize = (1 << 28) - 1;
const MAX_CELLS: usize = (1 << 28) - 1;

/// The most that may stand in one value, counted as if nothing were shared: what goes through values comes to an end.
const MAX_WEIGHT: u64 = 1 << 28;

/// A value in a heap.
///
/// Two handles can differ and mean equal values: [`Heap::equal`] says it.
#[derive(Debug, Clone, Copy)]
pub struct Value(u64);

/// A value, looked at.
#[derive(Debug, Clone, Copy)]
pub enum View<'h> {
    /// `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number<'h>),
    /// A text.
    String(&'h str),
    /// An array.
    Array(&'h [Value]),
    /// An object, its keys in order.
    Object(&'h [[Value; 2]]),
    /// A set, in order.
    Set(&'h [Value]),
    /// A value that is not known yet.
    Unknown(UnknownId),
}

/// A value that is not known yet, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownId(pub u32);

/// Why a value could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeapError {
    /// More memory would be needed than is allowed.
    #[error("the policy needs more memory than it may use")]
    Exhausted,
    /// One value is larger than a heap can hold.
    #[error("a value is too large: at most 16 777 215 items, 256 MiB of text")]
    TooLarge,
    /// Values stand in each other more than 127 deep.
    #[error("a value is nested more than 127 deep")]
    TooDeep,
}

/// Values, and a limit for all of them together.
#[derive(Debug)]
pub struct Heap {
    base: Arc<Segment>,
    own: Segment,
    limit: usize,
}

#[derive(Debug, Default)]
struct Segment {
    text: String,
    cells: Vec<Value>,
    pairs: Vec<[Value; 2]>,
}

/// How much a heap held at some time.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    text: usize,
    cells: usize,
    pairs: usize,
}

const NULL: u64 = 0;
const BOOL: u64 = 1;
const INTEGER: u64 = 2;
const NUMBER: u64 = 3;
const STRING: u64 = 4;
const ARRAY: u64 = 5;
const OBJECT: u64 = 6;
const SET: u64 = 7;
const UNKNOWN: u64 = 8;

const PAYLOAD: u32 = 60;
const PAYLOAD_BITS: u64 = (1 << PAYLOAD) - 1;
const MAX_INTEGER: i64 = (1 << 59) - 1;
const MIN_INTEGER: i64 = -(1 << 59);

impl Value {
    /// `null`.
    pub const NULL: Self = Self::tagged(NULL, 0);
    /// `true`.
    pub const TRUE: Self = Self::tagged(BOOL, 1);
    /// `false`.
    pub const FALSE: Self = Self::tagged(BOOL, 0);

    const fn tagged(tag: u64, payload: u64) -> Self {
        Self(tag << PAYLOAD | payload)
    }

    /// A truth value.
    #[must_use]
    pub const fn bool(it: bool) -> Self {
        if it { Self::TRUE } else { Self::FALSE }
    }

    /// A value that is not known yet.
    #[must_use]
    pub const fn unknown(id: UnknownId) -> Self {
        Self::tagged(UNKNOWN, id.0 as u64)
    }

    /// Whether it is the same handle: then the values are equal. Otherwise they may be equal all the same.
    #[must_use]
    pub const fn is(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Whether it is `false`.
    #[must_use]
    pub const fn is_false(self) -> bool {
        self.is(Self::FALSE)
    }

    const fn tag(self) -> u64 {
        self.0 >> PAYLOAD
    }

    /// The handle as a number, to tell handles apart.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Where its items or bytes begin.
    const fn offset(self) -> usize {
        (self.0 & 0xfff_ffff) as usize
    }

    /// Of a collection: how many items.
    const fn items(self) -> usize {
        (self.0 >> 28 & 0xff_ffff) as usize
    }

    /// Of a text: how many bytes, and where they begin.
    const fn text(self) -> (usize, usize) {
        ((self.0 >> 32 & 0xfff_ffff) as usize, (self.0 & 0xffff_ffff) as usize)
    }

    /// How deep other values stand in it.
    const fn depth(self) -> u64 {
        match self.tag() {
            ARRAY | OBJECT | SET => self.0 >> 52 & 0x7f,
            _ => 0,
        }
    }

    /// Whether it is unknown, or an unknown stands in it.
    #[must_use]
    pub const fn has_unknown(self) -> bool {
        match self.tag() {
            ARRAY | OBJECT | SET => self.0 >> 59 & 1 == 1,
            tag => tag == UNKNOWN,
        }
    }
}

impl Heap {
    /// An empty heap that may grow to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { base: Arc::default(), own: Segment::default(), limit }
    }

    /// Makes what it holds unchangeable, and the same for all heaps [on](Self::on) it.
    ///
    /// # Errors
    ///
    /// [`HeapError::TooLarge`] when it stands on another one already.
    pub fn freeze(self) -> Result<Frozen, HeapError> {
        if self.base.cells.is_empty() && self.base.text.is_empty() && self.base.pairs.is_empty() {
            Ok(Frozen(Arc::new(self.own)))
        } else {
            Err(HeapError::TooLarge)
        }
    }

    /// A heap in which the values of another one are values too, and that may grow by `limit` bytes.
    #[must_use]
    pub fn on(base: &Frozen, limit: usize) -> Self {
        Self { base: Arc::clone(&base.0), own: Segment::default(), limit }
    }

    /// How many bytes its own values take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.own.text.len()
            + self.own.cells.len() * size_of::<Value>()
            + self.own.pairs.len() * size_of::<[Value; 2]>()
    }

    /// Makes room for the values of so many bytes of JSON, so that what is there need not move as it grows.
    pub(crate) fn expect(&mut self, bytes: usize) {
        let bytes = bytes.min(self.left());
        self.own.text.reserve(bytes / 2);
        self.own.pairs.reserve(bytes / 48);
        self.own.cells.reserve(bytes / 128);
    }

    /// How much it holds now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { text: self.own.text.len(), cells: self.own.cells.len(), pairs: self.own.pairs.len() }
    }

    /// Forgets every value made since; whoever calls this has none of them left.
    pub fn release(&mut self, mark: Mark) {
        self.own.text.truncate(mark.text);
        self.own.cells.truncate(mark.cells);
        self.own.pairs.truncate(mark.pairs);
    }

    /// Looks at a value.
    #[must_use]
    pub fn view(&self, value: Value) -> View<'_> {
        match value.tag() {
            NULL => View::Null,
            BOOL => View::Bool(!value.is_false()),
            INTEGER => View::Number(Number::Integer((value.0 << 4) as i64 >> 4)),
            NUMBER => View::Number(Number::Text(self.text(value))),
            STRING => View::String(self.text(value)),
            ARRAY => View::Array(self.cells(value)),
            OBJECT => View::Object(self.pairs(value)),
            SET => View::Set(self.cells(value)),
            _ => View::Unknown(UnknownId(u32::try_from(value.0 & PAYLOAD_BITS).unwrap_or(u32::MAX))),
        }
    }

    fn text(&self, value: Value) -> &str {
        let (length, offset) = value.text();
        let (text, start) = match offset.checked_sub(self.base.text.len()) {
            Some(start) => (&self.own.text, start),
            None => (&self.base.text, offset),
        };
        text.get(start..start + length).unwrap_or_default()
    }

    /// The bytes of a text: as the text, and quicker, since nobody looks where characters begin.
    fn text_bytes(&self, value: Value) -> &[u8] {
        let (length, offset) = value.text();
        let (text, start) = match offset.checked_sub(self.base.text.len()) {
            Some(start) => (&self.own.text, start),
            None => (&self.base.text, offset),
        };
        text.as_bytes().get(start..start + length).unwrap_or_default()
    }

    fn cells(&self, value: Value) -> &[Value] {
        items(&self.base.cells, &self.own.cells, value)
    }

    fn pairs(&self, value: Value) -> &[[Value; 2]] {
        items(&self.base.pairs, &self.own.pairs, value)
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// When the heap is full.
    pub fn integer(&mut self, it: i64) -> Result<Value, HeapError> {
        if (MIN_INTEGER..=MAX_INTEGER).contains(&it) {
            Ok(Value::tagged(INTEGER, it as u64 & PAYLOAD_BITS))
        } else {
            self.tagged_text(NUMBER, &it.to_string())
        }
    }

    /// A number as JSON writes it, kept as it is written.
    ///
    /// # Errors
    ///
    /// When the heap is full.
    pub fn number(&mut self, text: &str) -> Result<Value, HeapError> {
        match text.parse::<i64>() {
            // `-0`, `+1` and `007` stay as they are written.
            Ok(it) if text == "0" || !text.trim_start_matches('-').starts_with(['0', '+']) => {
                self.integer(it)
            }
            _ => self.tagged_text(NUMBER, text),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// When the heap is full.
    pub fn string(&mut self, text: &str) -> Result<Value, HeapError> {
        self.tagged_text(STRING, text)
    }

    fn tagged_text(&mut self, tag: u64, text: &str) -> Result<Value, HeapError> {
        let offset = self.base.text.len() + self.own.text.len();
        if text.len() > MAX_TEXT_BYTES || offset + text.len() > u32::MAX as usize {
            return Err(HeapError::TooLarge);
        }
        self.room(text.len())?;
        self.own.text.push_str(text);
        Ok(Value::tagged(tag, (text.len() as u64) << 32 | offset as u64))
    }

    /// An array.
    ///
    /// # Errors
    ///
    /// When the heap is full, or the values stand too deep in each other.
    pub fn array(&mut self, items: &[Value]) -> Result<Value, HeapError> {
        self.collection(ARRAY, items)
    }

    /// A set of these, in any order and as often as you like.
    ///
    /// # Errors
    ///
    /// As for [`Self::array`].
    pub fn set(&mut self, mut items: Vec<Value>) -> Result<Value, HeapError> {
        if !items.is_sorted_by(|a, b| self.compare(*a, *b).is_lt()) {
            items.sort_by(|a, b| self.compare(*a, *b));
            items.dedup_by(|a, b| self.equal(*a, *b));
        }
        self.collection(SET, &items)
    }

    fn collection(&mut self, tag: u64, items: &[Value]) -> Result<Value, HeapError> {
        let summary = summary(items.iter())?;
        let weight = self.weight_of(items)?;
        let offset = self.base.cells.len() + self.own.cells.len() + 1;
        if items.len() > MAX_ITEMS || offset + items.len() > MAX_CELLS {
            return Err(HeapError::TooLarge);
        }
        self.room(size_of_val(items) + size_of::<Value>())?;
        self.own.cells.push(Value(weight));
        self.own.cells.extend_from_slice(items);
        Ok(Value::tagged(tag, summary << 52 | (items.len() as u64) << 28 | offset as u64))
    }

    /// An object of these keys and values, in any order. Of equal keys the last one wins.
    ///
    /// # Errors
    ///
    /// As for [`Self::array`].
    pub fn object(&mut self, mut pairs: Vec<[Value; 2]>) -> Result<Value, HeapError> {
        self.object_from(&mut pairs, 0)
    }

    /// An object of the keys and values from `start` on, which are taken away: whoever makes many needs no vector for each.
    pub(crate) fn object_from(
        &mut self,
        pairs: &mut Vec<[Value; 2]>,
        start: usize,
    ) -> Result<Value, HeapError> {
        let tail = pairs.get(start..).unwrap_or_default();
        let object = if tail.is_sorted_by(|a, b| self.compare(a[0], b[0]).is_lt()) {
            self.object_of(tail)
        } else {
            let mut tail = tail.to_vec();
            tail.sort_by(|a, b| self.compare(a[0], b[0]));
            // Later ones come later, as sorting is stable: they take the place of those before.
            tail.dedup_by(|later, earlier| {
                let same = self.equal(later[0], earlier[0]);
                if same {
                    earlier[1] = later[1];
                }
                same
            });
            self.object_of(&tail)
        };
        pairs.truncate(start);
        object
    }

    /// An object of pairs that are in order.
    fn object_of(&mut self, pairs: &[[Value; 2]]) -> Result<Value, HeapError> {
        let summary = summary(pairs.as_flattened().iter())?;
        let weight = self.weight_of(pairs.as_flattened())?;
        let offset = self.base.pairs.len() + self.own.pairs.len() + 1;
        if pairs.len() > MAX_ITEMS || offset + pairs.len() > MAX_CELLS {
            return Err(HeapError::TooLarge);
        }
        self.room(size_of_val(pairs) + size_of::<[Value; 2]>())?;
        self.own.pairs.push([Value(weight), Value::NULL]);
        self.own.pairs.extend_from_slice(pairs);
        Ok(Value::tagged(OBJECT, summary << 52 | (pairs.len() as u64) << 28 | offset as u64))
    }

    /// How much stands in a value, itself counted, as if nothing were shared: a unit for each item, and for 64 bytes of text.
    #[must_use]
    pub fn weight(&self, value: Value) -> u64 {
        // Before the items of a collection stands what it weighs.
        let before = Value::tagged(value.tag(), 1 << 28 | value.offset().saturating_sub(1) as u64);
        match value.tag() {
            STRING | NUMBER => 1 + value.text().0 as u64 / 64,
            ARRAY | SET => self.cells(before).first().map_or(1, |it| it.0),
            OBJECT => self.pairs(before).first().map_or(1, |it| it[0].0),
            _ => 1,
        }
    }

    fn weight_of(&self, items: &[Value]) -> Result<u64, HeapError> {
        let weight = items.iter().fold(1, |sum: u64, it| sum.saturating_add(self.weight(*it)));
        if weight > MAX_WEIGHT { Err(HeapError::TooLarge) } else { Ok(weight) }
    }

    /// How many bytes more it may hold.
    #[must_use]
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.bytes())
    }

    fn room(&self, bytes: usize) -> Result<(), HeapError> {
        if self.bytes().saturating_add(bytes) > self.limit { Err(HeapError::Exhausted) } else { Ok(()) }
    }

    /// Whether two values are equal. An unknown is equal to itself alone.
    #[must_use]
    pub fn equal(&self, a: Value, b: Value) -> bool {
        if a.tag() == STRING && b.tag() == STRING {
            return a.is(b) || a.text().0 == b.text().0 && self.text_bytes(a) == self.text_bytes(b);
        }
        a.is(b) || self.compare(a, b).is_eq()
    }

    /// Compares two values in OPA's order: null, truth values, numbers, texts, arrays, objects, sets; texts by their
    /// bytes, arrays, objects and sets item by item. Unknowns come last.
    #[must_use]
    pub fn compare(&self, a: Value, b: Value) -> Ordering {
        if a.is(b) {
            return Ordering::Equal;
        }
        if a.tag() == STRING && b.tag() == STRING {
            return self.text_bytes(a).cmp(self.text_bytes(b));
        }
        match (self.view(a), self.view(b)) {
            (View::Bool(a), View::Bool(b)) => a.cmp(&b),
            (View::Number(a), View::Number(b)) => a.compare(b),
            (View::Array(a), View::Array(b)) | (View::Set(a), View::Set(b)) => self.compare_items(a, b),
            (View::Object(a), View::Object(b)) => self.compare_objects(a, b),
            (View::Unknown(a), View::Unknown(b)) => a.cmp(&b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn compare_items(&self, a: &[Value], b: &[Value]) -> Ordering {
        let first = a.iter().zip(b).map(|(a, b)| self.compare(*a, *b)).find(|it| it.is_ne());
        first.unwrap_or_else(|| a.len().cmp(&b.len()))
    }

    fn compare_objects(&self, a: &[[Value; 2]], b: &[[Value; 2]]) -> Ordering {
        let pair = |(a, b): (&[Value; 2], &[Value; 2])| {
            self.compare(a[0], b[0]).then_with(|| self.compare(a[1], b[1]))
        };
        let first = a.iter().zip(b).map(pair).find(|it| it.is_ne());
        first.unwrap_or_else(|| a.len().cmp(&b.len()))
    }

    /// The value at a key of an object, at an index of an array, or the member of a set; `None` where there is none.
    #[must_use]
    pub fn get(&self, collection: Value, key: Value) -> Option<Value> {
        match self.view(collection) {
            View::Object(pairs) if key.tag() == STRING => self.find_text(pairs, self.text_bytes(key)),
            View::Object(pairs) => {
                let found = pairs.binary_search_by(|it| self.compare(it[0], key)).ok()?;
                pairs.get(found).map(|it| it[1])
            }
            View::Set(items) => {
                let found = items.binary_search_by(|it| self.compare(*it, key)).ok()?;
                items.get(found).copied()
            }
            View::Array(items) => match self.view(key) {
                View::Number(number) => items.get(usize::try_from(number.as_integer()?).ok()?).copied(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value at a key of an object that is a text.
    #[must_use]
    pub fn get_text(&self, object: Value, key: &str) -> Option<Value> {
        let View::Object(pairs) = self.view(object) else { return None };
        self.find_text(pairs, key.as_bytes())
    }

    fn find_text(&self, pairs: &[[Value; 2]], key: &[u8]) -> Option<Value> {
        pairs.get(self.place_of_text(pairs, key)?).map(|it| it[1])
    }

    fn place_of_text(&self, pairs: &[[Value; 2]], key: &[u8]) -> Option<usize> {
        let compare = |it: &[Value; 2]| match it[0].tag() {
            STRING => self.text_bytes(it[0]).cmp(key),
            NULL | BOOL | INTEGER | NUMBER => Ordering::Less,
            _ => Ordering::Greater,
        };
        pairs.binary_search_by(compare).ok()
    }

    /// The place of a key among the pairs of an object.
    pub(crate) fn place(&self, pairs: &[[Value; 2]], key: Value) -> Option<usize> {
        match key.tag() {
            STRING => self.place_of_text(pairs, self.text_bytes(key)),
            _ => pairs.binary_search_by(|it| self.compare(it[0], key)).ok(),
        }
    }

    /// Whether a value is a text of the heap below, which never is another one.
    pub(crate) fn is_text_below(&self, value: Value) -> bool {
        value.tag() == STRING && value.text().1 < self.base.text.len()
    }
}

/// Values that do not change any more.
#[derive(Debug, Clone)]
pub struct Frozen(Arc<Segment>);

impl View<'_> {
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
            Self::Array(_) => 4,
            Self::Object(_) => 5,
            Self::Set(_) => 6,
            Self::Unknown(_) => 7,
        }
    }
}

fn items<'h, T>(base: &'h [T], own: &'h [T], value: Value) -> &'h [T] {
    let (segment, start) = match value.offset().checked_sub(base.len()) {
        Some(start) => (own, start),
        None => (base, value.offset()),
    };
    segment.get(start..start + value.items()).unwrap_or_default()
}

/// What a collection says of its items: how deep they are, and whether one of them is unknown.
fn summary<'v>(items: impl Iterator<Item = &'v Value>) -> Result<u64, HeapError> {
    let (mut depth, mut has_unknown) = (0, false);
    for item in items {
        depth = depth.max(item.depth());
        has_unknown |= item.has_unknown();
    }
    if depth + 1 > MAX_DEPTH as u64 {
        Err(HeapError::TooDeep)
    } else {
        Ok((depth + 1) | (u64::from(has_unknown) << 7))
    }
}
