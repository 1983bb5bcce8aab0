//! Writes syntax as text that is read as the same syntax. What is written is plain, not pretty: operands that have
//! operators stand in parentheses.

use crate::syntax::{
    Body, Else, Expression, ExpressionKind, Head, HeadValue, Import, Module, Rule, TemplatePart, Term,
    TermKind, Version, With,
};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Module {
    /// The file in its version of the language, its comments left out.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("package ")?;
        path(formatter, &self.package)?;
        formatter.write_char('\n')?;
        for import in &self.imports {
            writeln!(formatter, "\n{import}")?;
        }
        for rule in &self.rules {
            formatter.write_char('\n')?;
            write_rule(formatter, rule, self.needs_if())?;
            formatter.write_char('\n')?;
        }
        Ok(())
    }
}

impl Module {
    /// Whether `if` and `contains` are keywords, so that rules are written with them.
    fn needs_if(&self) -> bool {
        let imported = |word: &str| {
            self.imports.iter().any(|it| {
                let path: Vec<&str> = it.path.iter().map(String::as_str).collect();
                path == ["rego", "v1"]
                    || path == ["future", "keywords"]
                    || path == ["future", "keywords", word]
            })
        };
        self.version == Version::V1 || imported("if") && imported("contains")
    }
}

impl Display for Import {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("import ")?;
        path(formatter, &self.path)?;
        match &self.alias {
            Some(alias) => write!(formatter, " as {alias}"),
            None => Ok(()),
        }
    }
}

fn path(formatter: &mut Formatter<'_>, names: &[String]) -> fmt::Result {
    for (at, name) in names.iter().enumerate() {
        match at {
            0 => formatter.write_str(name)?,
            _ if is_name(name) => write!(formatter, ".{name}")?,
            _ => write!(formatter, "[{}]", Quoted(name))?,
        }
    }
    Ok(())
}

fn write_rule(formatter: &mut Formatter<'_>, rule: &Rule, with_if: bool) -> fmt::Result {
    if rule.is_default {
        formatter.write_str("default ")?;
    }
    write_head(formatter, &rule.head, with_if, rule.body.is_empty())?;
    write_body(formatter, &rule.body, with_if)?;
    for branch in &rule.elses {
        write_else(formatter, branch, with_if)?;
    }
    Ok(())
}

fn write_head(formatter: &mut Formatter<'_>, head: &Head, with_if: bool, is_bare: bool) -> fmt::Result {
    let (first, rest) = match head.name.split_first() {
        Some(parts) => parts,
        None => return Ok(()),
    };
    write!(formatter, "{first}")?;
    // Before OPA 1.0 a name of two parts and without a value is a set, which `x[y] = true` is not.
    operands(formatter, rest)?;
    if let Some(parameters) = &head.parameters {
        formatter.write_char('(')?;
        list(formatter, parameters)?;
        formatter.write_char(')')?;
    }
    match &head.value {
        HeadValue::True if !with_if && (rest.len() == 1 || is_bare) && head.parameters.is_none() => {
            formatter.write_str(" = true")
        }
        HeadValue::True => Ok(()),
        HeadValue::Is(value) => write!(formatter, " := {value}"),
        HeadValue::Contains(key) if with_if => write!(formatter, " contains {key}"),
        HeadValue::Contains(key) => write!(formatter, "[{key}]"),
    }
}

fn write_body(formatter: &mut Formatter<'_>, body: &Body, with_if: bool) -> fmt::Result {
    if body.is_empty() {
        return Ok(());
    }
    formatter.write_str(if with_if { " if {\n" } else { " {\n" })?;
    for expression in body {
        writeln!(formatter, "\t{expression}")?;
    }
    formatter.write_char('}')
}

fn write_else(formatter: &mut Formatter<'_>, branch: &Else, with_if: bool) -> fmt::Result {
    formatter.write_str(" else")?;
    if let Some(value) = &branch.value {
        write!(formatter, " := {value}")?;
    }
    write_body(formatter, &branch.body, with_if)
}

impl Display for Expression {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            formatter.write_str("not ")?;
        }
        match &self.kind {
            ExpressionKind::Term(term) => write!(formatter, "{term}")?,
            ExpressionKind::Unify(left, right) => write!(formatter, "{left} = {right}")?,
            ExpressionKind::Assign(left, right) => write!(formatter, "{left} := {right}")?,
            ExpressionKind::Some(variables) => {
                formatter.write_str("some ")?;
                list(formatter, variables)?;
            }
            ExpressionKind::SomeIn { key, value, collection } => {
                formatter.write_str("some ")?;
                member(formatter, key.as_ref(), value, collection)?;
            }
            ExpressionKind::Every { key, value, domain, body } => {
                formatter.write_str("every ")?;
                member(formatter, key.as_ref(), value, domain)?;
                formatter.write_str(" { ")?;
                inline(formatter, body)?;
                formatter.write_str(" }")?;
            }
        }
        self.with.iter().try_for_each(|it| write!(formatter, " {it}"))
    }
}

impl Display for With {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "with {} as {}", self.target, self.value)
    }
}

