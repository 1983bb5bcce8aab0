//! Writes a plan anew, without the values that it marks as sensitive.

use super::MASK;
use super::marks::{Step, each_marked};
use crate::node::{Node, number_text};
use rego::View;
use std::collections::HashMap;
use std::io::{self, Write};

/// Which places below one are sensitive.
#[derive(Debug, Default)]
struct Places<'h> {
    /// All of it is.
    all: bool,
    below: HashMap<Step<'h>, Places<'h>>,
}

impl<'h> Places<'h> {
    fn of(plan: Node<'h>) -> Self {
        let mut root = Self::default();
        each_marked(plan, |place, _value| {
            let at = place.iter().fold(&mut root, |at, step| at.below.entry(*step).or_default());
            at.all = true;
        });
        root
    }
}

/// Writes `plan` as JSON. A sensitive text is replaced by another and a sensitive number by 0, so that each value keeps
/// its type. Whatever is neither, null, truth values and the names of members, stays: most of these names are a provider's,
/// and whoever looks for them must find them.
pub(crate) fn write_copy(plan: Node<'_>, out: &mut impl Write) -> io::Result<()> {
    write(plan, Some(&Places::of(plan)), false, out)
}

fn write<'h>(
    node: Node<'h>,
    places: Option<&Places<'h>>,
    is_sensitive: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let is_sensitive = is_sensitive || places.is_some_and(|it| it.all);
    let below = |step: Step<'h>| places.and_then(|it| it.below.get(&step));
    match node.view() {
        None | Some(View::Null | View::Unknown(_)) => out.write_all(b"null"),
        Some(View::Bool(it)) => write!(out, "{it}"),
        Some(View::String("")) => out.write_all(b"\"\""),
        Some(View::String(_)) if is_sensitive => write_text(MASK, out),
        Some(View::String(it)) => write_text(it, out),
        Some(View::Number(_)) if is_sensitive => out.write_all(b"0"),
        Some(View::Number(it)) => out.write_all(number_text(it).as_bytes()),
        Some(View::Array(_) | View::Set(_)) => {
            let mut before: &[u8] = b"[";
            for (index, item) in node.items().enumerate() {
                out.write_all(std::mem::replace(&mut before, b","))?;
                write(item, below(Step::Index(index)), is_sensitive, out)?;
            }
            out.write_all(if before == b"[" { b"[]" } else { b"]" })
        }
        Some(View::Object(_)) => {
            let mut before: &[u8] = b"{";
            for (key, value) in node.pairs() {
                // JSON has no others.
                let Some(key) = key.text() else { continue };
                out.write_all(std::mem::replace(&mut before, b","))?;
                write_text(key, out)?;
                out.write_all(b":")?;
                write(value, below(Step::Name(key)), is_sensitive, out)?;
            }
            out.write_all(if before == b"{" { b"{}" } else { b"}" })
        }
    }
}

fn write_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    Ok(serde_json::to_writer(out, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::leaked;
    use serde_json::{Value, json};

    fn copy(plan: &Value) -> Value {
        let mut out = Vec::new();
        write_copy(leaked(plan), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn each_value_that_is_marked_is_replaced_by_one_of_its_type() {
        let change = |password: Value, rules: Value| {
            json!({
                "actions": ["create"], "before": null, "before_sensitive": false,
                "after": { "name": "a", "password": password, "port": 22, "rules": rules },
                "after_sensitive": { "password": true, "rules": [{}, true] },
            })
        };
        let plan = |change: Value, variable: &str, literal: &str| {
            json!({
                "format_version": "1.2",
                "variables": { "token": { "value": variable }, "open": { "value": 1.50 } },
                "resource_changes": [{ "address": "a.b", "change": change }],
                "output_changes": {}, "list": [],
                "configuration": { "root_module": {
                    "variables": { "token": { "sensitive": true, "default": variable } },
                    "module_calls": { "db": {
                        "expressions": { "password": { "constant_value": literal } },
                        "module": { "variables": { "password": { "sensitive": true } } },
                    } },
                } },
            })
        };
        let real = change(
            json!("hunter2"),
            json!([{ "port": 1 }, { "port": 424_242, "name": "x", "on": true, "no": null }]),
        );
        let masked =
            change(json!(MASK), json!([{ "port": 1 }, { "port": 0, "name": MASK, "on": true, "no": null }]));
        assert_eq!(copy(&plan(real, "variable-token", "literal")), plan(masked, MASK, MASK));
    }

    #[test]
    fn a_plan_without_marks_stays_as_it_is() {
        let plan = json!({
            "format_version": "1.2", "quoted": "a\"\\\n\u{7f}ä", "numbers": [1, 1.25, 1e300, -3],
            "nested": [[], {}, [{ "": "" }]], "resource_changes": [],
        });
        assert_eq!(copy(&plan), plan);
    }
}
