//! What rewrites put in the place of tokens.

use crate::token::Token;
use std::ops::Range;

/// The tokens of a file that are replaced, and what made tokens say; it keeps its memory from one file to the next.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    list: Vec<Edit>,
    tokens: Vec<Token>,
    /// The bytes of made tokens.
    pub(crate) made: Vec<u8>,
}

/// Tokens of the file, by index, and the made ones that stand in their place.
#[derive(Debug)]
struct Edit {
    removed: Range<usize>,
    inserted: Range<usize>,
}

impl Edits {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.tokens.clear();
        self.made.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Begins an edit, behind those that there are. [`Edits::insert`] says what stands there instead.
    pub(crate) fn replace(&mut self, removed: Range<usize>) {
        let inserted = self.tokens.len()..self.tokens.len();
        self.list.push(Edit { removed, inserted });
    }

    /// Adds a token to the last edit.
    pub(crate) fn insert(&mut self, token: Token) {
        self.tokens.push(token);
        if let Some(edit) = self.list.last_mut() {
            edit.inserted.end = self.tokens.len();
        }
    }

    /// The tokens of the file with all edits made.
    pub(crate) fn apply(&self, tokens: &[Token], result: &mut Vec<Token>) {
        result.clear();
        let mut at = 0;
        for edit in &self.list {
            result.extend_from_slice(tokens.get(at..edit.removed.start).unwrap_or_default());
            result.extend_from_slice(self.tokens.get(edit.inserted.clone()).unwrap_or_default());
            at = edit.removed.end;
        }
        result.extend_from_slice(tokens.get(at..).unwrap_or_default());
    }
}
