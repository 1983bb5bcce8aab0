//! Finds the items of a collection that have a value at a path, without going through all of them.

use crate::heap::{Heap, Value, View};
use crate::resolved::ConstantId;
use foldhash::HashMap;

/// Collections smaller than this are gone through.
const WORTH_IT: usize = 16;

/// How many indexes an evaluation makes.
const MAX_INDEXES: usize = 1024;

/// Indexes that were made, by collection and path.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    made: HashMap<u64, Vec<ByPath>>,
    count: usize,
}

/// An index, and the path of keys that it is by.
type ByPath = (Box<[ConstantId]>, Index);

/// The items of a collection by their values at a path.
#[derive(Debug)]
struct Index {
    /// Values and numbers of items, in the order of the values.
    sorted: Vec<(Value, u32)>,
    /// Items whose value hangs on unknowns.
    open: Vec<u32>,
}

impl Indexes {
    /// The numbers of the items that can have this value at a path of keys, in order; `None` where all must be gone through.
    /// Also says how much work it was.
    pub(crate) fn find(
        &mut self,
        heap: &Heap,
        collection: Value,
        path: &[ConstantId],
        keys: &[Value],
        wanted: Value,
    ) -> (Option<Box<[u32]>>, u64) {
        if wanted.has_unknown() {
            return (None, 0);
        }
        let mut work = 0;
        let known =
            self.made.get(&collection.bits()).is_some_and(|it| it.iter().any(|(it, _)| **it == *path));
        if !known {
            let length = match heap.view(collection) {
                View::Array(items) | View::Set(items) => items.len(),
                View::Object(pairs) => pairs.len(),
                _ => 0,
            };
            if length < WORTH_IT || self.count >= MAX_INDEXES {
                return (None, 0);
            }
            self.count += 1;
            work = length as u64;
            let index = Index::new(heap, collection, keys);
            self.made.entry(collection.bits()).or_default().push((path.into(), index));
        }
        let made = self.made.get(&collection.bits()).into_iter().flatten();
        let found = made.filter(|(it, _)| **it == *path).map(|(_, it)| it.find(heap, wanted)).next();
        (found, work)
    }
}

impl Index {
    fn new(heap: &Heap, collection: Value, keys: &[Value]) -> Self {
        let mut index = Self { sorted: Vec::new(), open: Vec::new() };
        match heap.view(collection) {
            View::Array(items) | View::Set(items) => {
                items.iter().enumerate().for_each(|(number, it)| index.add(heap, number, *it, keys));
            }
            View::Object(pairs) => {
                pairs.iter().enumerate().for_each(|(number, it)| index.add(heap, number, it[1], keys));
            }
            _ => {}
        }
        index.sorted.sort_by(|a, b| heap.compare(a.0, b.0));
        index
    }

    fn add(&mut self, heap: &Heap, number: usize, item: Value, keys: &[Value]) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let mut at = item;
        for key in keys {
            if matches!(heap.view(at), View::Unknown(_)) {
                break;
            }
            match heap.get(at, *key) {
                Some(value) => at = value,
                None => return,
            }
        }
        if at.has_unknown() {
            self.open.push(number);
        } else {
            self.sorted.push((at, number));
        }
    }

    fn find(&self, heap: &Heap, wanted: Value) -> Box<[u32]> {
        let start = self.sorted.partition_point(|it| heap.compare(it.0, wanted).is_lt());
        let rest = self.sorted.get(start..).unwrap_or_default();
        let equal = rest.iter().take_while(|it| heap.equal(it.0, wanted)).map(|it| it.1);
        let mut found: Vec<u32> = equal.chain(self.open.iter().copied()).collect();
        if !self.open.is_empty() {
            found.sort_unstable();
        }
        found.into()
    }
}
