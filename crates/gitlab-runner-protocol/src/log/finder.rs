//! Finds texts in a stream of bytes, however it is cut: one step for each byte, and far fewer where none can begin.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::HashMap;

/// The bytes that are looked at to tell whether a text may begin nearby.
const BLOCK: usize = 3;
/// The most bytes of a text that count for that.
const BEGINNING: usize = 16;
/// Bits of a hash: the set has 8 KiB, and is at hand.
const SET_BITS: u32 = 16;

/// A set of texts, ready to be found.
#[derive(Debug)]
pub(super) struct Finder {
    automaton: NFA,
    /// Where nothing has begun.
    start: StateID,
    /// How many bytes of a text have been seen in each state.
    depths: HashMap<StateID, usize>,
    blocks: Blocks,
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
        Some(Self { automaton, start, depths, blocks: Blocks::of(texts) })
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
        self.blocks.skip(bytes)
    }
}

/// Which blocks of bytes the beginnings of texts are made of: a set of hashes, wrong in one direction only.
///
/// However a beginning lies, one block of it is at a multiple of the stride. So only those are looked at.
#[derive(Debug)]
struct Blocks {
    set: Vec<u64>,
    /// Bytes of a block.
    length: usize,
    /// From one block that is looked at to the next one.
    stride: usize,
}

impl Blocks {
    fn of(texts: &[&[u8]]) -> Self {
        let beginning = texts.iter().map(|it| it.len()).min().unwrap_or_default().clamp(1, BEGINNING);
        let length = beginning.min(BLOCK);
        let mut set = vec![0; 1 << (SET_BITS - 6)];
        for block in texts.iter().flat_map(|it| it.get(..beginning).unwrap_or_default().windows(length)) {
            let hash = hash(block);
            if let Some(word) = set.get_mut(hash >> 6) {
                *word |= 1 << (hash & 63);
            }
        }
        Self { set, length, stride: beginning - length + 1 }
    }

    /// How many of `bytes` no text begins with.
    fn skip(&self, bytes: &[u8]) -> usize {
        let mut at = self.stride - 1;
        while let Some(block) = bytes.get(at..at + self.length) {
            let hash = hash(block);
            if self.set.get(hash >> 6).is_none_or(|it| it >> (hash & 63) & 1 == 1) {
                break;
            }
            at += self.stride;
        }
        // A text that this block belongs to, or one that the next piece goes on with, begins here at the earliest.
        (at + 1 - self.stride).min(bytes.len())
    }
}

/// Of at most [`BLOCK`] bytes; below 2 to the [`SET_BITS`].
#[inline]
fn hash(block: &[u8]) -> usize {
    let packed = match *block {
        [a, b, c] => u32::from_le_bytes([a, b, c, 0]),
        [a, b] => u32::from_le_bytes([a, b, 0, 0]),
        _ => block.first().copied().unwrap_or_default().into(),
    };
    // Fibonacci hashing: the high bits depend on all of them.
    (packed.wrapping_mul(0x9E37_79B1) >> (u32::BITS - SET_BITS)) as usize
}
