//! What a rule defines: its name, its parameters and its value.

use super::cursor::{Fault, Parsed, Parser};
use crate::syntax::{Head, HeadValue, Span, Term, TermKind};
use crate::tokens::{Kind, Word};

impl Parser<'_> {
    /// The head of a rule, up to `if` or its body.
    pub(super) fn head(&mut self) -> Parsed<Head> {
        let start = self.span();
        let name = self.variable()?;
        let (name, parameters) = self.name_and_parameters(name)?;
        let value = match self.token().kind {
            Kind::Assign | Kind::Unify => {
                self.advance();
                HeadValue::Is(self.operation(true)?)
            }
            _ if self.is_keyword(Word::Contains) => {
                if parameters.is_some() {
                    return Err(self.fault_at(
                        self.span(),
                        "a function is no set: `contains` cannot follow",
                        None,
                    ));
                }
                self.advance();
                HeadValue::Contains(self.operation(true)?)
            }
            _ => HeadValue::True,
        };
        Ok(Head { span: self.span_from(start), name, parameters, value })
    }

    fn name_and_parameters(&mut self, name: Term) -> Parsed<(Vec<Term>, Option<Vec<Term>>)> {
        let start = name.span;
        let term = self.reference(name, true)?;
        let span = term.span;
        match term.kind {
            TermKind::Call(function, parameters) => {
                let name = parts(*function).ok_or_else(|| self.not_a_name(span))?;
                // Without parameters it is a rule like others.
                Ok((name, (!parameters.is_empty()).then_some(parameters)))
            }
            kind => Ok((parts(Term { span, kind }).ok_or_else(|| self.not_a_name(start))?, None)),
        }
    }

    fn not_a_name(&self, span: Span) -> Box<Fault> {
        self.fault_at(span, "this is not the name of a rule", None)
    }
}

/// The variable, and what follows it.
fn parts(term: Term) -> Option<Vec<Term>> {
    match term.kind {
        TermKind::Variable(_) => Some(vec![term]),
        TermKind::Reference(head, operands) if matches!(head.kind, TermKind::Variable(_)) => {
            let mut parts = vec![*head];
            parts.extend(operands);
            Some(parts)
        }
        _ => None,
    }
}
