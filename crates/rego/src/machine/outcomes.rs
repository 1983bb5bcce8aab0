//! Makes values of what comprehensions and rules have collected.

use super::{ITEMS_OF_A_STEP, Machine};
use crate::code::{Collection, NodeId};
use crate::environment::Outcome;
use crate::evaluation_error::EvaluationError;
use crate::heap::{Heap, Value, View};
use crate::item::Item;
use crate::rules::RuleKind;
use crate::taint::Taint;
use crate::unknowns::{Kind, Truth};

/// What a partial rule or a comprehension gave, and its keys.
#[derive(Debug)]
struct Leaf {
    keys: Vec<Value>,
    item: Item,
}

impl Machine<'_> {
    pub(super) fn collected(&mut self, what: Collection, first: usize) -> Result<Value, EvaluationError> {
        let items = self.items.split_off(first);
        let is_open = |it: &Item| !it.taint.is_none() || what == Collection::Object && it.key.has_unknown();
        if items.iter().any(is_open) {
            return Ok(match what {
                Collection::Array => self.uncertain(Kind::Array, &items),
                Collection::Set => self.set_of(items)?,
                Collection::Object => {
                    let leaves = items.into_iter().map(|it| Leaf { keys: vec![it.key], item: it });
                    self.object_of(leaves.collect(), 0)?
                }
            });
        }
        Ok(match what {
            Collection::Array => self.heap.array(&items.iter().map(|it| it.value).collect::<Vec<_>>())?,
            Collection::Set => self.heap.set(items.iter().map(|it| it.value).collect())?,
            Collection::Object => {
                let pairs = items.iter().map(|it| [it.key, it.value]).collect();
                unique_object(&mut self.heap, pairs)?
            }
        })
    }

    /// What a rule is, of all that its definitions gave.
    pub(super) fn rule_outcome(&mut self, node: NodeId, first: usize) -> Result<Outcome, EvaluationError> {
        let items = self.items.split_off(first);
        let Some(node) = self.program.tree.node(node) else { return Ok(None) };
        let Some(rule) = &node.rule else { return Ok(None) };
        let is_open = items.iter().any(|it| !it.taint.is_none() || it.key.has_unknown());
        match rule.kind {
            RuleKind::Complete | RuleKind::Function(_) => {
                let default = rule.default.map(|it| self.constant(it));
                self.single(&items, default, matches!(rule.kind, RuleKind::Function(_)))
            }
            RuleKind::Set | RuleKind::Object
                if items.is_empty() && self.program.tree.is_among_keys(&node.path) =>
            {
                Ok(None)
            }
            RuleKind::Set | RuleKind::Object if is_open => {
                let mut taint = Taint::NONE;
                if self.program.tree.is_among_keys(&node.path) && items.iter().all(|it| !it.taint.is_none()) {
                    for item in &items {
                        taint = self.taints.union(taint, item.taint);
                    }
                }
                let value = match rule.kind {
                    RuleKind::Set => self.set_of(items)?,
                    _ => {
                        let leaf = |item: Item| Leaf { keys: self.keys_of(&item), item };
                        self.object_of(items.into_iter().map(leaf).collect(), 0)?
                    }
                };
                Ok(Some((value, taint)))
            }
            RuleKind::Set => {
                let value = self.heap.set(items.iter().map(|it| it.value).collect())?;
                Ok(Some((value, Taint::NONE)))
            }
            RuleKind::Object => {
                let mut items: Vec<_> = items.iter().collect();
                if items.is_empty() {
                    return Ok(Some((self.heap.object(Vec::new())?, Taint::NONE)));
                }
                let value = nested(&mut self.heap, &mut items, 0)?;
                Ok(Some((value, Taint::NONE)))
            }
        }
    }

    /// A set of items of which some may not be there. What is there in any case is proved, and what may be there for several
    /// reasons hangs on all of them.
    pub(super) fn set_of(&mut self, mut items: Vec<Item>) -> Result<Value, EvaluationError> {
        items.sort_by(|a, b| self.heap.compare(a.value, b.value));
        let mut distinct: Vec<Item> = Vec::with_capacity(items.len());
        for item in items {
            let same = distinct.last_mut().filter(|it| {
                !it.value.has_unknown() && !item.value.has_unknown() && self.heap.equal(it.value, item.value)
            });
            match same {
                Some(last) if last.taint.is_none() || item.taint.is_none() => last.taint = Taint::NONE,
                Some(last) => last.taint = self.taints.union(last.taint, item.taint),
                None => distinct.push(item),
            }
        }
        if distinct.iter().all(|it| it.taint.is_none()) {
            return Ok(self.heap.set(distinct.into_iter().map(|it| it.value).collect())?);
        }
        Ok(self.uncertain(Kind::Set, &distinct))
    }

    /// A collection of which some items may not be there.
    pub(super) fn uncertain(&mut self, kind: Kind, items: &[Item]) -> Value {
        self.unknowns.uncertain(&self.heap, &mut self.taints, kind, items)
    }

    /// An object of these pairs, the keys of which may not be known.
    pub(super) fn object(&mut self, pairs: Vec<[Value; 2]>) -> Result<Value, EvaluationError> {
        if !pairs.iter().any(|[key, _]| key.has_unknown()) {
            return Ok(self.heap.object(pairs)?);
        }
        // Of equal keys the last one counts, and which of them are equal hangs on all of them.
        let keys: Vec<Taint> = pairs.iter().map(|[key, _]| self.taint_of(*key)).collect();
        let taint = self.taints.union_all(keys);
        let items: Vec<Item> =
            pairs.into_iter().map(|[key, value]| Item { key, value, contains: false, taint }).collect();
        Ok(self.uncertain(Kind::Object, &items))
    }

    fn keys_of(&self, item: &Item) -> Vec<Value> {
        match self.heap.view(item.key) {
            View::Array(keys) => keys.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Objects in objects, of what a partial rule gave, where some of it hangs on unknowns: `depth` keys were gone through.
    fn object_of(&mut self, leaves: Vec<Leaf>, depth: usize) -> Result<Value, EvaluationError> {
        self.spend(ITEMS_OF_A_STEP * leaves.len() as u64)?;
        let all = |this: &mut Self, leaves: &[Leaf]| {
            let mut taints = Vec::new();
            for leaf in leaves {
                taints.push(leaf.item.taint);
                taints.push(this.taint_of(leaf.item.key));
                taints.push(this.taint_of(leaf.item.value));
            }
            this.taints.union_all(taints)
        };
        let ends = leaves.iter().filter(|it| it.keys.len() <= depth).count();
        if ends == leaves.len() {
            return self.end_of(leaves);
        }
        let is_known = leaves.iter().all(|it| it.keys.get(depth).is_some_and(|key| !key.has_unknown()));
        if !is_known {
            let is_flat = leaves.iter().all(|it| it.keys.len() == depth + 1 && !it.item.contains);
            if ends > 0 || !is_flat {
                let taint = all(self, &leaves);
                return Ok(self.unknowns.derived(taint));
            }
            let mut items = Vec::with_capacity(leaves.len());
            for Leaf { keys, item } in leaves {
                items.extend(keys.get(depth).map(|key| Item { key: *key, ..item }));
            }
            return Ok(self.uncertain(Kind::Object, &items));
        }
        let mut leaves = leaves;
        let key_of = |it: &Leaf| it.keys.get(depth).copied().unwrap_or(Value::NULL);
        leaves.sort_by(|a, b| self.heap.compare(key_of(a), key_of(b)));
        let mut items: Vec<Item> = Vec::new();
        let mut rest = leaves.into_iter().peekable();
        while let Some(first) = rest.next() {
            let key = key_of(&first);
            let mut group = vec![first];
            while let Some(next) = rest.next_if(|it| self.heap.equal(key_of(it), key)) {
                group.push(next);
            }
            let proved = group.iter().any(|it| it.item.taint.is_none());
            let taint = match proved {
                true => Taint::NONE,
                false => self.taints.union_all(group.iter().map(|it| it.item.taint)),
            };
            let value = self.object_of(group, depth + 1)?;
            items.push(Item { key, value, contains: false, taint });
        }
        if items.iter().all(|it| it.taint.is_none()) {
            return Ok(self.heap.object(items.into_iter().map(|it| [it.key, it.value]).collect())?);
        }
        Ok(self.uncertain(Kind::Object, &items))
    }

    /// What stands at the end of the keys of a partial rule.
    fn end_of(&mut self, leaves: Vec<Leaf>) -> Result<Value, EvaluationError> {
        let items: Vec<Item> = leaves.into_iter().map(|it| it.item).collect();
        if items.iter().all(|it| it.contains) {
            return self.set_of(items);
        }
        let conflict = EvaluationError::Conflict("an object has several values for the same key");
        let mut proved = items.iter().filter(|it| it.taint.is_none());
        if let Some(first) = proved.next() {
            let differs = |it: &Item| self.unknowns.equal(&self.heap, it.value, first.value) == Truth::No;
            if items.iter().any(|it| it.contains) || proved.any(differs) {
                return Err(conflict);
            }
            return Ok(first.value);
        }
        match items.first() {
            Some(first) if items.iter().all(|it| self.heap.equal(it.value, first.value)) => Ok(first.value),
            _ => {
                let taint = self.taints.union_all(items.iter().map(|it| it.taint));
                Ok(self.unknowns.derived(taint))
            }
        }
    }

    fn single(
        &mut self,
        items: &[Item],
        default: Option<Value>,
        is_function: bool,
    ) -> Result<Outcome, EvaluationError> {
        let mut proved = items.iter().filter(|it| it.taint.is_none());
        if let Some(first) = proved.next() {
            if proved.any(|it| self.unknowns.equal(&self.heap, first.value, it.value) == Truth::No) {
                return Err(EvaluationError::Conflict(if is_function {
                    "a function has several values for the same operands"
                } else {
                    "a rule has several values"
                }));
            }
            return Ok(Some((first.value, Taint::NONE)));
        }
        let Some(first) = items.first() else { return Ok(default.map(|it| (it, Taint::NONE))) };
        let mut taint = Taint::NONE;
        for item in items {
            taint = self.taints.union(taint, item.taint);
        }
        let same = items.iter().all(|it| self.heap.equal(first.value, it.value));
        match default {
            None if same => Ok(Some((first.value, taint))),
            Some(default) if same && self.heap.equal(first.value, default) => {
                Ok(Some((default, Taint::NONE)))
            }
            // With a default it is defined in any case.
            Some(_) => Ok(Some((self.unknowns.derived(taint), Taint::NONE))),
            None => Ok(Some((self.unknowns.derived(taint), taint))),
        }
    }
}

/// An object of these, of which each key has one value.
fn unique_object(heap: &mut Heap, mut pairs: Vec<[Value; 2]>) -> Result<Value, EvaluationError> {
    pairs.sort_by(|a, b| heap.compare(a[0], b[0]));
    let conflict = pairs.array_windows().any(|[a, b]| heap.equal(a[0], b[0]) && !heap.equal(a[1], b[1]));
    if conflict {
        return Err(EvaluationError::Conflict("an object has several values for the same key"));
    }
    Ok(heap.object(pairs)?)
}

/// Objects in objects, of what a partial rule gave: the operands of heads are the keys on the way.
fn nested(heap: &mut Heap, items: &mut [&Item], depth: usize) -> Result<Value, EvaluationError> {
    let key = |heap: &Heap, item: &Item| match heap.view(item.key) {
        View::Array(keys) => keys.get(depth).copied(),
        _ => None,
    };
    let leaves = items.iter().filter(|it| key(heap, it).is_none()).count();
    if leaves == items.len() {
        let is_set = items.iter().all(|it| it.contains);
        if is_set {
            return Ok(heap.set(items.iter().map(|it| it.value).collect())?);
        }
        let Some((first, others)) = items.split_first() else { return Ok(heap.object(Vec::new())?) };
        if first.contains || others.iter().any(|it| it.contains || !heap.equal(it.value, first.value)) {
            return Err(EvaluationError::Conflict("an object has several values for the same key"));
        }
        return Ok(first.value);
    }
    if leaves > 0 {
        return Err(EvaluationError::Conflict("an object has several values for the same key"));
    }
    let compare = |a: &Item, b: &Item| match (key(heap, a), key(heap, b)) {
        (Some(a), Some(b)) => heap.compare(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    items.sort_by(|a, b| compare(a, b));
    let mut ends = Vec::new();
    for (index, pair) in items.windows(2).enumerate() {
        if let [a, b] = pair
            && compare(a, b).is_ne()
        {
            ends.push(index + 1);
        }
    }
    ends.push(items.len());
    let mut pairs = Vec::new();
    let mut rest = items;
    let mut taken = 0;
    for end in ends {
        let (group, after) = rest.split_at_mut(end - taken);
        (rest, taken) = (after, end);
        let Some(key) = group.first().and_then(|it| key(heap, it)) else { continue };
        let value = nested(heap, group, depth + 1)?;
        pairs.push([key, value]);
    }
    Ok(heap.object(pairs)?)
}
