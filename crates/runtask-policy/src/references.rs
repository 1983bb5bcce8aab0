//! Finds what the rules of a file read of `data`, as far as names say it.

use rego::syntax::{Expression, ExpressionKind, Import, Module, Rule, Span, Term, TermKind};
use std::collections::{HashMap, HashSet};

/// A reference into `data`: `data.a.b`, `data["a"].b[c]`, or one that begins with an import.
#[derive(Debug, Clone)]
pub(crate) struct DataReference {
    /// The names below `data`, up to the first that is computed.
    pub(crate) path: Vec<String>,
    /// Where each of the names is written; those of an import stand where it is used.
    pub(crate) spans: Vec<Span>,
    /// Whether it is an import.
    pub(crate) is_import: bool,
}

impl DataReference {
    /// What an import names.
    fn of_import(import: &Import) -> Option<Self> {
        let (root, path) = import.path.split_first()?;
        let spans = vec![import.span; path.len()];
        (root == "data").then(|| Self { path: path.to_vec(), spans, is_import: true })
    }
}

/// Every reference of a file, imports first.
pub(crate) fn data_references(module: &Module) -> Vec<DataReference> {
    let mut found: Vec<DataReference> = module.imports.iter().filter_map(DataReference::of_import).collect();
    let imports: HashMap<&str, &Import> =
        module.imports.iter().filter_map(|it| Some((name(it)?, it))).collect();
    for rule in &module.rules {
        let declared = declared(rule);
        let root = |term: &Term| {
            let name = term.name().filter(|it| !declared.contains(*it))?;
            let path = match imports.get(name) {
                _ if name == "data" => &[][..],
                Some(import) if import.path.first().is_some_and(|it| it == "data") => {
                    import.path.get(1..).unwrap_or_default()
                }
                _ => return None,
            };
            Some((path.to_vec(), vec![term.span; path.len()]))
        };
        // The heads of references are terms, too, and are not references of their own.
        let mut heads: HashSet<Span> = HashSet::new();
        rule.each_term(&mut |term| {
            let (head, operands) = match &term.kind {
                TermKind::Reference(head, operands) => (&**head, &**operands),
                TermKind::Variable(_) if !heads.contains(&term.span) => (term, &[][..]),
                _ => return,
            };
            heads.insert(head.span);
            let Some((mut path, mut spans)) = root(head) else { return };
            for operand in operands {
                let TermKind::String(name) = &operand.kind else { break };
                path.push(name.clone());
                spans.push(operand.span);
            }
            found.push(DataReference { path, spans, is_import: false });
        });
    }
    found
}

/// The name that an import has in its file.
fn name(import: &Import) -> Option<&str> {
    import.alias.as_deref().or_else(|| import.path.last().map(String::as_str))
}

/// The names of variables that a rule declares anywhere in it.
fn declared(rule: &Rule) -> HashSet<&str> {
    let mut patterns: Vec<&Term> = rule.head.parameters.iter().flatten().collect();
    rule.each_expression(&mut |expression: &Expression| match &expression.kind {
        ExpressionKind::Assign(pattern, _) => patterns.push(pattern),
        ExpressionKind::Some(names) => patterns.extend(names),
        ExpressionKind::SomeIn { key, value, .. } | ExpressionKind::Every { key, value, .. } => {
            patterns.extend(key.iter().chain([value]));
        }
        ExpressionKind::Term(_) | ExpressionKind::Unify(..) => {}
    });
    let mut names = HashSet::new();
    for pattern in patterns {
        pattern.each(&mut |it| names.extend(it.name()));
    }
    names
}
