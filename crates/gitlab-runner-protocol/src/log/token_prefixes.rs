//! Replaces what follows the beginning of a token: `glpat-…`.
//!
//! Source: GitLab Runner, `common/buildlogger`; the list is its.

use super::finder::{Finder, Place};
use super::masks::MASKED;

/// What GitLab's tokens begin with, whatever an instance says.
const PREFIXES: [&str; 14] = [
    "glpat-",
    "gloas-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glrtr-",
    "glptt-",
    "glft-",
    "glimt-",
    "glagent-",
    "glsoat-",
    "glffct-",
    "_gitlab_session=",
    "gltok-",
];

/// Replaces tokens, and leaves their beginnings.
#[derive(Debug)]
pub(super) struct TokenPrefixes {
    finder: Option<Finder>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Outside(Option<Place>),
    AfterPrefix,
    Token,
}

impl TokenPrefixes {
    /// The usual beginnings, and `more`.
    pub(super) fn new(more: &[String]) -> Self {
        let more = more.iter().map(|it| it.trim()).filter(|it| !it.is_empty());
        let mut prefixes: Vec<&[u8]> = PREFIXES.into_iter().chain(more).map(str::as_bytes).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        Self { finder: Finder::new(&prefixes), state: State::Outside(None) }
    }

    /// Takes `bytes`, and gives them without tokens. Nothing is held back.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(finder) = &self.finder else {
            out.extend_from_slice(bytes);
            return;
        };
        let mut at = 0;
        while let Some(left) = bytes.get(at..).filter(|it| !it.is_empty()) {
            match self.state {
                State::Outside(place) => {
                    let (length, state) = outside(finder, place, left);
                    out.extend_from_slice(left.get(..length).unwrap_or_default());
                    at += length;
                    self.state = state;
                }
                State::AfterPrefix if left.first().is_some_and(is_of_token) => {
                    out.extend_from_slice(MASKED);
                    self.state = State::Token;
                }
                State::AfterPrefix => self.state = State::Outside(None),
                State::Token => {
                    let end = left.iter().position(|it| !is_of_token(it));
                    if end.is_some() {
                        self.state = State::Outside(None);
                    }
                    at += end.unwrap_or(left.len());
                }
            }
        }
    }

    /// What comes next does not go on with what came.
    pub(super) fn flush(&mut self) {
        self.state = State::Outside(None);
    }
}

/// How many bytes are up to the end of the first beginning, and what comes after them.
fn outside(finder: &Finder, place: Option<Place>, bytes: &[u8]) -> (usize, State) {
    let mut place = place.unwrap_or_else(|| finder.start());
    let mut at = 0;
    loop {
        if finder.is_start(place) {
            at += finder.skip(bytes.get(at..).unwrap_or_default());
        }
        let Some(&byte) = bytes.get(at) else { return (bytes.len(), State::Outside(Some(place))) };
        at += 1;
        let (next, length) = finder.step(place, byte);
        if length > 0 {
            return (at, State::AfterPrefix);
        }
        place = next;
    }
}

fn is_of_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'=')
}
