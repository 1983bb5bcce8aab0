//! Tokens outside of texts.

use super::classes::{NAME, class};
use super::{Heredoc, Mode, Scanner, offset};
use crate::characters::{Character, begins_name, continues_name, may_begin_odd_name};
use crate::doubt::DoubtReason;
use crate::kind::Kind;

impl Scanner<'_> {
    /// Reads tokens until a text begins or goes on.
    pub(super) fn code(&mut self) {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b' ' => self.at = self.run_end(self.at, |it| it == b' '),
                b'\t' => {
                    self.scan.has_odd_gap = true;
                    self.at += 1;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(),
                b'\n' => self.push(Kind::Newline, 1),
                b'"' => {
                    self.push(Kind::OpenQuote, 1);
                    return self.enter(Mode::Quoted);
                }
                b'0'..=b'9' => self.number(),
                b'{' => {
                    self.push(Kind::OpenBrace, 1);
                    self.depth += 1;
                }
                b'}' => {
                    if self.closes_brace() {
                        return;
                    }
                }
                b'<' => {
                    if self.less() {
                        return;
                    }
                }
                b'~' => {
                    if self.tilde() {
                        return;
                    }
                }
                b'#' => self.line_comment(),
                b'/' => self.slash(),
                0x80.. => {
                    self.beyond_ascii(byte);
                    if self.scan.doubt.is_some() {
                        return;
                    }
                }
                _ => self.sign(byte),
            }
        }
    }

    /// A token that is known by one, two or three characters of ASCII.
    fn sign(&mut self, byte: u8) {
        let next = self.byte(self.at + 1);
        let (kind, length) = match (byte, next) {
            (b'[', _) => (Kind::OpenBracket, 1),
            (b']', _) => (Kind::CloseBracket, 1),
            (b'(', _) => (Kind::OpenParenthesis, 1),
            (b')', _) => (Kind::CloseParenthesis, 1),
            (b'.', Some(b'.')) if self.byte(self.at + 2) == Some(b'.') => (Kind::Ellipsis, 3),
            (b'.', _) => (Kind::Dot, 1),
            (b',', _) => (Kind::Comma, 1),
            (b'=', Some(b'=')) => (Kind::Equal, 2),
            (b'=', Some(b'>')) => (Kind::Arrow, 2),
            (b'=', _) => (Kind::Assign, 1),
            (b'!', Some(b'=')) => (Kind::NotEqual, 2),
            (b'!', _) => (Kind::Not, 1),
            (b'>', Some(b'=')) => (Kind::GreaterOrEqual, 2),
            (b'>', _) => (Kind::Greater, 1),
            (b'&', Some(b'&')) => (Kind::And, 2),
            (b'&', _) => (Kind::Ampersand, 1),
            (b'|', Some(b'|')) => (Kind::Or, 2),
            (b'|', _) => (Kind::Pipe, 1),
            (b':', Some(b':')) => (Kind::DoubleColon, 2),
            (b':', _) => (Kind::Colon, 1),
            (b'?', _) => (Kind::Question, 1),
            (b'+', _) => (Kind::Plus, 1),
            (b'-', _) => (Kind::Minus, 1),
            (b'*', _) => (Kind::Star, 1),
            (b'%', _) => (Kind::Percent, 1),
            (b'^', _) => (Kind::Caret, 1),
            (b';', _) => (Kind::Semicolon, 1),
            (b'`', _) => (Kind::Backtick, 1),
            (b'\'', _) => (Kind::Apostrophe, 1),
            (b'\r', Some(b'\n')) => (Kind::Newline, 2),
            _ => (Kind::Invalid, 1),
        };
        self.push(kind, length);
    }

    /// `}`, and whether it ends a sequence, so that a text goes on.
    fn closes_brace(&mut self) -> bool {
        let is_end = self.scan.templates.last() == Some(&self.depth);
        self.push(if is_end { Kind::SequenceEnd } else { Kind::CloseBrace }, 1);
        self.close(is_end);
        is_end
    }

    /// `~}` or `~`, and whether a text goes on.
    fn tilde(&mut self) -> bool {
        if self.byte(self.at + 1) != Some(b'}') {
            self.push(Kind::Tilde, 1);
            return false;
        }
        let is_end = self.scan.templates.last() == Some(&self.depth);
        self.push(Kind::SequenceEnd, 2);
        self.close(is_end);
        is_end
    }

    fn close(&mut self, is_end: bool) {
        self.depth -= 1;
        if is_end {
            self.scan.templates.pop();
            self.leave();
        }
    }

    /// What begins with `<`, and whether it was a heredoc.
    fn less(&mut self) -> bool {
        match self.byte(self.at + 1) {
            Some(b'=') => self.push(Kind::LessOrEqual, 2),
            Some(b'<') => return self.opens_heredoc(),
            _ => self.push(Kind::Less, 1),
        }
        false
    }

    fn opens_heredoc(&mut self) -> bool {
        let start = if self.byte(self.at + 2) == Some(b'-') { self.at + 3 } else { self.at + 2 };
        let end = self.name_end(start);
        let newline = match (self.byte(end), self.byte(end + 1)) {
            (Some(b'\n'), _) => 1,
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 0,
        };
        if end == start || newline == 0 {
            self.push(Kind::Less, 1);
            return false;
        }
        self.push(Kind::OpenHeredoc, end + newline - self.at);
        self.scan.heredocs.push(Heredoc { start: offset(start), end: offset(end), is_at_line_start: true });
        self.enter(Mode::Heredoc);
        true
    }

    fn name(&mut self) {
        let end = self.name_end(self.at);
        self.push(Kind::Name, end - self.at);
    }

    /// Where the name ends that begins at `start`; `start` if none does.
    fn name_end(&mut self, start: usize) -> usize {
        let mut end = start;
        if self.byte(start).is_some_and(|it| it.is_ascii_alphabetic() || it == b'_') {
            end = self.run_end(start, |it| class(it) & NAME != 0);
        }
        while let Some(byte) = self.byte(end) {
            if byte.is_ascii_alphabetic() || byte == b'_' {
                end += 1;
            } else if byte.is_ascii_digit() || byte == b'-' {
                if end == start {
                    return start;
                }
                end += 1;
            } else if byte.is_ascii() {
                return end;
            } else {
                let belongs = if end == start { begins_name } else { continues_name };
                match Character::read(self.input.get(end..).unwrap_or_default()) {
                    Character::Valid(character, length) if belongs(character) => end += length,
                    Character::Valid(..) => return end,
                    Character::Formal(_) | Character::Stray => {
                        if may_begin_odd_name(byte) {
                            self.scan.doubt = Some((DoubtReason::EncodingOfName, offset(end)));
                        }
                        return end;
                    }
                }
            }
        }
        end
    }

    /// A name, or what cannot be read.
    fn beyond_ascii(&mut self, byte: u8) {
        match Character::read(self.input.get(self.at..).unwrap_or_default()) {
            Character::Valid(character, _) if begins_name(character) => self.name(),
            Character::Valid(_, length) => self.push(Kind::Invalid, length),
            Character::Formal(_) | Character::Stray if may_begin_odd_name(byte) => {
                self.scan.doubt = Some((DoubtReason::EncodingOfName, offset(self.at)));
            }
            Character::Formal(length) => self.push(Kind::Invalid, length),
            Character::Stray => self.push(Kind::BadEncoding, 1),
        }
    }

    /// Digits, points and exponents, as long as they end with a digit.
    fn number(&mut self) {
        let mut at = self.at + 1;
        let mut end = at;
        loop {
            match self.byte(at) {
                Some(b'0'..=b'9') => {
                    at += 1;
                    end = at;
                }
                Some(b'.') => at += 1,
                Some(b'e' | b'E') => {
                    let sign = usize::from(matches!(self.byte(at + 1), Some(b'+' | b'-')));
                    if !self.byte(at + 1 + sign).is_some_and(|it| it.is_ascii_digit()) {
                        break;
                    }
                    at += 2 + sign;
                    end = at;
                }
                _ => break,
            }
        }
        self.push(Kind::Number, end - self.at);
    }

    fn slash(&mut self) {
        match self.byte(self.at + 1) {
            Some(b'/') => self.line_comment(),
            Some(b'*') => match self.block_comment_length() {
                Some(length) => self.push(Kind::BlockComment, length),
                None => self.push(Kind::Slash, 1),
            },
            _ => self.push(Kind::Slash, 1),
        }
    }

    fn line_comment(&mut self) {
        let rest = self.input.get(self.at..).unwrap_or_default();
        match rest.iter().position(|it| *it == b'\n') {
            Some(newline) => self.push(Kind::LineComment, newline + 1),
            None => self.push(Kind::BlockComment, rest.len()),
        }
    }

    /// Without its end it is no comment. That is looked for once, else a file of `/*` would take the square of its size.
    fn block_comment_length(&mut self) -> Option<usize> {
        if self.lacks_comment_end {
            return None;
        }
        let text = self.input.get(self.at + 2..).unwrap_or_default();
        let found = text.windows(2).position(|it| it == b"*/");
        self.lacks_comment_end = found.is_none();
        found.map(|it| it + 4)
    }
}
