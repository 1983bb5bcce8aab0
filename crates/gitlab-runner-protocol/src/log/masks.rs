//! Replaces masked values in a stream, however it is cut.
//!
//! Every byte of every occurrence goes: occurrences that overlap become one `[MASKED]`, those that only touch one each.

use super::finder::{Finder, Place};
use crate::secret::SecretText;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What stands where a secret was.
pub(super) const MASKED: &[u8] = b"[MASKED]";

/// Replaces values. A clone has the same values, and a stream of its own.
#[derive(Clone)]
pub(super) struct Masks {
    finder: Option<Arc<Finder>>,
    /// Whether there are values that cannot be looked for: nothing passes then.
    is_blind: bool,
    place: Option<Place>,
    /// Bytes of which it is not known yet whether they pass.
    held: Vec<u8>,
    /// How many of the held bytes the finder has seen.
    seen: usize,
    /// Bytes of `held` that will be `[MASKED]`, unless a longer or overlapping value comes; in order and apart.
    covered: Vec<Range<usize>>,
}

impl fmt::Debug for Masks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Masks").finish_non_exhaustive()
    }
}

impl Masks {
    /// Values are trimmed, and empty ones left out.
    pub(super) fn new(values: &[SecretText]) -> Self {
        let mut values: Vec<&[u8]> =
            values.iter().map(|it| it.expose().trim().as_bytes()).filter(|it| !it.is_empty()).collect();
        values.sort_unstable();
        values.dedup();
        let finder = Finder::new(&values).map(Arc::new);
        let is_blind = finder.is_none() && !values.is_empty();
        let place = finder.as_ref().map(|it| it.start());
        Self { finder, is_blind, place, held: Vec::new(), seen: 0, covered: Vec::new() }
    }

    /// Takes `bytes`, and gives what is known to pass.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let (Some(finder), Some(mut place)) = (&self.finder, self.place) else {
            if !self.is_blind {
                out.extend_from_slice(bytes);
            }
            return;
        };
        self.held.extend_from_slice(bytes);
        let mut at = self.seen;
        while let Some(left) = self.held.get(at..).filter(|it| !it.is_empty()) {
            if finder.is_start(place) {
                at += finder.skip(left);
            }
            let Some(&byte) = self.held.get(at) else { break };
            let (next, length) = finder.step(place, byte);
            (place, at) = (next, at + 1);
            if length > 0 {
                cover(&mut self.covered, at - length..at);
            }
        }
        // No value that is still to come can begin before.
        let undecided = at - finder.begun(place);
        (self.place, self.seen) = (Some(place), at);
        self.release(undecided, out);
    }

    /// Gives what is left: no more comes, or nothing that goes on with it.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        self.release(self.held.len(), out);
        self.place = self.finder.as_ref().map(|it| it.start());
    }

    /// Gives what is before `undecided`, but nothing of what is covered beyond it.
    fn release(&mut self, undecided: usize, out: &mut Vec<u8>) {
        let decided = self.covered.iter().take_while(|it| it.end <= undecided).count();
        let mut gone = 0;
        for covered in self.covered.drain(..decided) {
            out.extend_from_slice(self.held.get(gone..covered.start).unwrap_or_default());
            out.extend_from_slice(MASKED);
            gone = covered.end;
        }
        let pass = self.covered.first().map_or(undecided, |it| it.start.min(undecided));
        out.extend_from_slice(self.held.get(gone..pass).unwrap_or_default());
        gone = gone.max(pass);
        self.held.drain(..gone);
        self.seen -= gone;
        for covered in &mut self.covered {
            *covered = covered.start - gone..covered.end - gone;
        }
    }
}

/// Adds an occurrence that ends last; it is one with those that it overlaps.
fn cover(covered: &mut Vec<Range<usize>>, mut occurrence: Range<usize>) {
    while let Some(last) = covered.pop_if(|it| it.end > occurrence.start) {
        occurrence.start = occurrence.start.min(last.start);
    }
    covered.push(occurrence);
}
