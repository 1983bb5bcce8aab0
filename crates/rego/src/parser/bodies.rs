//! Bodies: expressions one below the other, all of which must hold.

use super::cursor::{Parsed, Parser};
use crate::syntax::{Body, Expression, ExpressionKind, Span, Term, TermKind, With};
use crate::tokens::{Kind, Word};

impl Parser<'_> {
    /// A body, and the token that closes it.
    pub(super) fn body(&mut self, close: Kind, opened: Span) -> Parsed<Body> {
        let body = self.nested(|it| it.query(close))?;
        self.expect_close(close, opened, "the end of the line, `;` or ")?;
        let height = self.height();
        self.grown(height)?;
        Ok(body)
    }

    /// Expressions up to what closes them.
    pub(super) fn query(&mut self, close: Kind) -> Parsed<Body> {
        if self.is(close) {
            return Err(self.expected("an expression", Some("a body that always holds is `{ true }`")));
        }
        let mut body = Vec::new();
        let mut height = 0;
        loop {
            body.push(self.expression()?);
            height = height.max(self.height());
            if self.eat(Kind::Semicolon) {
                if self.is(close) {
                    let hint = Some("`;` stands between two expressions, and not after the last one");
                    return Err(self.expected("an expression after `;`", hint));
                }
                continue;
            }
            // Expressions of a query may stand next to each other.
            if self.is(close) || self.is(Kind::End) || !self.token().on_new_line && close != Kind::End {
                self.set_height(height);
                return Ok(body);
            }
        }
    }

    /// One expression.
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        let start = self.span();
        if self.is_keyword_of_reference() {
            let head = self.variable()?;
            let left = self.reference(head, false)?;
            return self.plain_from(start, false, left);
        }
        let negated = self.eat_keyword(Word::Not);
        match self.keyword() {
            Some(Word::Some | Word::Every) if negated => {
                Err(self.expected("an expression that can be negated", None))
            }
            Some(Word::Some) => self.some(start),
            Some(Word::Every) => self.nested(|it| it.every(start)),
            Some(Word::If | Word::Default | Word::Else | Word::Import | Word::Package) => {
                let hint = Some("perhaps a `}` is missing before this");
                Err(self.expected("an expression", hint))
            }
            _ => {
                let left = self.term()?;
                self.plain_from(start, negated, left)
            }
        }
    }

    fn plain_from(&mut self, start: Span, negated: bool, left: Term) -> Parsed<Expression> {
        let left = self.nested(|it| it.operation_from(left, true))?;
        let mut height = self.height();
        let kind = match self.token().kind {
            kind @ (Kind::Assign | Kind::Unify) => {
                self.advance();
                let right = self.operation(true)?;
                height = height.max(self.height());
                if kind == Kind::Assign {
                    ExpressionKind::Assign(left, right)
                } else {
                    ExpressionKind::Unify(left, right)
                }
            }
            _ => ExpressionKind::Term(left),
        };
        self.ended_with(start, negated, kind, height)
    }

    /// What is replaced, and the end of the expression.
    fn ended_with(
        &mut self,
        start: Span,
        negated: bool,
        kind: ExpressionKind,
        mut height: usize,
    ) -> Parsed<Expression> {
        let mut with = Vec::new();
        while self.is_keyword(Word::With) && !self.is_keyword_of_reference() {
            let start = self.span();
            self.advance();
            if !self.is_name() {
                return Err(self.expected("`input`, something below `data`, or a function", None));
            }
            let target = self.term()?;
            if !matches!(target.kind, TermKind::Variable(_) | TermKind::Reference(..)) {
                return Err(self.fault_at(
                    target.span,
                    "only `input`, `data` and functions are replaced",
                    None,
                ));
            }
            height = height.max(self.height());
            if !self.eat_keyword(Word::As) {
                return Err(self.expected("`as`", None));
            }
            let value = self.operation(true)?;
            height = height.max(self.height());
            with.push(With { span: self.span_from(start), target, value });
        }
        self.set_height(height);
        Ok(Expression { span: self.span_from(start), negated, kind, with })
    }

    /// `some x`, `some x, y`, `some x in xs`, `some k, v in xs`.
    fn some(&mut self, start: Span) -> Parsed<Expression> {
        self.advance();
        let place = self.place();
        let tried = self.operation(true);
        match tried.map(|it| it.kind) {
            Ok(TermKind::Call(function, operands)) => {
                let height = self.height();
                let Some((key, value, collection)) = member(&function, operands) else {
                    return Err(self.fault_at(
                        function.span,
                        "expected `some x in xs` or `some k, v in xs`",
                        None,
                    ));
                };
                let kind = ExpressionKind::SomeIn { key, value, collection };
                self.ended_with(start, false, kind, height)
            }
            tried => {
                // Where `in` was read, something is wrong behind it.
                let fault = tried.err();
                let reached = self.place();
                self.go_to(place);
                let variables = self.declared()?;
                match fault {
                    Some(fault) if reached > self.place() && self.is_keyword(Word::In) => Err(fault),
                    _ if self.is(Kind::Word(Word::In)) => {
                        let hint =
                            "`in` is a keyword only behind `import rego.v1` or `import future.keywords.in`";
                        let hint = (!self.is_keyword(Word::In)).then_some(hint);
                        Err(self.expected("`some x in xs` or `some k, v in xs`", hint))
                    }
                    _ => {
                        self.set_height(1);
                        let span = self.span_from(start);
                        Ok(Expression {
                            span,
                            negated: false,
                            kind: ExpressionKind::Some(variables),
                            with: Vec::new(),
                        })
                    }
                }
            }
        }
    }

    fn declared(&mut self) -> Parsed<Vec<Term>> {
        let mut variables = Vec::new();
        loop {
            if !self.is_name() {
                return Err(self.expected("a name", Some("`some` is followed by names, or by `x in xs`")));
            }
            variables.push(self.variable()?);
            if !self.eat(Kind::Comma) {
                return Ok(variables);
            }
        }
    }

    /// `every x in xs { … }`
    fn every(&mut self, start: Span) -> Parsed<Expression> {
        self.advance();
        let term = self.operation(true)?;
        let mut height = self.height();
        let shape = "expected `every x in xs { … }` or `every k, v in xs { … }`";
        let span = term.span;
        let parts = match term.kind {
            TermKind::Call(function, operands) => member(&function, operands),
            _ => None,
        };
        let Some((key, value, domain)) = parts else { return Err(self.fault_at(span, shape, None)) };
        for variable in key.iter().chain([&value]) {
            if !matches!(variable.kind, TermKind::Variable(_)) {
                return Err(self.fault_at(variable.span, "`every` is followed by names", None));
            }
        }
        let opened = self.span();
        if !self.eat(Kind::LeftBrace) {
            return Err(self.expected("the body of `every`, in braces", None));
        }
        let body = self.body(Kind::RightBrace, opened)?;
        height = height.max(self.height());
        let kind = ExpressionKind::Every { key, value, domain, body };
        self.ended_with(start, false, kind, height)
    }
}

/// Key, value and collection of `value in collection` or `key, value in collection`.
fn member(function: &Term, operands: Vec<Term>) -> Option<(Option<Term>, Term, Term)> {
    let TermKind::Reference(head, names) = &function.kind else { return None };
    let (TermKind::Variable(head), [name]) = (&head.kind, names.as_slice()) else { return None };
    let TermKind::String(name) = &name.kind else { return None };
    if head != "internal" {
        return None;
    }
    let mut operands = operands.into_iter();
    let parts = match name.as_str() {
        "member_2" => (None, operands.next()?, operands.next()?),
        "member_3" => (Some(operands.next()?), operands.next()?, operands.next()?),
        _ => return None,
    };
    operands.next().is_none().then_some(parts)
}
