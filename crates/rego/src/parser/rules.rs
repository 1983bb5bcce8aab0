//! Rules: a head, a body, and what holds otherwise.

use super::cursor::{Fault, Parsed, Parser};
use crate::builtins::builtin;
use crate::syntax::{
    Body, Else, Expression, ExpressionKind, Head, HeadValue, Rule, Span, TemplatePart, Term, TermKind,
};
use crate::tokens::{Kind, Word};

const HINT_IF: &str = "write `name if { … }`; before OPA 1.0 there was no `if`";

impl Parser<'_> {
    /// A rule, and one more for each of its chained bodies.
    pub(super) fn rules(&mut self, rules: &mut Vec<Rule>) -> Parsed<()> {
        let start = self.span();
        if self.is_keyword(Word::Default) && !self.is_keyword_of_reference() {
            self.advance();
            self.check_name()?;
            let rule = self.default(start)?;
            rules.push(rule);
            return Ok(());
        }
        self.check_name()?;
        let next = self.token_after();
        let is_apart = next.apart && matches!(next.kind, Kind::Dot | Kind::LeftBracket | Kind::LeftParen);
        let mut head = self.head()?;
        // Behind a value, `if.x` begins the next rule.
        let is_next = !matches!(head.value, HeadValue::True) && self.is_keyword_of_reference();
        let has_if = !is_next && self.eat_keyword(Word::If);
        let has_body = has_if || self.is(Kind::LeftBrace);
        if is_apart && !has_body && !matches!(head.value, HeadValue::Contains(_)) {
            return Err(self.fault_at(
                next.span,
                "a blank stands here only in the head of a rule with a body",
                None,
            ));
        }
        self.check_head_of_rule(&mut head, has_if, has_body)?;
        let body = match (has_if, has_body) {
            (true, _) => self.body_after_if()?,
            (false, true) => self.block()?,
            _ => Vec::new(),
        };
        let mut elses = Vec::new();
        while has_body && self.is_keyword(Word::Else) && !self.is_keyword_of_reference() {
            self.check_else(&head, has_if)?;
            let (branch, is_last) = self.branch()?;
            elses.push(branch);
            if is_last {
                break;
            }
        }
        let has_else = !elses.is_empty();
        rules.push(Rule { span: self.span_from(start), is_default: false, head, body, elses });
        while has_body && self.is(Kind::LeftBrace) {
            if has_else {
                return Err(self.expected("`else`", None));
            }
            let span = self.span();
            let body = self.block()?;
            let Some(head) = rules.last().map(|it| it.head.clone()) else { break };
            rules.push(Rule { span: self.span_from(span), is_default: false, head, body, elses: Vec::new() });
        }
        Ok(())
    }

    fn check_name(&self) -> Parsed<()> {
        if self.is_name() || self.is_keyword_of_reference() {
            return Ok(());
        }
        let hint = match self.token().kind {
            Kind::RightBrace => Some("perhaps there is one `}` too many before this"),
            Kind::Word(Word::Not | Word::Some | Word::Every) => {
                Some("expressions stand in the body of a rule")
            }
            _ => None,
        };
        Err(self.expected("a rule", hint))
    }

    fn default(&mut self, start: Span) -> Parsed<Rule> {
        let head = self.head()?;
        let span = self.span_from(start);
        match &head.value {
            HeadValue::Is(value) => {
                if let Some(place) = variable_in(value) {
                    let hint = Some("variables, references and calls are not known before there is an input");
                    return Err(self.fault_at(place, "the value of a default is a constant", hint));
                }
            }
            // Without a value it is true, but for what was once a set.
            HeadValue::True if head.parameters.is_some() || head.name.len() != 2 => {}
            _ => return Err(self.expected("the value of the default, as in `default allow := false`", None)),
        }
        let parameters = head.parameters.as_deref().unwrap_or_default();
        for (at, parameter) in parameters.iter().enumerate() {
            let TermKind::Variable(name) = &parameter.kind else {
                return Err(self.fault_at(parameter.span, "a parameter of a default is a name", None));
            };
            let same =
                |it: &Term| matches!(&it.kind, TermKind::Variable(other) if other == name && name != "_");
            if parameters.iter().take(at).any(same) {
                return Err(self.fault_at(
                    parameter.span,
                    "two parameters of a default have the same name",
                    None,
                ));
            }
        }
        Ok(Rule { span, is_default: true, head, body: Vec::new(), elses: Vec::new() })
    }

    /// Brings old sets into their form, and tells what today's language asks for.
    fn check_head_of_rule(&mut self, head: &mut Head, has_if: bool, has_body: bool) -> Parsed<()> {
        let span = head.span;
        let is_plain = head.parameters.is_none() && matches!(head.value, HeadValue::True);
        let is_old_set = is_plain && !has_if && head.name.len() == 2;
        if self.is_strict {
            if is_old_set {
                let hint = Some("write `name contains key if { … }`, or give `name[key]` a value with `:=`");
                let fault = self.fault_at(span, "`contains` is required for a rule that makes a set", hint);
                self.report(fault);
            } else if !has_if && has_body {
                let fault =
                    self.fault_at(self.span(), "`if` is required before the rule body", Some(HINT_IF));
                self.report(fault);
            } else if !has_body && is_plain {
                // A function may do without: it holds for its parameters.
                return Err(self.expected("`:=` and a value, or `if` and a body", None));
            }
        } else if !has_body && is_plain && head.name.len() == 1 {
            return Err(self.expected("`:=` and a value, or a body", None));
        }
        if !has_body
            && matches!(head.value, HeadValue::True)
            && head.parameters.is_some()
            && is_builtin(&head.name)
        {
            let hint = Some("an expression stands in the body of a rule");
            return Err(self.fault_at(span, "this is a function of the language, and no rule", hint));
        }
        if is_old_set && let Some(key) = head.name.pop() {
            head.value = HeadValue::Contains(key);
        }
        Ok(())
    }

    fn check_else(&self, head: &Head, has_if: bool) -> Parsed<()> {
        let is_set = matches!(head.value, HeadValue::Contains(_));
        if is_set || !has_if && head.parameters.is_none() && head.name.len() == 2 {
            return Err(self.fault_at(
                self.span(),
                "`else` cannot follow a rule that makes a set or an object",
                None,
            ));
        }
        if head.name.iter().skip(1).any(|it| variable_in(it).is_some()) {
            return Err(self.fault_at(
                self.span(),
                "`else` cannot follow a rule with variables in its name",
                None,
            ));
        }
        Ok(())
    }

    /// `else := value if body`; and whether no other branch can follow.
    fn branch(&mut self) -> Parsed<(Else, bool)> {
        let start = self.span();
        self.advance();
        let value = match self.token().kind {
            Kind::Assign | Kind::Unify => {
                self.advance();
                Some(self.operation(true)?)
            }
            Kind::LeftBrace => None,
            _ if self.is_keyword(Word::If) => None,
            _ => return Err(self.expected("`:=` and a value, or a body, after `else`", None)),
        };
        let has_if = self.eat_keyword(Word::If);
        let body = if self.is(Kind::LeftBrace) {
            if self.is_strict && !has_if {
                let fault =
                    self.fault_at(self.span(), "`if` is required before the rule body", Some(HINT_IF));
                self.report(fault);
            }
            self.block()?
        } else if has_if {
            vec![self.expression()?]
        } else {
            Vec::new()
        };
        let is_last = body.is_empty();
        Ok((Else { span: self.span_from(start), value, body }, is_last))
    }

    /// A body in braces.
    fn block(&mut self) -> Parsed<Body> {
        let opened = self.span();
        if !self.eat(Kind::LeftBrace) {
            return Err(self.expected("`{`", None));
        }
        self.body(Kind::RightBrace, opened)
    }

    /// What follows `if`: one expression, or a body in braces. Braces are those of a body unless an expression begins
    /// with them; a set alone says nothing, so that `{ x }` is a body.
    fn body_after_if(&mut self) -> Parsed<Body> {
        let place = self.place();
        if !self.is(Kind::LeftBrace) {
            return Ok(vec![self.expression()?]);
        }
        let fault = match self.expression() {
            Ok(Expression { kind: ExpressionKind::Term(Term { kind: TermKind::Set(_), .. }), .. }) => None,
            Ok(expression) => return Ok(vec![expression]),
            Err(fault) => Some(fault),
        };
        self.go_to(place);
        self.block().map_err(|own| further(own, fault))
    }
}

