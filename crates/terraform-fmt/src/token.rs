//! A token, and where its bytes are.

use crate::kind::Kind;

/// A kind and a place: offsets into the input or, behind the input's end, into the text that rewrites made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) kind: Kind,
}

impl Token {
    /// How many bytes it has.
    pub(crate) fn length(self) -> u32 {
        self.end - self.start
    }
}

/// What tokens are ranges of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'i> {
    /// The file.
    pub(crate) input: &'i [u8],
    /// What rewrites made; its offsets go on where the file's end.
    pub(crate) made: &'i [u8],
}

impl<'i> Source<'i> {
    pub(crate) fn bytes(self, token: Token) -> &'i [u8] {
        let (start, end) = (token.start as usize, token.end as usize);
        match start.checked_sub(self.input.len()) {
            Some(made) if end > self.input.len() => {
                self.made.get(made..end - self.input.len()).unwrap_or_default()
            }
            _ => self.input.get(start..end).unwrap_or_default(),
        }
    }
}
