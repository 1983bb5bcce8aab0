//! Sets of unknowns: what a conclusion hangs on.

use foldhash::HashMap;

/// How many unknowns of a set are told. That there are some is what counts; no reader wants more of their names.
const MAX_MEMBERS: usize = 64;

/// How many sets there may be, those of one unknown each aside: else a policy could fill memory with them.
const MAX_SETS: usize = 1 << 18;

/// A set of unknowns, by its number in [`Taints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Taint(u32);

impl Taint {
    /// No unknowns: the conclusion is proved.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// Sets of unknowns, each once.
#[derive(Debug, Default)]
pub(crate) struct Taints {
    /// The unknowns of the input: the sets of one of them alone are the first ones, and stand nowhere else.
    singles: Vec<u32>,
    sets: Vec<Box<[u32]>>,
    ids: HashMap<Box<[u32]>, Taint>,
    unions: HashMap<(Taint, Taint), Taint>,
}

impl Taints {
    /// Sets of the unknowns of an input, which has so many.
    pub(crate) fn of_input(unknowns: u32) -> Self {
        Self { singles: (0..unknowns).collect(), ..Self::default() }
    }

    /// The set of one unknown, by its number.
    pub(crate) fn one(&mut self, unknown: u32) -> Taint {
        self.of_members(Taint::NONE, vec![unknown])
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
        let union = self.of_members(a, self.members(a).iter().chain(self.members(b)).copied().collect());
        if self.unions.len() >= MAX_SETS {
            self.unions.clear();
        }
        self.unions.insert(pair, union);
        union
    }

    /// The set of all of them.
    pub(crate) fn union_all(&mut self, taints: impl IntoIterator<Item = Taint>) -> Taint {
        let mut distinct: Vec<Taint> = taints.into_iter().filter(|it| !it.is_none()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        match distinct.as_slice() {
            [] => Taint::NONE,
            [one] => *one,
            [first, ..] => {
                let members = distinct.iter().flat_map(|it| self.members(*it)).copied().collect();
                self.of_members(*first, members)
            }
        }
    }

    /// The set of these, or as good as it: one more that is not empty where there are too many sets already.
    fn of_members(&mut self, otherwise: Taint, mut members: Vec<u32>) -> Taint {
        members.sort_unstable();
        members.dedup();
        members.truncate(MAX_MEMBERS);
        match members.as_slice() {
            [] => return Taint::NONE,
            [one] if (*one as usize) < self.singles.len() => return Taint(one + 1),
            _ => {}
        }
        if let Some(known) = self.ids.get(members.as_slice()) {
            return *known;
        }
        if self.sets.len() >= MAX_SETS && !otherwise.is_none() {
            return otherwise;
        }
        self.sets.push(members.clone().into());
        let taint = Taint(u32::try_from(self.singles.len() + self.sets.len()).unwrap_or(u32::MAX));
        self.ids.insert(members.into(), taint);
        taint
    }

    /// The unknowns of a set, by their numbers, in order.
    pub(crate) fn members(&self, taint: Taint) -> &[u32] {
        let Some(index) = (taint.0 as usize).checked_sub(1) else { return &[] };
        match index.checked_sub(self.singles.len()) {
            None => self.singles.get(index..=index).unwrap_or_default(),
            Some(index) => self.sets.get(index).map_or(&[], |it| it),
        }
    }
}
