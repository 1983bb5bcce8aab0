//! How many columns tokens have.
//!
//! Source: part 6 of `SPECIFICATION.md`, tried on terraform 1.11.4.

use super::graphemes;
use crate::characters::Character;
use crate::kind::Kind;
use crate::token::{Source, Token};
use crate::work;

/// Measures tokens of a file.
#[derive(Debug)]
pub(super) struct Columns<'s> {
    source: Source<'s>,
    /// Whether a token has as many columns as bytes, unless it has line breaks.
    is_ascii: bool,
    /// The place of a token whose width is in doubt.
    pub(super) doubt: Option<u32>,
}

impl<'s> Columns<'s> {
    pub(super) fn new(source: Source<'s>) -> Self {
        Self { source, is_ascii: source.input.is_ascii() && source.made.is_ascii(), doubt: None }
    }

    /// The width of tokens with the spaces before them; of as many as there are numbers of spaces.
    pub(super) fn width(&mut self, tokens: &[Token], spaces: &[u32]) -> u32 {
        tokens.iter().zip(spaces).map(|(token, spaces)| spaces + self.columns(*token)).sum()
    }

    fn columns(&mut self, token: Token) -> u32 {
        work::step();
        let has_lines = matches!(
            token.kind,
            Kind::OpenHeredoc | Kind::HeredocLiteral | Kind::LineComment | Kind::BlockComment
        );
        if self.is_ascii && !has_lines {
            return token.length();
        }
        let bytes = self.source.bytes(token);
        if bytes.is_ascii() {
            let pairs = bytes.windows(2).filter(|it| it == b"\r\n").count();
            return token.length() - u32::try_from(pairs).unwrap_or(0);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => graphemes::count(text),
            Err(_) => self.count_formal(bytes, token.start),
        }
    }

    /// A sequence that has the form of UTF-8 and is none counts as one character; about other bytes nothing is certain.
    fn count_formal(&mut self, bytes: &[u8], place: u32) -> u32 {
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            let (character, length) = match Character::read(rest) {
                Character::Valid(character, length) => (character, length),
                Character::Formal(length) => (char::REPLACEMENT_CHARACTER, length),
                Character::Stray => {
                    self.doubt.get_or_insert(place);
                    (char::REPLACEMENT_CHARACTER, 1)
                }
            };
            text.push(character);
            rest = rest.get(length..).unwrap_or_default();
        }
        graphemes::count(&text)
    }
}