impl Display for Term {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TermKind::Null => formatter.write_str("null"),
            TermKind::Bool(it) => write!(formatter, "{it}"),
            TermKind::Number(text) | TermKind::Variable(text) => formatter.write_str(text),
            TermKind::String(text) => write!(formatter, "{}", Quoted(text)),
            TermKind::Template(parts) => template(formatter, parts),
            TermKind::Reference(head, names) => {
                write!(formatter, "{}", Operand(head))?;
                operands(formatter, names)
            }
            TermKind::Call(function, terms) => match operator(function, terms) {
                Some((name, [left, right])) => {
                    write!(formatter, "{} {name} {}", Operand(left), Operand(right))
                }
                None => call(formatter, function, terms),
            },
            TermKind::Array(terms) => enclosed(formatter, '[', ']', terms),
            TermKind::Set(terms) if terms.is_empty() => formatter.write_str("set()"),
            TermKind::Set(terms) => enclosed(formatter, '{', '}', terms),
            TermKind::Object(pairs) => {
                formatter.write_char('{')?;
                for (at, (key, value)) in pairs.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{}: {}", Operand(key), Operand(value))?;
                }
                formatter.write_char('}')
            }
            TermKind::ArrayComprehension(term, body) => {
                write!(formatter, "[{} | ", Operand(term))?;
                inline(formatter, body)?;
                formatter.write_char(']')
            }
            TermKind::SetComprehension(term, body) => {
                write!(formatter, "{{{} | ", Operand(term))?;
                inline(formatter, body)?;
                formatter.write_char('}')
            }
            TermKind::ObjectComprehension(pair, body) => {
                write!(formatter, "{{{}: {} | ", Operand(&pair.0), Operand(&pair.1))?;
                inline(formatter, body)?;
                formatter.write_char('}')
            }
        }
    }
}

/// A term where no operator can stand without parentheses.
struct Operand<'t>(&'t Term);

impl Display for Operand<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            TermKind::Call(function, terms) if operator(function, terms).is_some() => {
                write!(formatter, "({})", self.0)
            }
            _ => write!(formatter, "{}", self.0),
        }
    }
}

/// The operator that a call of two operands is written with.
fn operator<'t>(function: &'t Term, terms: &'t [Term]) -> Option<(&'static str, &'t [Term; 2])> {
    let terms = <&[Term; 2]>::try_from(terms).ok()?;
    let name = match &function.kind {
        TermKind::Variable(name) => match name.as_str() {
            "equal" => "==",
            "neq" => "!=",
            "lt" => "<",
            "lte" => "<=",
            "gt" => ">",
            "gte" => ">=",
            "or" => "|",
            "and" => "&",
            "plus" => "+",
            "minus" => "-",
            "mul" => "*",
            "div" => "/",
            "rem" => "%",
            _ => return None,
        },
        _ => return None,
    };
    Some((name, terms))
}

fn call(formatter: &mut Formatter<'_>, function: &Term, terms: &[Term]) -> fmt::Result {
    write!(formatter, "{function}(")?;
    list(formatter, terms)?;
    formatter.write_char(')')
}

fn operands(formatter: &mut Formatter<'_>, terms: &[Term]) -> fmt::Result {
    for term in terms {
        match &term.kind {
            TermKind::String(name) if is_name(name) => write!(formatter, ".{name}")?,
            _ => write!(formatter, "[{term}]")?,
        }
    }
    Ok(())
}

fn member(formatter: &mut Formatter<'_>, key: Option<&Term>, value: &Term, collection: &Term) -> fmt::Result {
    if let Some(key) = key {
        write!(formatter, "{}, ", Operand(key))?;
    }
    write!(formatter, "{} in {}", Operand(value), Operand(collection))
}

fn list(formatter: &mut Formatter<'_>, terms: &[Term]) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(formatter, "{comma}{}", Operand(term))?;
    }
    Ok(())
}

fn enclosed(formatter: &mut Formatter<'_>, open: char, close: char, terms: &[Term]) -> fmt::Result {
    formatter.write_char(open)?;
    list(formatter, terms)?;
    formatter.write_char(close)
}

fn inline(formatter: &mut Formatter<'_>, body: &Body) -> fmt::Result {
    for (at, expression) in body.iter().enumerate() {
        let semicolon = if at == 0 { "" } else { "; " };
        write!(formatter, "{semicolon}{expression}")?;
    }
    Ok(())
}

fn template(formatter: &mut Formatter<'_>, parts: &[TemplatePart]) -> fmt::Result {
    formatter.write_str("$\"")?;
    for part in parts {
        match part {
            TemplatePart::Text(text) => escaped(formatter, text, true)?,
            TemplatePart::Term(term, with) => {
                write!(formatter, "{{{term}")?;
                with.iter().try_for_each(|it| write!(formatter, " {it}"))?;
                formatter.write_char('}')?;
            }
        }
    }
    formatter.write_char('"')
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|it| it == b'_' || it.is_ascii_alphabetic())
        && bytes.all(|it| it == b'_' || it.is_ascii_alphanumeric())
}

struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_char('"')?;
        escaped(formatter, self.0, false)?;
        formatter.write_char('"')
    }
}

fn escaped(formatter: &mut Formatter<'_>, text: &str, is_template: bool) -> fmt::Result {
    for character in text.chars() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\n' => formatter.write_str("\\n")?,
            '\r' => formatter.write_str("\\r")?,
            '\t' => formatter.write_str("\\t")?,
            '{' if is_template => formatter.write_str("\\{")?,
            '\0'..' ' | '\u{feff}' => write!(formatter, "\\u{:04x}", u32::from(character))?,
            _ => formatter.write_char(character)?,
        }
    }
    Ok(())
}
