//! Terms: operators, references and calls.

use super::cursor::{Parsed, Parser};
use crate::syntax::{Span, Term, TermKind};
use crate::tokens::{Kind, Word};

/// How tightly an operator binds its operands, and the function that it stands for.
const fn operator(kind: Kind) -> Option<(u8, &'static str)> {
    match kind {
        Kind::Equal => Some((1, "equal")),
        Kind::NotEqual => Some((1, "neq")),
        Kind::Less => Some((1, "lt")),
        Kind::LessEqual => Some((1, "lte")),
        Kind::Greater => Some((1, "gt")),
        Kind::GreaterEqual => Some((1, "gte")),
        Kind::Bar => Some((2, "or")),
        Kind::Ampersand => Some((3, "and")),
        Kind::Plus => Some((4, "plus")),
        Kind::Minus => Some((4, "minus")),
        Kind::Star => Some((5, "mul")),
        Kind::Slash => Some((5, "div")),
        Kind::Percent => Some((5, "rem")),
        _ => None,
    }
}

impl Parser<'_> {
    /// A term with operators. Where `in` may have a key, `k, v in xs` is one term; in lists it is two.
    pub(super) fn operation(&mut self, has_key: bool) -> Parsed<Term> {
        self.nested(|it| {
            let left = it.term()?;
            it.operation_from(left, has_key)
        })
    }

    /// The rest of a term with operators of which the first operand was read.
    pub(super) fn operation_from(&mut self, left: Term, has_key: bool) -> Parsed<Term> {
        let mut left = self.binary(left, 1)?;
        if has_key && self.is(Kind::Comma) {
            left = self.member_with_key(left)?;
        }
        // `in.x` and `in[x]` are references, as with any keyword.
        while self.is_keyword(Word::In) && !self.is_keyword_of_reference() {
            let operator = self.span();
            let height = self.height();
            self.advance();
            let right = self.relation()?;
            self.grown(height.max(self.height()))?;
            left = self.call(left.span, operator, "member_2", vec![left, right]);
        }
        Ok(left)
    }

    /// `, value in collection`, where that follows a key.
    fn member_with_key(&mut self, key: Term) -> Parsed<Term> {
        let comma = self.place();
        let height = self.height();
        self.advance();
        if let Ok(value) = self.nested(Self::relation)
            && self.is_keyword(Word::In)
        {
            let operator = self.span();
            let height = height.max(self.height());
            self.advance();
            let collection = self.relation()?;
            self.grown(height.max(self.height()))?;
            return Ok(self.call(key.span, operator, "member_3", vec![key, value, collection]));
        }
        self.go_to(comma);
        self.set_height(height);
        Ok(key)
    }

    fn relation(&mut self) -> Parsed<Term> {
        let left = self.term()?;
        self.binary(left, 1)
    }

    /// Operators that bind at least as tightly, those that bind alike from left to right.
    fn binary(&mut self, mut left: Term, least: u8) -> Parsed<Term> {
        while let Some((binding, name)) = operator(self.token().kind)
            && binding >= least
        {
            let operator = self.span();
            let height = self.height();
            self.advance();
            let mut right = self.term()?;
            if super::terms::operator(self.token().kind).is_some_and(|next| next.0 > binding) {
                right = self.binary(right, binding + 1)?;
            }
            self.grown(height.max(self.height()))?;
            left = self.call(left.span, operator, name, vec![left, right]);
        }
        Ok(left)
    }

    fn call(&self, start: Span, operator: Span, name: &str, operands: Vec<Term>) -> Term {
        let variable = |name: &str| Term { span: operator, kind: TermKind::Variable(name.to_owned()) };
        let function = if name.starts_with("member") {
            let name = Term { span: operator, kind: TermKind::String(name.to_owned()) };
            Term { span: operator, kind: TermKind::Reference(Box::new(variable("internal")), vec![name]) }
        } else {
            variable(name)
        };
        Term { span: self.span_from(start), kind: TermKind::Call(Box::new(function), operands) }
    }

    /// A term without operators around it.
    pub(super) fn term(&mut self) -> Parsed<Term> {
        let start = self.span();
        let head = match self.token().kind {
            // Only in a rule's head `contains` means something.
            Kind::Word(Word::Contains) => self.variable()?,
            Kind::Word(_) => match self.keyword() {
                None => self.variable()?,
                Some(Word::Null) => self.constant(TermKind::Null),
                Some(Word::True) => self.constant(TermKind::Bool(true)),
                Some(Word::False) => self.constant(TermKind::Bool(false)),
                Some(_) => return Err(self.expected("a term", None)),
            },
            Kind::Number | Kind::Minus | Kind::Dot => self.number()?,
            Kind::String | Kind::RawString => self.string()?,
            Kind::TemplateWhole | Kind::TemplateStart => self.nested(Self::template)?,
            Kind::LeftBracket => self.nested(Self::array)?,
            Kind::LeftBrace => self.nested(Self::braces)?,
            Kind::LeftParen => {
                self.advance();
                let term = self.operation(true)?;
                self.expect_close(Kind::RightParen, start, "an operator or ")?;
                Term { span: self.span_from(start), kind: term.kind }
            }
            _ => return Err(self.expected("a term", self.hint_for_term())),
        };
        self.reference(head, false)
    }

    fn hint_for_term(&self) -> Option<&'static str> {
        match self.token().kind {
            Kind::Unify | Kind::Equal => Some("`:=` gives a name to a value, `==` compares"),
            _ => None,
        }
    }

    fn constant(&mut self, kind: TermKind) -> Term {
        let span = self.span();
        self.advance();
        self.flat();
        Term { span, kind }
    }

    /// A variable, whatever the word is.
    pub(super) fn variable(&mut self) -> Parsed<Term> {
        let span = self.span();
        let Kind::Word(_) = self.token().kind else { return Err(self.expected("a name", None)) };
        Ok(self.constant(TermKind::Variable(self.text_of(span).to_owned())))
    }

    /// What follows a term without a blank: `.name`, `[term]`, `(terms)`. In a rule's head a blank may come first.
    pub(super) fn reference(&mut self, mut head: Term, may_be_apart: bool) -> Parsed<Term> {
        let mut operands = Vec::new();
        let mut height = self.height();
        let mut may_be_apart = may_be_apart;
        loop {
            let token = self.token();
            if token.apart && !may_be_apart {
                break;
            }
            may_be_apart = false;
            match token.kind {
                Kind::Dot | Kind::LeftBracket | Kind::LeftParen if operands.is_empty() => {
                    self.check_head(&head)?
                }
                _ => {}
            }
            match token.kind {
                Kind::Dot => operands.push(self.field()?),
                Kind::LeftBracket => {
                    self.advance();
                    operands.push(self.nested(|it| it.operation(true))?);
                    height = height.max(self.height());
                    self.expect_close(Kind::RightBracket, token.span, "an operator or ")?;
                }
                Kind::LeftParen => {
                    self.grown(height)?;
                    let function = self.referenced(head, std::mem::take(&mut operands));
                    self.check_function(&function)?;
                    self.advance();
                    let start = function.span;
                    let close = Kind::RightParen;
                    let (terms, tallest) = self.nested(|it| it.terms(close, token.span, Vec::new(), 0))?;
                    self.grown(height.max(tallest))?;
                    height = self.height();
                    let is_set = terms.is_empty()
                        && matches!(&function.kind, TermKind::Variable(name) if name == "set");
                    let kind =
                        if is_set { TermKind::Set(terms) } else { TermKind::Call(Box::new(function), terms) };
                    head = Term { span: self.span_from(start), kind };
                    // What a call gives is not called.
                    if self.is(Kind::LeftParen) {
                        break;
                    }
                }
                _ => break,
            }
        }
        if operands.is_empty() {
            self.set_height(height);
        } else {
            self.grown(height)?;
        }
        Ok(self.referenced(head, operands))
    }

    /// `.name`, any word.
    fn field(&mut self) -> Parsed<Term> {
        self.advance();
        let token = self.token();
        let Kind::Word(_) = token.kind else { return Err(self.expected("a name after the point", None)) };
        if token.apart {
            return Err(self.expected("a name directly after the point", None));
        }
        Ok(self.constant(TermKind::String(self.text_of(token.span).to_owned())))
    }

    fn referenced(&self, head: Term, operands: Vec<Term>) -> Term {
        if operands.is_empty() {
            return head;
        }
        let end = operands.last().map_or(head.span.end, |it| it.span.end);
        // Up to the bracket that closes the last operand, where the next token is not read yet.
        let span = Span { start: head.span.start, end: end.max(self.span_from(head.span).end) };
        Term { span, kind: TermKind::Reference(Box::new(head), operands) }
    }

    /// Only some terms have something in them.
    fn check_head(&self, head: &Term) -> Parsed<()> {
        let what = match &head.kind {
            TermKind::Null => "null",
            TermKind::Bool(_) => "a truth value",
            TermKind::Number(_) => "a number",
            TermKind::String(_) | TermKind::Template(_) => "a text",
            TermKind::Reference(..) => "a reference in parentheses",
            _ => return Ok(()),
        };
        Err(self.fault_at(self.span(), format!("{what} cannot be looked into"), None))
    }

    /// A function is named, and not computed.
    fn check_function(&self, function: &Term) -> Parsed<()> {
        let is_named = match &function.kind {
            TermKind::Variable(_) => true,
            TermKind::Reference(head, operands) => {
                matches!(head.kind, TermKind::Variable(_))
                    && operands.iter().all(|it| matches!(it.kind, TermKind::String(_)))
            }
            _ => false,
        };
        if is_named {
            Ok(())
        } else {
            Err(self.fault_at(function.span, "this is not the name of a function", None))
        }
    }

    /// Terms with commas between them, one may be the last. What was read of them before is given.
    pub(super) fn terms(
        &mut self,
        close: Kind,
        opened: Span,
        mut terms: Vec<Term>,
        mut height: usize,
    ) -> Parsed<(Vec<Term>, usize)> {
        while !self.eat(close) {
            terms.push(self.operation(false)?);
            height = height.max(self.height());
            if self.eat(close) {
                break;
            }
            if !self.eat(Kind::Comma) {
                return Err(self.unclosed(close, opened, "`,` or "));
            }
        }
        Ok((terms, height))
    }
}
