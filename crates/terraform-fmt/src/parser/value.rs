//! The value of an argument, which is rewritten: constant indexes, types of variables, `"${…}"`.

use super::cursor::Parser;
use crate::formatted::LossKind;
use crate::kind::Kind;
use crate::work;
use std::ops::Range;

impl Parser<'_> {
    /// Rewrites a value, from its first token to its last. `is_type` says that it is the type of a variable.
    pub(super) fn rewrite_value(&mut self, first: usize, last: usize, is_type: bool) {
        let deletions = std::mem::take(&mut self.found.deletions);
        if is_type {
            self.delete(&deletions);
            self.rewrite_type(first, last);
        } else if self.is_wrapped(first, last) {
            self.unwrap_value(first, last, &deletions);
        } else {
            self.delete(&deletions);
        }
        self.found.deletions = deletions;
    }

    fn delete(&mut self, deletions: &[Range<usize>]) {
        for range in deletions {
            self.found.edits.replace(range.clone());
            self.found.losses.push((LossKind::Index, self.token(range.start).start));
        }
    }

    /// Writes types as they have been written since terraform 0.12.
    fn rewrite_type(&mut self, first: usize, last: usize) {
        let (element, collection): (&[u8], &[u8]) = match (self.kind(first), last - first) {
            (Kind::Name, 0) => match self.bytes(first) {
                it @ (b"list" | b"map" | b"set") => (b"any", it),
                _ => return,
            },
            (Kind::OpenQuote, 2) if self.kind(first + 1) == Kind::QuotedLiteral => {
                match self.bytes(first + 1) {
                    b"string" => (b"string", b""),
                    it @ (b"list" | b"map") => (b"string", it),
                    _ => return,
                }
            }
            _ => return,
        };
        self.found.edits.replace(first..last + 1);
        if collection.is_empty() {
            return self.insert(Kind::Name, element);
        }
        self.insert(Kind::Name, collection);
        self.insert(Kind::OpenParenthesis, b"(");
        self.insert(Kind::Name, element);
        self.insert(Kind::CloseParenthesis, b")");
    }

    /// Whether the value is one text that begins and ends with a sequence. It may still be several.
    fn is_wrapped(&self, first: usize, last: usize) -> bool {
        last - first >= 4
            && self.kind(first) == Kind::OpenQuote
            && self.kind(first + 1) == Kind::Interpolation
            && self.kind(last - 1) == Kind::SequenceEnd
            && self.kind(last) == Kind::CloseQuote
    }

    fn unwrap_value(&mut self, first: usize, last: usize, deletions: &[Range<usize>]) {
        let mut left = std::mem::take(&mut self.found.left);
        left.clear();
        let mut from = first + 2;
        for range in deletions {
            left.extend(from..range.start);
            from = range.end;
        }
        left.extend(from..last - 1);
        let inner = self.without_newlines(&left);
        if self.is_one_expression(&left) && !inner.is_empty() {
            self.unwrap_tokens(first, last, inner, deletions);
        } else {
            self.delete(deletions);
        }
        self.found.left = left;
    }

    /// Whether there is no text beside the expression, and no second one.
    fn is_one_expression(&self, left: &[usize]) -> bool {
        let mut quotes = 0_usize;
        left.iter().all(|&index| {
            work::step();
            match self.kind(index) {
                Kind::OpenQuote => quotes += 1,
                Kind::CloseQuote => quotes = quotes.saturating_sub(1),
                Kind::Interpolation | Kind::SequenceEnd | Kind::QuotedLiteral => return quotes > 0,
                _ => {}
            }
            true
        })
    }

    /// Without the newlines at both ends; comments stay.
    fn without_newlines<'l>(&self, left: &'l [usize]) -> &'l [usize] {
        let is_code = |index: &usize| self.kind(*index) != Kind::Newline;
        let Some(start) = left.iter().position(is_code) else { return &[] };
        let end = left.iter().rposition(is_code).map_or(start, |it| it + 1);
        left.get(start..end).unwrap_or_default()
    }

    /// Takes away what is around the tokens `inner`, and puts parentheses there if they stand on several lines.
    fn unwrap_tokens(&mut self, first: usize, last: usize, inner: &[usize], deletions: &[Range<usize>]) {
        let (Some(&start), Some(&end)) = (inner.first(), inner.last()) else { return };
        let has_parentheses =
            self.kind(start) == Kind::OpenParenthesis && self.kind(end) == Kind::CloseParenthesis;
        let has_newlines = inner.iter().any(|&it| self.kind(it) == Kind::Newline);
        let is_enclosed = has_newlines && !has_parentheses;
        if !is_enclosed && self.is_broken(inner) {
            self.found.losses.push((LossKind::Value, self.token(first).start));
        }
        self.found.edits.replace(first..start);
        if is_enclosed {
            self.insert(Kind::OpenParenthesis, b"(");
        }
        self.delete(deletions);
        self.found.edits.replace(end + 1..last + 1);
        if is_enclosed {
            self.insert(Kind::CloseParenthesis, b")");
        }
    }

    /// Whether a line ends outside of all brackets, and code follows.
    fn is_broken(&self, inner: &[usize]) -> bool {
        let mut open = 0;
        let mut has_ended = false;
        for &index in inner {
            let kind = self.kind(index);
            if has_ended && !kind.ends_line() && !kind.is_comment() {
                return true;
            }
            open += kind.bracket();
            has_ended |= kind.ends_line() && open == 0;
        }
        false
    }
}
