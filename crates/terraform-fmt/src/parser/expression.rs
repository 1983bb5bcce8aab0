//! Expressions: operators, terms, and what follows a term.
//!
//! Every function here says whether it reported an error. Where one did, and the parser is quiet, who called it gives up.

use super::cursor::Parser;
use crate::kind::Kind;
use crate::summary::Summary;
use crate::work;

impl Parser<'_> {
    /// An expression. Operators of all levels are read in one loop: how they bind shows nowhere.
    pub(super) fn expression(&mut self) -> bool {
        if !self.descend() {
            self.depth -= 1;
            return false;
        }
        let failed = self.conditional();
        self.depth -= 1;
        failed
    }

    fn conditional(&mut self) -> bool {
        let mut failed = false;
        loop {
            failed |= self.operation();
            if (failed && self.is_quiet) || self.peek() != Kind::Question {
                return failed;
            }
            self.read();
            failed |= self.expression();
            if failed && self.is_quiet {
                return failed;
            }
            if self.peek() != Kind::Colon {
                let next = self.next();
                return self.report(Summary::MissingFalseExpression, next);
            }
            self.read();
        }
    }

    fn operation(&mut self) -> bool {
        let mut failed = false;
        loop {
            failed |= self.operand();
            if (failed && self.is_quiet) || !self.peek().is_operator() {
                return failed;
            }
            self.read();
        }
    }

    fn operand(&mut self) -> bool {
        while matches!(self.peek(), Kind::Minus | Kind::Not) {
            self.read();
        }
        let start = self.next();
        let failed = self.term();
        // A name that nothing was read behind is a variable, or a literal such as `true`.
        let is_variable = self.kind(start) == Kind::Name && self.last == start && !self.is_constant(start);
        self.traversal(is_variable.then_some(start)) || failed
    }

    fn term(&mut self) -> bool {
        match self.peek() {
            Kind::Number => {
                self.read();
                self.judge_number(self.last)
            }
            Kind::Name => {
                self.read();
                match self.peek() {
                    Kind::OpenParenthesis | Kind::DoubleColon => self.call(self.last),
                    _ => false,
                }
            }
            Kind::OpenQuote => {
                self.read();
                self.template(Kind::CloseQuote)
            }
            Kind::OpenHeredoc => {
                self.read();
                self.template(Kind::CloseHeredoc)
            }
            Kind::OpenParenthesis => self.parentheses(),
            Kind::OpenBracket => self.list(),
            Kind::OpenBrace => self.object(),
            kind => {
                let next = self.next();
                let summary =
                    if kind == Kind::End { Summary::MissingExpression } else { Summary::InvalidExpression };
                let failed = self.report_first(summary, next);
                self.is_quiet = true;
                failed
            }
        }
    }

    fn parentheses(&mut self) -> bool {
        self.read();
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let mut failed = self.expression();
        if failed {
            self.skip_past(Kind::CloseParenthesis);
        } else if self.peek() == Kind::CloseParenthesis {
            self.read();
        } else {
            let next = self.next();
            failed = self.report(Summary::UnbalancedParentheses, next);
            self.read();
            self.is_quiet = true;
        }
        self.counts_newlines = counted;
        failed
    }

    /// What follows a term: `.name`, `[index]` and the like. `variable` is the term if it is the name of one.
    fn traversal(&mut self, variable: Option<usize>) -> bool {
        let mut failed = false;
        // Whether everything from the variable's name on is a reference, whose constant indexes are deleted.
        let mut reference = variable;
        loop {
            match self.peek() {
                Kind::Dot => {
                    self.read();
                    failed |= self.attribute(&mut reference);
                }
                Kind::OpenBracket => failed |= self.index(&mut reference),
                _ => return failed,
            }
        }
    }

    /// What is behind a dot.
    fn attribute(&mut self, reference: &mut Option<usize>) -> bool {
        match self.peek() {
            Kind::Name => {
                self.read();
                false
            }
            Kind::Number => {
                self.read();
                self.legacy_index(self.last)
            }
            Kind::Star => {
                *reference = None;
                self.read();
                self.attribute_splat(self.last)
            }
            _ => {
                *reference = None;
                let next = self.next();
                self.report(Summary::InvalidAttributeName, next);
                self.is_quiet = true;
                true
            }
        }
    }

    /// What is behind `.*`, whose star is at the index.
    fn attribute_splat(&mut self, star: usize) -> bool {
        let mut failed = false;
        while self.peek() == Kind::Dot {
            self.read();
            match self.peek() {
                Kind::Name => {
                    self.read();
                }
                Kind::Number => {
                    self.read();
                    failed |= self.legacy_index(star);
                }
                Kind::Star => {
                    let next = self.next();
                    failed |= self.report_first(Summary::NestedSplat, next);
                    self.is_quiet = true;
                    return failed;
                }
                _ => {
                    failed |= self.report_first(Summary::InvalidAttributeName, star);
                    self.is_quiet = true;
                    return failed;
                }
            }
        }
        failed
    }

    /// Judges the number that was read behind a dot. Where it is two numbers, that is told at `place`.
    fn legacy_index(&mut self, place: usize) -> bool {
        if self.bytes(self.last).contains(&b'.') {
            self.report(Summary::InvalidLegacyIndexSyntax, place)
        } else {
            self.judge_number(self.last)
        }
    }

    /// What is between brackets behind a term.
    fn index(&mut self, reference: &mut Option<usize>) -> bool {
        self.read();
        let opener = self.last;
        // Up to its star, a splat is on one line, unless it is within brackets itself.
        if self.peek() == Kind::Star {
            *reference = None;
            self.read();
            return self.close_index(Summary::MissingCloseBracketOnSplatIndex);
        }
        let counted = std::mem::replace(&mut self.counts_newlines, false);
        let failed = self.index_value(opener, reference);
        self.counts_newlines = counted;
        failed
    }

    fn index_value(&mut self, opener: usize, reference: &mut Option<usize>) -> bool {
        let start = self.next();
        let failed = self.expression();
        if failed && self.is_quiet {
            self.skip_past(Kind::CloseBracket);
            return failed;
        }
        let end = self.last;
        let failed = self.close_index(Summary::MissingCloseBracketOnIndex) || failed;
        let is_constant = start == end && self.kind(start) == Kind::Name && self.is_constant(start);
        match *reference {
            Some(variable) if is_constant => {
                if !self.is_bound(variable) {
                    self.found.deletions.push(opener + 1..self.last);
                }
            }
            Some(_) if self.is_literal(start, end) => {}
            _ => *reference = None,
        }
        failed
    }

    fn close_index(&mut self, summary: Summary) -> bool {
        // Whatever it is, it is read; only the first time something is skipped.
        if self.read() == Kind::CloseBracket || self.is_quiet {
            return false;
        }
        self.skip_past(Kind::CloseBracket);
        self.report(summary, self.last)
    }

    /// Whether a name is the literal `true`, `false` or `null`.
    fn is_constant(&self, name: usize) -> bool {
        matches!(self.bytes(name), b"true" | b"false" | b"null")
    }

    /// Whether an index is a number or a text without templates.
    fn is_literal(&self, start: usize, end: usize) -> bool {
        match (self.kind(start), self.kind(end)) {
            (Kind::Number, _) => start == end,
            (Kind::OpenQuote, Kind::CloseQuote) | (Kind::OpenHeredoc, Kind::CloseHeredoc) => {
                let text = self.tokens.get(start + 1..end).unwrap_or_default();
                text.iter().all(|it| matches!(it.kind, Kind::QuotedLiteral | Kind::HeredocLiteral))
            }
            _ => false,
        }
    }

    /// Whether `for` binds the name of a variable.
    fn is_bound(&self, variable: usize) -> bool {
        let name = self.bytes(variable);
        self.found.scopes.iter().any(|&it| {
            work::step();
            self.bytes(it as usize) == name
        })
    }
}
