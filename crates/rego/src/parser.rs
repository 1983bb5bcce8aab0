//! Reads the text of a policy into its [syntax](crate::syntax).

mod bodies;
mod collections;
mod cursor;
mod heads;
mod literals;
mod rules;
mod statements;
mod terms;
#[cfg(test)]
mod tests;

use crate::error::ParseError;
use crate::syntax::{Body, Module, Rule, Term, TermKind, Version};
use crate::tokens::Kind;
use cursor::Parser;

/// Reads a file.
///
/// Without a version it is one of the language of today, unless it can only be read as one of before OPA 1.0.
///
/// # Errors
///
/// What is wrong with it, at most 20 places. Without a version, and when it is a file of neither, of the version that
/// it looks like.
pub fn parse_module(text: &str, version: Option<Version>) -> Result<Module, Vec<ParseError>> {
    if let Some(version) = version {
        return module(text, version);
    }
    let errors = match module(text, Version::V1) {
        Ok(module) => return Ok(module),
        Err(errors) => errors,
    };
    match module(text, Version::V0) {
        // `p[x] := y if { … }` with a mistake in it is two rules in the old language, the other one called `if`.
        Ok(module) if module.rules.iter().any(|it| is_torn_if(it, text)) => Err(errors),
        Ok(module) => Ok(module),
        // With many rules of the old kind and one mistake, the mistake is what is to be told.
        Err(old) if old.len() < errors.len() => Err(old),
        Err(_) => Err(errors),
    }
}

fn module(text: &str, version: Version) -> Result<Module, Vec<ParseError>> {
    let mut parser = Parser::new(text, version)?;
    let module = parser.module();
    parser.finish(module)
}

fn is_torn_if(rule: &Rule, text: &str) -> bool {
    let before = text.get(..rule.span.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    !line.trim().is_empty()
        && matches!(rule.head.name.first(), Some(Term { kind: TermKind::Variable(name), .. }) if name == "if")
}

/// Reads a query: expressions that must all hold, between them semicolons or ends of lines.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_query(text: &str) -> Result<Body, Vec<ParseError>> {
    let mut parser = Parser::new(text, Version::V1)?;
    let body = parser.query(Kind::End);
    parser.finish_with(body)
}

/// Reads one term, such as a value that is written as text.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_term(text: &str) -> Result<Term, Vec<ParseError>> {
    let mut parser = Parser::new(text, Version::V1)?;
    let term = parser.operation(true).and_then(|term| {
        parser.expect(Kind::End)?;
        Ok(term)
    });
    parser.finish_with(term)
}
