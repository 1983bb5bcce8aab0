//! Text of heredocs.

use super::Scanner;
use crate::characters::formal_length;
use crate::kind::Kind;

impl Scanner<'_> {
    /// Reads tokens until the heredoc is closed, or code begins.
    pub(super) fn heredoc(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            let length = match byte {
                b'$' | b'%' => {
                    if self.opens_sequence(byte) {
                        return self.set_line_start(false);
                    }
                    match self.escaped_sequence(byte) {
                        Some(length) => length,
                        None if self.byte(self.at + 1).is_none() => return self.push(Kind::Invalid, 1),
                        None if self.takes_odd_byte() => {
                            self.push(Kind::HeredocLiteral, 2);
                            self.set_line_start(false);
                            continue;
                        }
                        None => 1,
                    }
                }
                b'\r' if self.newline_length(self.at) == 0 => {
                    return self.push(Kind::Invalid, self.input.len() - self.at);
                }
                b'\r' | b'\n' => 0,
                _ => match self.heredoc_run() {
                    0 => {
                        // Such bytes are not text: behind them a line still begins.
                        self.push(Kind::BadEncoding, 1);
                        continue;
                    }
                    length => length,
                },
            };
            if self.piece(length) {
                return;
            }
        }
    }

    /// Whether the sign that comes next takes the byte behind it along, which is no character, or belongs to a line ending:
    /// so it does right before the end of a line.
    fn takes_odd_byte(&self) -> bool {
        let behind = self.input.get(self.at + 1..).unwrap_or_default();
        let is_odd = behind.first().is_some_and(|it| *it == b'\r' || formal_length(behind) == 0);
        is_odd && matches!(behind.get(1), Some(b'\r' | b'\n'))
    }

    /// A literal of that many bytes and the newline behind it, or the end of the heredoc; and whether it was the end.
    fn piece(&mut self, length: usize) -> bool {
        let newline = self.newline_length(self.at + length);
        if newline > 0 && self.ends_heredoc(length) {
            self.push(Kind::CloseHeredoc, length);
            self.push(Kind::Newline, newline);
            self.scan.heredocs.pop();
            self.leave();
            return true;
        }
        self.push(Kind::HeredocLiteral, length + newline);
        self.set_line_start(newline > 0);
        false
    }

    /// Whether the next bytes, which are the rest of a line, are the line that ends the heredoc.
    fn ends_heredoc(&self, length: usize) -> bool {
        let Some(heredoc) = self.scan.heredocs.last().filter(|it| it.is_at_line_start) else { return false };
        let name = self.input.get(heredoc.start as usize..heredoc.end as usize).unwrap_or_default();
        let piece = self.input.get(self.at..self.at + length).unwrap_or_default();
        // No name has bytes that are not UTF-8, so neither has the line.
        piece.len() >= name.len() && std::str::from_utf8(piece).is_ok_and(|it| it.trim().as_bytes() == name)
    }

    fn heredoc_run(&self) -> usize {
        let mut at = self.at;
        while let Some(byte) = self.byte(at) {
            match byte {
                b'$' | b'%' | b'\r' | b'\n' => break,
                0x00..=0x7F => at += 1,
                _ => match formal_length(self.input.get(at..).unwrap_or_default()) {
                    0 => break,
                    length => at += length,
                },
            }
        }
        at - self.at
    }

    fn newline_length(&self, at: usize) -> usize {
        match (self.byte(at), self.byte(at + 1)) {
            (Some(b'\n'), _) => 1,
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 0,
        }
    }

    fn set_line_start(&mut self, is_at_line_start: bool) {
        if let Some(heredoc) = self.scan.heredocs.last_mut() {
            heredoc.is_at_line_start = is_at_line_start;
        }
    }
}
