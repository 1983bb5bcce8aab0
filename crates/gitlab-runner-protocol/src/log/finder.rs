//! Finds texts in a stream of bytes, however it is cut: one step for each byte, and far fewer where none can begin.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::HashMap;

/// The bytes that are looked at to tell how far away a text may begin.
const BLOCK: usize = 3;
/// The most bytes of a text that count for that.
const BEGINNING: usize = 16;
/// Bits of the table of shifts.
const TABLE_BITS: u32 = 16;

/// A set of texts, ready to be found.
#[derive(Debug)]
pub(super) struct Finder {
    automaton: NFA,
    /// Where nothing has begun.
    start: StateID,
    /// How many bytes of a text have been seen in each state.
    depths: HashMap<StateID, usize>,
    shifts: Shifts,
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
        Some(Self { automaton, start, depths, shifts: Shifts::of(texts) })
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
        self.shifts.skip(bytes)
    }
}

/// How far can be skipped, by the bytes that are met: where the beginning of a text would end, a few bytes are looked at,
/// and they tell how far away the next one can be (Wu and Manber, "A fast algorithm for multi-pattern searching", 1994).
#[derive(Debug)]
struct Shifts {
    /// By the hash of a block: positions to the next beginning that may end with it; wrong in one direction only.
    table: Vec<u8>,
    /// Bytes of a block.
    block: usize,
    /// Bytes of a beginning: all texts have as many.
    beginning: usize,
}

impl Shifts {
    fn of(texts: &[&[u8]]) -> Self {
        let beginning = texts.iter().map(|it| it.len()).min().unwrap_or_default().clamp(1, BEGINNING);
        let block = beginning.min(BLOCK);
        let longest = beginning - block;
        let shift = |it: usize| u8::try_from(it).unwrap_or(u8::MAX);
        let mut table = vec![shift(longest + 1); 1 << TABLE_BITS];
        for text in texts {
            let blocks = text.get(..beginning).unwrap_or_default().windows(block);
            for (distance, block) in (0..=longest).rev().zip(blocks) {
                if let Some(least) = table.get_mut(hash(block)) {
                    *least = (*least).min(shift(distance));
                }
            }
        }
        Self { table, block, beginning }
    }

    /// How many of `bytes` no text begins with.
    fn skip(&self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(block) = bytes.get(at + self.beginning - self.block..at + self.beginning) {
            match self.table.get(hash(block)) {
                Some(&shift) if shift > 0 => at += usize::from(shift),
                _ => break,
            }
        }
        at
    }
}

/// Of at most [`BLOCK`] bytes; below 2 to the [`TABLE_BITS`].
#[inline]
fn hash(block: &[u8]) -> usize {
    let packed = match *block {
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        _ => block.first().copied().unwrap_or_default().into(),
    };
    // Fibonacci hashing: the high bits depend on all of them.
    (packed.wrapping_mul(0x9E37_79B1) >> (u32::BITS - TABLE_BITS)) as usize
}
