//! Reads tokens by the grammar, and finds all errors that terraform reports, and what is rewritten.
//!
//! No tree is built: layout needs none, and rewrites need no more than where labels, values and references are.
//!
//! Source: parts 3 and 4 of `SPECIFICATION.md`, tried on terraform 1.11.4.

mod body;
mod collections;
mod cursor;
mod expression;
mod header;
mod literal;
mod skip;
mod template;
mod value;

pub(crate) use cursor::{Fault, Findings};

use crate::kind::Kind;
use crate::summary::Summary;
use crate::token::Token;
use cursor::Parser;

/// Reads a file. `errors` are the indexes of the tokens that are errors in themselves.
pub(crate) fn read(input: &[u8], tokens: &[Token], errors: &[u32], findings: &mut Findings) {
    let mut parser = Parser::new(input, tokens, findings);
    judge_tokens(&mut parser, errors);
    parser.file();
}

/// Reports tokens that no file may have, whatever stands around them; of some only the first ones.
fn judge_tokens(parser: &mut Parser<'_>, errors: &[u32]) {
    let (mut operators, mut semicolons, mut backticks, mut apostrophes, mut encodings) = (0, 0, 0, 0, 0);
    for &index in errors {
        let index = index as usize;
        let kind = parser.kind(index);
        let (count, is_reported, summary): (&mut u32, fn(u32) -> bool, _) = match kind {
            Kind::Ampersand | Kind::Pipe | Kind::Caret | Kind::Tilde => {
                (&mut operators, |it| it <= 4, Summary::UnsupportedOperator)
            }
            Kind::Semicolon => (&mut semicolons, |it| it == 1, Summary::InvalidCharacter),
            Kind::Backtick => (&mut backticks, |it| it == 1 || it == 3, Summary::InvalidCharacter),
            Kind::Apostrophe => (&mut apostrophes, |it| it == 1 || it == 3, Summary::InvalidCharacter),
            Kind::BadEncoding => (&mut encodings, |it| it == 1, Summary::InvalidCharacterEncoding),
            Kind::QuotedNewline => {
                parser.report(Summary::InvalidMultiLineString, index);
                continue;
            }
            _ => {
                parser.report(Summary::InvalidCharacter, index);
                continue;
            }
        };
        *count += 1;
        if is_reported(*count) {
            parser.report(summary, index);
        }
    }
}
