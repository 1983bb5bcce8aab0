//! Finds texts in a stream of bytes, however it is cut: one step for each byte, and far fewer where none can begin.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::HashMap;

/// The bytes that are looked at to tell whether a text may begin.
const WINDOW: usize = 3;
/// Bits of the table of beginnings.
const TABLE_BITS: u32 = 16;

/// A set of texts, ready to be found.
#[derive(Debug)]
pub(super) struct Finder {
    automaton: NFA,
    /// Where nothing has begun.
    start: StateID,
    /// How many bytes of a text have been seen in each state.
    depths: HashMap<StateID, usize>,
    beginnings: Beginnings,
}

/// Where a search stands between two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(StateID);

impl Finder {
    /// For `texts` without empty ones; `None` where there are none, or more than an automaton can hold (some gigabytes).
    pub(super) fn new(texts: &[&[u8]]) -> Option<Self> {
        if texts.is_empty() {
            return None;
        }
        let automaton = NFA::builder().match_kind(MatchKind::Standard).prefilter(false).build(texts).ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        let mut depths = HashMap::new();
        for text in texts {
            let mut state = start;
            for (index, &byte) in text.iter().enumerate() {
                state = automaton.next_state(Anchored::No, state, byte);
                depths.insert(state, index + 1);
            }
        }
        Some(Self { automaton, start, depths, beginnings: Beginnings::of(texts) })
    }

    /// Before the first byte.
    pub(super) fn start(&self) -> Place {
        Place(self.start)
    }

    /// Whether nothing has begun.
    pub(super) fn is_start(&self, place: Place) -> bool {
        place.0 == self.start
    }

    /// After one more byte; and how long the longest text is that ends with it, 0 for none.
    pub(super) fn step(&self, place: Place, byte: u8) -> (Place, usize) {
        let state = self.automaton.next_state(Anchored::No, place.0, byte);
        if !self.automaton.is_match(state) {
            return (Place(state), 0);
        }
        let ends = (0..self.automaton.match_len(state)).map(|it| self.automaton.match_pattern(state, it));
        (Place(state), ends.map(|it| self.automaton.pattern_len(it)).max().unwrap_or_default())
    }

    /// How many of the last bytes may be the beginning of a text.
    pub(super) fn begun(&self, place: Place) -> usize {
        self.depths.get(&place.0).copied().unwrap_or_default()
    }

    /// How many of `bytes` can be skipped from the start, as no text begins in them.
    pub(super) fn skip(&self, bytes: &[u8]) -> usize {
        self.beginnings.skip(bytes)
    }
}

/// Which first bytes a text may have: a table of hashes, wrong in one direction only.
#[derive(Debug)]
struct Beginnings {
    table: Vec<u64>,
    /// The bytes that are hashed: [`WINDOW`], or fewer where a text is shorter.
    window: usize,
}

impl Beginnings {
    fn of(texts: &[&[u8]]) -> Self {
        let window = texts.iter().map(|it| it.len()).min().unwrap_or_default().clamp(1, WINDOW);
        let mut table = vec![0; 1 << (TABLE_BITS - 6)];
        for text in texts {
            let hash = hash(text.get(..window).unwrap_or_default());
            if let Some(word) = table.get_mut(hash >> 6) {
                *word |= 1 << (hash & 63);
            }
        }
        Self { table, window }
    }

    fn skip(&self, bytes: &[u8]) -> usize {
        let may_begin = |hash: usize| self.table.get(hash >> 6).is_some_and(|it| it >> (hash & 63) & 1 == 1);
        let found = match self.window {
            1 => bytes.iter().position(|&a| may_begin(hash(&[a]))),
            2 => bytes.array_windows().position(|&[a, b]| may_begin(hash(&[a, b]))),
            _ => bytes.array_windows().position(|&[a, b, c]| may_begin(hash(&[a, b, c]))),
        };
        // The last bytes may begin a text that the next piece goes on with.
        found.unwrap_or_else(|| bytes.len().saturating_sub(self.window - 1))
    }
}

/// Of at most [`WINDOW`] bytes; below 2 to the [`TABLE_BITS`].
#[inline]
fn hash(bytes: &[u8]) -> usize {
    let packed = bytes.iter().fold(0_u32, |packed, &byte| packed << 8 | u32::from(byte));
    // Fibonacci hashing: the high bits depend on all of them.
    (packed.wrapping_mul(0x9E37_79B1) >> (u32::BITS - TABLE_BITS)) as usize
}
