//! Says which names a body declares.

use crate::syntax::{self, Body, ExpressionKind, Span, TermKind};
use foldhash::{HashMap, HashSet};

/// The names that a body declares, not those of bodies in it.
pub(super) fn declared(body: &Body) -> HashSet<&str> {
    let mut names = HashMap::default();
    for expression in body {
        match &expression.kind {
            ExpressionKind::Assign(it, _) => pattern_names(it, &mut names),
            ExpressionKind::Some(variables) => variables.iter().for_each(|it| pattern_names(it, &mut names)),
            ExpressionKind::SomeIn { key, value, .. } => {
                key.iter().chain([value]).for_each(|it| pattern_names(it, &mut names));
            }
            _ => {}
        }
    }
    names.into_keys().collect()
}

/// The names in a pattern, and where each stands first.
pub(super) fn pattern_names<'t>(term: &'t syntax::Term, names: &mut HashMap<&'t str, Span>) {
    match &term.kind {
        TermKind::Variable(name) if name != "_" => {
            names.entry(name).or_insert(term.span);
        }
        TermKind::Array(items) => items.iter().for_each(|it| pattern_names(it, names)),
        TermKind::Object(items) => items.iter().for_each(|(_, value)| pattern_names(value, names)),
        _ => {}
    }
}
