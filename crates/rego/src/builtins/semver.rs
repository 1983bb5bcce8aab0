//! `semver.compare`, `semver.is_valid`: versions as OPA reads them, which is less strict than the standard: a `v` may
//! stand before them, and zeros before their numbers.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::types::Type;
use std::cmp::Ordering;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("semver.compare", &[Type::String, Type::String], Type::Number, compare),
    Builtin::new("semver.is_valid", &[Type::Any], Type::Boolean, is_valid),
];

fn compare(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [a, b] = take(operands)?;
    context.spend_for(operands)?;
    let version = |position, value| {
        let text = context.text(value, position)?;
        Version::read(text).ok_or_else(|| error(format!("operand {position}: string is not a valid SemVer")))
    };
    let order = version(1, a)?.compare(&version(2, b)?);
    Ok(context.heap.integer(order as i64)?)
}

fn is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [version] = take(operands)?;
    context.spend_for(operands)?;
    Ok(match context.heap.view(version) {
        View::String(text) => Value::bool(Version::read(text).is_some()),
        _ => Value::FALSE,
    })
}

#[derive(Debug)]
struct Version<'t> {
    numbers: [i64; 3],
    pre_release: &'t str,
}

impl<'t> Version<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, metadata) = text.split_once('+').unwrap_or((text, ""));
        let (text, pre_release) = text.split_once('-').unwrap_or((text, ""));
        let mut numbers = text.split('.').map(|it| it.parse().ok());
        let numbers =
            [numbers.next()??, numbers.next()??, numbers.next()??, i64::from(numbers.next().is_none())];
        let [major, minor, patch, 1] = numbers else { return None };
        (is_identifiers(metadata) && is_identifiers(pre_release))
            .then_some(Self { numbers: [major, minor, patch], pre_release })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre_release, other.pre_release) {
            (a, b) if a == b => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (a, b) => compare_identifiers(a, b),
        })
    }
}

/// Nothing, or words with points between them.
fn is_identifiers(text: &str) -> bool {
    let is_word = |it: &str| !it.is_empty() && it.bytes().all(|it| it == b'-' || it.is_ascii_alphanumeric());
    text.is_empty() || text.split('.').all(is_word)
}

fn compare_identifiers(a: &str, b: &str) -> Ordering {
    let (mut ours, mut theirs) = (a.split('.'), b.split('.'));
    loop {
        let order = match (ours.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (number(a), number(b)) {
                (Some(a), Some(b)) => a.cmp(&b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A number of any length; OPA takes those beyond 64 bits for the largest that there is.
fn number(text: &str) -> Option<i64> {
    text.bytes().all(|it| it.is_ascii_digit()).then(|| text.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::{calls, fails};

    #[test]
    fn versions_are_compared_as_in_opa() {
        calls(
            ALL,
            &[
                ("semver.compare", r#"["1.0.0", "2.0.0"]"#, "-1"),
                ("semver.compare", r#"["2.0.0", "1.0.0"]"#, "1"),
                ("semver.compare", r#"["1.0.0", "1.0.0"]"#, "0"),
                ("semver.compare", r#"["1.2.3", "1.10.0"]"#, "-1"),
                ("semver.compare", r#"["v1.5.0", "1.4.0"]"#, "1"),
                ("semver.compare", r#"["1.0.0-rc.1", "1.0.0"]"#, "-1"),
                ("semver.compare", r#"["1.0.0+a", "1.0.0+b"]"#, "0"),
                ("semver.compare", r#"["1.0.0-2", "1.0.0-10"]"#, "-1"),
                ("semver.compare", r#"["1.0.0-a.b", "1.0.0-a"]"#, "1"),
                ("semver.compare", r#"["1.0.0-1", "1.0.0-a"]"#, "-1"),
                ("semver.is_valid", r#"["1.0.0"]"#, "true"),
                ("semver.is_valid", r#"["v1.5.0"]"#, "true"),
                ("semver.is_valid", r#"["01.2.3"]"#, "true"),
                ("semver.is_valid", r#"["1.2"]"#, "false"),
                ("semver.is_valid", r#"["1.2.3.4"]"#, "false"),
                ("semver.is_valid", r#"["1.2.3-a..b"]"#, "false"),
                ("semver.is_valid", "[1]", "false"),
            ],
        );
        fails(ALL, "semver.compare", r#"["1", "1.0.0"]"#, "operand 1: string is not a valid SemVer");
        fails(ALL, "semver.compare", r#"["1.0.0", "1"]"#, "operand 2: string is not a valid SemVer");
    }
}
