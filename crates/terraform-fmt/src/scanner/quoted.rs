//! Text between quotes.

use super::Scanner;
use super::classes::{TEXT, class};
use crate::characters::formal_length;
use crate::kind::Kind;

impl Scanner<'_> {
    /// Reads tokens until the quotes are closed, or code begins.
    pub(super) fn quoted(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'"' => {
                    self.push(Kind::CloseQuote, 1);
                    return self.leave();
                }
                b'$' | b'%' => {
                    if self.opens_sequence(byte) {
                        return;
                    }
                    if let Some(length) = self.escaped_sequence(byte) {
                        self.push(Kind::QuotedLiteral, length);
                    } else if self.byte(self.at + 1).is_none() {
                        self.push(Kind::Invalid, 1);
                    } else {
                        self.push(Kind::QuotedLiteral, 1);
                    }
                }
                b'\r' | b'\n' => {
                    let rest = self.input.get(self.at..).unwrap_or_default();
                    let length = rest.iter().take_while(|it| matches!(it, b'\r' | b'\n')).count();
                    self.push(Kind::QuotedNewline, length);
                }
                _ => match self.quoted_run() {
                    0 if byte == b'\\' => self.push(Kind::Invalid, 1),
                    0 => self.push(Kind::BadEncoding, 1),
                    length => self.push(Kind::QuotedLiteral, length),
                },
            }
        }
    }

    /// The length of the text that has nothing in it which ends a literal. A backslash takes the character behind it along.
    fn quoted_run(&self) -> usize {
        let mut at = self.at;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'"' | b'$' | b'%' | b'\r' | b'\n' => break,
                b'\\' => match self.byte(at + 1) {
                    None | Some(b'\r' | b'\n') => break,
                    Some(0x00..=0x7F) => at += 2,
                    Some(_) => match formal_length(self.input.get(at + 1..).unwrap_or_default()) {
                        0 => break,
                        length => at += 1 + length,
                    },
                },
                0x00..=0x7F => at = self.run_end(at, |it| class(it) & TEXT != 0),
                _ => match formal_length(self.input.get(at..).unwrap_or_default()) {
                    0 => break,
                    length => at += length,
                },
            }
        }
        at - self.at
    }
}
