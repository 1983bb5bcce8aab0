//! The order in which OPA has the items of sets and objects that are not evaluated yet.

use crate::number::Number;
use crate::syntax::{Term, TermKind};
use std::cmp::Ordering;

/// Compares two terms as OPA does: by what they are, and then part by part. Comprehensions and templates stay as written.
///
/// Source: OPA, `v1/ast/compare.go`.
pub(super) fn compare(a: &Term, b: &Term) -> Ordering {
    rank(a).cmp(&rank(b)).then_with(|| match (&a.kind, &b.kind) {
        (TermKind::Bool(a), TermKind::Bool(b)) => a.cmp(b),
        (TermKind::Number(a), TermKind::Number(b)) => Number::Text(a).compare(Number::Text(b)),
        (TermKind::String(a), TermKind::String(b)) | (TermKind::Variable(a), TermKind::Variable(b)) => {
            a.cmp(b)
        }
        (TermKind::Array(a), TermKind::Array(b)) => all(a.iter(), b.iter()),
        (TermKind::Set(a), TermKind::Set(b)) => all(sorted(a).into_iter(), sorted(b).into_iter()),
        (TermKind::Call(a, a_operands), TermKind::Call(b, b_operands))
        | (TermKind::Reference(a, a_operands), TermKind::Reference(b, b_operands)) => {
            compare(a, b).then_with(|| all(a_operands.iter(), b_operands.iter()))
        }
        (TermKind::Object(a), TermKind::Object(b)) => {
            let parts = |pairs: &[(Term, Term)]| -> Vec<(Term, Term)> {
                let mut pairs = pairs.to_vec();
                pairs.sort_by(|a, b| compare(&a.0, &b.0));
                pairs
            };
            let (a, b) = (parts(a), parts(b));
            let first = a.iter().zip(&b).map(|(a, b)| compare(&a.0, &b.0).then_with(|| compare(&a.1, &b.1)));
            first.into_iter().find(|it| it.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        _ => Ordering::Equal,
    })
}

/// Whether two terms are the same, as far as this order tells: of two comprehensions or templates, it does not.
pub(super) fn are_same(a: &Term, b: &Term) -> bool {
    let mut is_told = true;
    a.each(&mut |it| {
        is_told &= !matches!(
            it.kind,
            TermKind::Template(_)
                | TermKind::ArrayComprehension(..)
                | TermKind::SetComprehension(..)
                | TermKind::ObjectComprehension(..)
        ) && it.name() != Some("_");
    });
    is_told && compare(a, b).is_eq()
}

fn all<'t>(a: impl Iterator<Item = &'t Term>, b: impl Iterator<Item = &'t Term>) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) => match compare(a, b) {
                Ordering::Equal => {}
                other => return other,
            },
            (a, b) => return a.is_some().cmp(&b.is_some()),
        }
    }
}

fn sorted(terms: &[Term]) -> Vec<&Term> {
    let mut terms: Vec<&Term> = terms.iter().collect();
    terms.sort_by(|a, b| compare(a, b));
    terms
}

fn rank(term: &Term) -> u8 {
    match &term.kind {
        TermKind::Null => 0,
        TermKind::Bool(_) => 1,
        TermKind::Number(_) => 2,
        TermKind::String(_) => 3,
        TermKind::Template(_) => 4,
        TermKind::Variable(name) if name != "input" && name != "data" => 5,
        TermKind::Variable(_) | TermKind::Reference(..) => 6,
        TermKind::Array(_) => 7,
        TermKind::Object(_) => 8,
        TermKind::Set(_) => 9,
        TermKind::ArrayComprehension(..) => 10,
        TermKind::ObjectComprehension(..) => 11,
        TermKind::SetComprehension(..) => 12,
        TermKind::Call(..) => 13,
    }
}