/// Whether a function of the language has this name.
fn is_builtin(name: &[Term]) -> bool {
    let parts = name.iter().map(|it| match &it.kind {
        TermKind::Variable(part) | TermKind::String(part) => part.as_str(),
        _ => "",
    });
    builtin(&parts.collect::<Vec<_>>().join(".")).is_some()
}

/// The error that is further in the text: there it was understood for longer.
fn further(own: Box<Fault>, other: Option<Box<Fault>>) -> Box<Fault> {
    match other {
        Some(other) if other.at > own.at => other,
        _ => own,
    }
}

/// Where a variable, a reference or a call is in a term, comprehensions left out.
fn variable_in(term: &Term) -> Option<Span> {
    match &term.kind {
        TermKind::Variable(_) | TermKind::Reference(..) | TermKind::Call(..) => Some(term.span),
        TermKind::Template(parts) => parts.iter().find_map(|part| match part {
            TemplatePart::Term(term, _) => variable_in(term),
            TemplatePart::Text(_) => None,
        }),
        TermKind::Array(terms) | TermKind::Set(terms) => terms.iter().find_map(variable_in),
        TermKind::Object(pairs) => {
            pairs.iter().find_map(|(key, value)| variable_in(key).or_else(|| variable_in(value)))
        }
        _ => None,
    }
}
