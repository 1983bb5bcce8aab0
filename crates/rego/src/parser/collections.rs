//! Arrays, sets, objects and comprehensions.
//!
//! `{a | b}` is a comprehension, although it could be a set with a union in it: OPA takes it for one wherever it can be.
//! A comma in it says that it cannot, unless the comma is one of a body, as in `{a | some k, v in xs}`. Where that is
//! not sure, the body is tried, and what it turned out to be is remembered, so that nothing is tried twice.

use super::cursor::{Parsed, Parser};
use crate::syntax::{Body, Span, Term, TermKind};
use crate::tokens::Kind;

impl Parser<'_> {
    pub(super) fn array(&mut self) -> Parsed<Term> {
        let (place, start) = (self.place(), self.span());
        let close = Kind::RightBracket;
        self.advance();
        if self.eat(close) {
            self.flat();
            return Ok(self.ended(start, TermKind::Array(Vec::new())));
        }
        // Once, `[, a]` was an array.
        let may_comprehend = !self.eat(Kind::Comma);
        let first = self.nested(Self::term)?;
        let height = self.height();
        if may_comprehend && self.is(Kind::Bar) {
            if let Some((body, height)) = self.comprehended(place, close, height)? {
                self.grown(height)?;
                return Ok(self.ended(start, TermKind::ArrayComprehension(Box::new(first), body)));
            }
            self.set_height(height);
        }
        let first = self.nested(|it| it.operation_from(first, false))?;
        let (terms, height) = self.list(first, close, start)?;
        self.grown(height)?;
        Ok(self.ended(start, TermKind::Array(terms)))
    }

    /// A set, an object, or a comprehension of one of them.
    pub(super) fn braces(&mut self) -> Parsed<Term> {
        let (place, start) = (self.place(), self.span());
        let close = Kind::RightBrace;
        self.advance();
        if self.eat(close) {
            self.flat();
            return Ok(self.ended(start, TermKind::Object(Vec::new())));
        }
        let may_comprehend = !self.eat(Kind::Comma);
        let first = self.nested(Self::term)?;
        let height = self.height();
        if may_comprehend && self.is(Kind::Bar) {
            if let Some((body, height)) = self.comprehended(place, close, height)? {
                self.grown(height)?;
                return Ok(self.ended(start, TermKind::SetComprehension(Box::new(first), body)));
            }
            self.set_height(height);
        }
        let first = self.nested(|it| it.operation_from(first, false))?;
        if self.eat(Kind::Colon) {
            let height = self.height();
            return self.object(place, first, height, may_comprehend);
        }
        let (terms, height) = self.list(first, close, start)?;
        self.grown(height)?;
        Ok(self.ended(start, TermKind::Set(terms)))
    }

    /// Goes on behind the first colon of an object, or of a comprehension of one.
    fn object(&mut self, place: usize, key: Term, height: usize, may_comprehend: bool) -> Parsed<Term> {
        let start = self.span_at(place);
        let close = Kind::RightBrace;
        let value = self.nested(Self::term)?;
        let height = height.max(self.height());
        if may_comprehend && self.is(Kind::Bar) {
            let own = self.height();
            if let Some((body, height)) = self.comprehended(place, close, height)? {
                self.grown(height)?;
                let kind = TermKind::ObjectComprehension(Box::new((key, value)), body);
                return Ok(self.ended(start, kind));
            }
            self.set_height(own);
        }
        let value = self.nested(|it| it.operation_from(value, false))?;
        let mut height = height.max(self.height());
        let mut pairs = vec![(key, value)];
        while !self.eat(close) {
            if !self.eat(Kind::Comma) {
                return Err(self.unclosed(close, start, "`,` or "));
            }
            if self.eat(close) {
                break;
            }
            let key = self.operation(false)?;
            height = height.max(self.height());
            self.expect(Kind::Colon)?;
            let value = self.operation(false)?;
            height = height.max(self.height());
            pairs.push((key, value));
        }
        self.grown(height)?;
        Ok(self.ended(start, TermKind::Object(pairs)))
    }

    /// The rest of a list of which the first term was read.
    fn list(&mut self, first: Term, close: Kind, start: Span) -> Parsed<(Vec<Term>, usize)> {
        let height = self.height();
        let terms = vec![first];
        if self.eat(close) {
            Ok((terms, height))
        } else if self.eat(Kind::Comma) {
            self.terms(close, start, terms, height)
        } else {
            Err(self.unclosed(close, start, "`,` or "))
        }
    }

    /// `| body` up to the end of a comprehension, with the height of all that is in it; nothing where it is a list, and
    /// the place is where it was.
    fn comprehended(&mut self, opened: usize, close: Kind, height: usize) -> Parsed<Option<(Body, usize)>> {
        if self.is_list(opened) {
            return Ok(None);
        }
        let bar = self.place();
        self.advance();
        match self.body(close, self.span_at(opened)) {
            Ok(body) => Ok(Some((body, height.max(self.height())))),
            // Behind a comma that no body has, it can still be a list.
            Err(_) if self.is(Kind::Comma) => {
                self.remember_list(opened);
                self.go_to(bar);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    fn ended(&self, start: Span, kind: TermKind) -> Term {
        Term { span: self.span_from(start), kind }
    }
}
