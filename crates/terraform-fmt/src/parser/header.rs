//! The header of a block: its labels, which are rewritten.

use super::cursor::{Label, Parser};
use crate::doubt::DoubtReason;
use crate::formatted::LossKind;
use crate::kind::Kind;
use crate::label;
use crate::summary::Summary;
use crate::token::Token;
use std::ops::Range;

impl Parser<'_> {
    /// Labels and the brace behind them; the index of the brace.
    pub(super) fn header(&mut self, name: usize) -> Option<usize> {
        self.found.labels.clear();
        loop {
            match self.peek() {
                Kind::OpenBrace => {
                    self.read();
                    let opener = self.last;
                    if self.found.faults.is_empty() {
                        self.rewrite_labels(name);
                    }
                    return Some(opener);
                }
                Kind::Name => {
                    self.read();
                    self.found.labels.push(Label { range: self.last..self.last + 1 });
                }
                Kind::OpenQuote => {
                    self.read();
                    let start = self.last;
                    self.label_text();
                    self.found.labels.push(Label { range: start..self.last + 1 });
                }
                kind => {
                    let next = self.next();
                    if matches!(kind, Kind::Assign | Kind::Newline) {
                        self.report(Summary::InvalidBlockDefinition, next);
                    } else {
                        self.report_first(Summary::InvalidBlockDefinition, next);
                    }
                    self.skip_item();
                    return None;
                }
            }
        }
    }

    /// The text of a label and the quote behind it.
    fn label_text(&mut self) {
        loop {
            match self.peek() {
                Kind::CloseQuote => {
                    self.read();
                    return;
                }
                Kind::QuotedLiteral => {
                    self.read();
                    self.judge_escapes(self.last);
                }
                Kind::Interpolation | Kind::Control => {
                    self.read();
                    self.report(Summary::InvalidStringLiteral, self.last);
                    self.skip_past(Kind::SequenceEnd);
                }
                Kind::End => {
                    let next = self.next();
                    self.report(Summary::UnterminatedStringLiteral, next);
                    return;
                }
                _ => {
                    self.read();
                    self.report(Summary::InvalidStringLiteral, self.last);
                    return self.skip_past(Kind::CloseQuote);
                }
            }
        }
    }

    /// Puts labels as terraform writes them in the place of what is between a block's type and its last label.
    fn rewrite_labels(&mut self, name: usize) {
        let Some(end) = self.found.labels.last().map(|it| it.range.end) else { return };
        let labels = std::mem::take(&mut self.found.labels);
        let tokens: usize = labels.iter().map(|it| it.range.len()).sum();
        let has_comments = name + 1 + tokens != end;
        if has_comments || !labels.iter().all(|it| self.is_kept(it)) {
            if has_comments {
                self.note_comments(name + 1..end);
            }
            self.found.edits.replace(name + 1..end);
            for label in &labels {
                self.rewrite_label(label);
            }
        }
        self.found.labels = labels;
    }

    fn note_comments(&mut self, range: Range<usize>) {
        for index in range {
            if self.kind(index).is_comment() {
                self.found.losses.push((LossKind::Comment, self.token(index).start));
            }
        }
    }

    /// Whether a rewritten label is what it was.
    fn is_kept(&self, label: &Label) -> bool {
        match label.range.len() {
            1 => false,
            2 => true,
            3 => label::is_plain(self.bytes(label.range.start + 1)),
            _ => false,
        }
    }

    fn rewrite_label(&mut self, label: &Label) {
        let first = label.range.start;
        match label.range.len() {
            1 => self.rewrite_text(first),
            2 => {
                self.insert(Kind::OpenQuote, b"\"");
                self.insert(Kind::CloseQuote, b"\"");
            }
            3 => self.rewrite_text(first + 1),
            _ => self.found.losses.push((LossKind::Label, self.token(first).start)),
        }
    }

    /// The text of a token as a label. That of a name has no escapes, but it is normalized as well.
    fn rewrite_text(&mut self, index: usize) {
        match label::rewritten(self.bytes(index)) {
            Ok(text) => {
                self.insert(Kind::OpenQuote, b"\"");
                self.insert(Kind::QuotedLiteral, &text);
                self.insert(Kind::CloseQuote, b"\"");
            }
            Err(reason) => self.give_up(reason, index),
        }
    }

    /// Adds a token with bytes of its own to the last edit.
    pub(super) fn insert(&mut self, kind: Kind, bytes: &[u8]) {
        let base = self.input.len() + self.found.edits.made.len();
        let range = u32::try_from(base).ok().zip(u32::try_from(base + bytes.len()).ok());
        let Some((start, end)) = range else { return self.give_up(DoubtReason::TooLarge, self.last) };
        self.found.edits.made.extend_from_slice(bytes);
        self.found.edits.insert(Token { start, end, kind });
    }
}
