//! Calls, lists, objects, and `for` expressions.

use super::cursor::Parser;
use crate::kind::Kind;
use crate::summary::Summary;
use crate::token::Token;

impl Parser<'_> {
    /// A call, from behind the first part of its name.
    pub(super) fn call(&mut self, name: usize) -> bool {
        while self.accept(Kind::DoubleColon) {
            if self.read() != Kind::Name {
                let failed = self.report(Summary::MissingFunctionName, self.last);
                self.skip_call();
                return failed;
            }
        }
        if self.read() != Kind::OpenParenthesis {
            let failed = self.report(Summary::MissingOpenParenthesis, self.last);
            self.skip_call();
            return failed;
        }
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let failed = self.arguments(name);
        self.counts_newlines = counted;
        failed
    }

    fn arguments(&mut self, name: usize) -> bool {
        let mut failed = false;
        loop {
            if self.accept(Kind::CloseParenthesis) {
                return failed;
            }
            failed |= self.expression();
            if failed && self.is_quiet {
                self.skip_past(Kind::CloseParenthesis);
                return failed;
            }
            match self.peek() {
                Kind::Comma => {
                    self.read();
                }
                Kind::CloseParenthesis => {}
                Kind::Ellipsis => {
                    self.read();
                    let ellipsis = self.last;
                    if self.accept(Kind::CloseParenthesis) {
                        return failed;
                    }
                    failed |= self.report_first(Summary::MissingClosingParenthesis, ellipsis);
                    self.skip_past(Kind::CloseParenthesis);
                    return failed;
                }
                _ => {
                    let (summary, place) = match self.read() {
                        Kind::End => (Summary::UnterminatedFunctionCall, name),
                        _ => (Summary::MissingArgumentSeparator, self.last),
                    };
                    failed = self.report(summary, place);
                    self.skip_past(Kind::CloseParenthesis);
                    return failed;
                }
            }
        }
    }

    /// A list, or a `for` expression in brackets.
    pub(super) fn list(&mut self) -> bool {
        self.read();
        let opener = self.last;
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let failed = if self.accept_word(b"for") {
            self.for_expression(Kind::CloseBracket)
        } else {
            self.items(opener)
        };
        self.counts_newlines = counted;
        failed
    }

    fn items(&mut self, opener: usize) -> bool {
        let mut failed = false;
        loop {
            if self.accept(Kind::CloseBracket) {
                return failed;
            }
            failed |= self.expression();
            if failed && self.is_quiet {
                self.skip_past(Kind::CloseBracket);
                return failed;
            }
            match self.peek() {
                Kind::Comma => {
                    self.read();
                }
                Kind::CloseBracket => {}
                kind => {
                    let next = self.next();
                    let (summary, place) = match kind {
                        Kind::End => (Summary::UnterminatedTuple, opener),
                        _ => (Summary::MissingItemSeparator, next),
                    };
                    failed |= self.report_first(summary, place);
                    self.skip_past(Kind::CloseBracket);
                    return failed;
                }
            }
        }
    }

    /// An object, or a `for` expression in braces.
    pub(super) fn object(&mut self) -> bool {
        self.read();
        let opener = self.last;
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let failed = if self.accept_word(b"for") {
            self.for_expression(Kind::CloseBrace)
        } else {
            self.counts_newlines = true;
            self.pairs(opener)
        };
        self.counts_newlines = counted;
        failed
    }

    fn pairs(&mut self, opener: usize) -> bool {
        let mut failed = false;
        loop {
            match self.peek() {
                Kind::Newline => {
                    self.read();
                    continue;
                }
                Kind::CloseBrace => {
                    self.read();
                    return failed;
                }
                _ => {}
            }
            failed |= self.expression();
            if failed && self.is_quiet {
                self.skip_past(Kind::CloseBrace);
                return failed;
            }
            let kind = self.peek();
            if !matches!(kind, Kind::Assign | Kind::Colon) {
                let summary = match kind {
                    Kind::End => Summary::UnterminatedObject,
                    Kind::Newline | Kind::Comma => Summary::MissingAttributeValue,
                    _ => Summary::MissingKeyValueSeparator,
                };
                return self.end_pairs(summary, opener) || failed;
            }
            self.read();
            failed |= self.expression();
            if failed && self.is_quiet {
                self.skip_past(Kind::CloseBrace);
                return failed;
            }
            match self.peek() {
                Kind::Comma | Kind::Newline => {
                    self.read();
                }
                Kind::CloseBrace => {}
                Kind::End => return self.end_pairs(Summary::UnterminatedObject, opener) || failed,
                _ => return self.end_pairs(Summary::MissingAttributeSeparator, opener) || failed,
            }
        }
    }

    fn end_pairs(&mut self, summary: Summary, opener: usize) -> bool {
        let next = self.next();
        let place = if summary == Summary::UnterminatedObject { opener } else { next };
        let failed = self.report_first(summary, place);
        self.skip_past(Kind::CloseBrace);
        failed
    }

    /// A `for` expression, from behind the word.
    fn for_expression(&mut self, close: Kind) -> bool {
        let bound = self.found.scopes.len();
        let failed = self.for_parts(close);
        self.found.scopes.truncate(bound);
        failed
    }

    fn for_parts(&mut self, close: Kind) -> bool {
        let Some(names) = self.for_names() else { return self.end_for(close) };
        let mut failed = self.expression();
        if failed && self.is_quiet {
            self.skip_past(close);
            return failed;
        }
        if !self.accept(Kind::Colon) {
            return self.end_for(close) || failed;
        }
        self.bind(names);
        let mut value = self.next();
        failed |= self.expression();
        let mut value_end = self.last;
        let key = self.accept(Kind::Arrow).then_some((value, value_end));
        if key.is_some() {
            value = self.next();
            failed |= self.expression();
            value_end = self.last;
        }
        if failed && self.is_quiet {
            self.skip_past(close);
            return failed;
        }
        let ellipsis = self.accept(Kind::Ellipsis).then_some(self.last);
        if self.accept_word(b"if") {
            failed |= self.expression();
            if failed && self.is_quiet {
                self.skip_past(close);
                return failed;
            }
        }
        if !self.accept(close) {
            failed |= self.end_for(close);
        }
        // What does not fit the brackets is reported once the rest was read.
        if close == Kind::CloseBrace {
            if key.is_none() {
                failed = self.report_tokens(value, value_end);
            }
        } else {
            if let Some((key, key_end)) = key {
                failed = self.report_tokens(key, key_end);
            }
            if let Some(ellipsis) = ellipsis {
                failed = self.report(Summary::InvalidForExpression, ellipsis);
            }
        }
        failed
    }

    fn report_tokens(&mut self, first: usize, last: usize) -> bool {
        let Token { start, end, .. } = self.token(first);
        // An expression that could not be read is the token that stands in its place.
        let end = end.max(self.token(last).end);
        self.report_range(Summary::InvalidForExpression, start, end)
    }

    /// `name in` or `name, name in`, of an expression or a directive; where one is missing nothing, and the parser stands there.
    pub(super) fn for_names(&mut self) -> Option<(usize, Option<usize>)> {
        if !self.accept(Kind::Name) {
            return None;
        }
        let first = self.last;
        let mut second = None;
        if self.accept(Kind::Comma) {
            if !self.accept(Kind::Name) {
                return None;
            }
            second = Some(self.last);
        }
        self.accept_word(b"in").then_some((first, second))
    }

    /// Makes the names of a `for` known.
    pub(super) fn bind(&mut self, (first, second): (usize, Option<usize>)) {
        for name in std::iter::once(first).chain(second) {
            self.found.scopes.push(u32::try_from(name).unwrap_or(u32::MAX));
        }
    }

    fn end_for(&mut self, close: Kind) -> bool {
        let next = self.next();
        let failed = self.report_first(Summary::InvalidForExpression, next);
        self.skip_past(close);
        failed
    }
}
