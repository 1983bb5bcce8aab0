//! Sets of unknowns: what a conclusion hangs on.

use std::collections::HashMap;

/// A set of unknowns, by its number in [`Taints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Taint(u32);

impl Taint {
    /// No unknowns: the conclusion is proved.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// Sets of unknowns, each once.
#[derive(Debug)]
pub(crate) struct Taints {
    sets: Vec<Box<[u32]>>,
    ids: HashMap<Box<[u32]>, Taint>,
    unions: HashMap<(Taint, Taint), Taint>,
}

impl Default for Taints {
    fn default() -> Self {
        Self {
            sets: vec![Box::default()],
            ids: HashMap::from([(Box::default(), Taint::NONE)]),
            unions: HashMap::new(),
        }
    }
}

impl Taints {
    /// The set of one unknown, by its number.
    pub(crate) fn one(&mut self, unknown: u32) -> Taint {
        self.add(Box::new([unknown]))
    }

    /// The set of both.
    pub(crate) fn union(&mut self, a: Taint, b: Taint) -> Taint {
        if a == b || b.is_none() {
            return a;
        }
        if a.is_none() {
            return b;
        }
        let pair = if a.0 < b.0 { (a, b) } else { (b, a) };
        if let Some(known) = self.unions.get(&pair) {
            return *known;
        }
        let mut set: Vec<u32> = self.members(a).iter().chain(self.members(b)).copied().collect();
        set.sort_unstable();
        set.dedup();
        let union = self.add(set.into_boxed_slice());
        self.unions.insert(pair, union);
        union
    }

    /// The unknowns of a set, by their numbers, in order.
    pub(crate) fn members(&self, taint: Taint) -> &[u32] {
        self.sets.get(taint.0 as usize).map_or(&[], |it| it)
    }

    fn add(&mut self, set: Box<[u32]>) -> Taint {
        if let Some(known) = self.ids.get(&set) {
            return *known;
        }
        let taint = Taint(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.sets.push(set.clone());
        self.ids.insert(set, taint);
        taint
    }
}
