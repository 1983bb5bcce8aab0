//! Collects the texts of what a plan marks as sensitive.

use super::marks::each_marked;
use crate::node::{Node, number_text};
use rego::View;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// How often JSON is looked for in one text: one that is full of brackets must not take a search of it for each of them.
const JSON_ATTEMPTS: usize = 256;

/// Texts that nobody may read.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Whole values.
    pub(super) values: BTreeSet<String>,
    /// The lines of those that have several.
    pub(super) lines: BTreeSet<String>,
}

impl Secrets {
    /// Everything that a plan marks.
    pub(super) fn of(plan: Node<'_>) -> Self {
        let mut secrets = Self::default();
        each_marked(plan, |_place, value| secrets.leaves(value));
        secrets
    }

    /// The texts and numbers in a value, and the keys. Booleans, null and empty texts give nothing away.
    fn leaves(&mut self, node: Node<'_>) {
        match node.view() {
            Some(View::String(text)) => self.text(text),
            Some(View::Number(number)) => self.values.extend(number_texts(&number_text(number))),
            _ => {
                node.items().for_each(|it| self.leaves(it));
                for (key, inner) in node.pairs() {
                    self.leaves(key);
                    self.leaves(inner);
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.values.insert(text.to_owned());
        if text.trim().contains('\n') {
            // Brackets and rulers give nothing away, and stand everywhere.
            let says_something = |it: &&str| it.contains(char::is_alphanumeric);
            self.lines.extend(text.lines().map(str::trim).filter(says_something).map(str::to_owned));
        }
        // A secret in Secrets Manager is often an object, written as JSON.
        for inner in json_in(text) {
            self.leaves_of_json(&inner);
        }
    }

    /// The same as [`leaves`](Self::leaves), of JSON within a text.
    fn leaves_of_json(&mut self, json: &Json) {
        match json {
            Json::String(text) => self.text(text),
            Json::Number(number) => self.values.extend(number_texts(&number.to_string())),
            Json::Array(items) => items.iter().for_each(|it| self.leaves_of_json(it)),
            Json::Object(object) => {
                for (key, inner) in object {
                    self.text(key);
                    self.leaves_of_json(inner);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }
}

/// How a policy may write a number.
fn number_texts(number: &str) -> [String; 5] {
    let float: f64 = number.parse().unwrap_or_default();
    // As Go writes them, where an exponent has a sign and two digits: `1.5e-07`.
    let scientific = format!("{float:e}");
    let scientific = scientific.split_once('e').map(|(digits, exponent)| {
        let (sign, exponent) = exponent.strip_prefix('-').map_or(("+", exponent), |it| ("-", it));
        format!("{digits}e{sign}{exponent:0>2}")
    });
    let scientific = scientific.unwrap_or_default();
    [number.to_owned(), format!("{float}"), format!("{float:?}"), format!("{float:.6}"), scientific]
}

/// Objects and lists that are written as JSON anywhere in a text, the outermost ones.
fn json_in(text: &str) -> Vec<Json> {
    let mut found = Vec::new();
    let mut at = 0;
    for _attempt in 0..JSON_ATTEMPTS {
        let Some(start) = text.get(at..).and_then(|it| it.find(['{', '['])) else { break };
        at += start;
        let rest = text.get(at..).unwrap_or_default();
        let mut documents = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
        at += match documents.next() {
            Some(Ok(value)) => {
                found.push(value);
                documents.byte_offset().max(1)
            }
            Some(Err(_)) | None => 1,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Redaction;
    use serde_json::json;

    fn redaction(plan: &serde_json::Value) -> Redaction<'static> {
        Redaction::of(crate::redaction::leaked(plan))
    }

    #[test]
    fn what_a_plan_marks_is_found_wherever_terraform_marks_it() {
        let plan = json!({
            "variables": { "token": { "value": "variable-token" }, "open": { "value": "open-value" } },
            "configuration": { "root_module": {
                "variables": { "token": { "sensitive": true, "default": "default-token" }, "open": {} },
                "module_calls": { "db": {
                    "expressions": { "password": { "constant_value": "module-password" } },
                    "module": { "variables": { "password": { "sensitive": true } } },
                } },
            } },
            "planned_values": {
                "outputs": { "o": { "sensitive": true, "value": ["output-value"] } },
                "root_module": { "child_modules": [{ "resources": [{
                    "values": { "password": "planned-password", "name": "planned-name" },
                    "sensitive_values": { "password": true },
                }] }] },
            },
            "resource_changes": [{ "change": {
                "before": { "tags": { "a": "before-tag" } },
                "before_sensitive": { "tags": true },
                "after": { "blocks": [{ "key": "first-key" }, { "key": "second-key" }], "pin": 424_242 },
                "after_sensitive": { "blocks": [{}, { "key": true }], "pin": true },
            } }],
            "output_changes": { "o": { "before": null, "after": "{\"user\":\"json-user\",\"n\":1}", "after_sensitive": true } },
        });
        let redaction = redaction(&plan);
        for secret in [
            "variable-token",
            "default-token",
            "module-password",
            "output-value",
            "planned-password",
            "before-tag",
            "second-key",
            "424242",
            "json-user",
        ] {
            assert_eq!(redaction.redact(&format!("is {secret}.")), "is (sensitive value).", "{secret}");
        }
        for open in ["open-value", "planned-name", "first-key", "nothing"] {
            assert_eq!(redaction.redact(open), open);
        }
    }

    /// S-03: keys of what is sensitive as a whole, JSON within a secret, and short lines of one with several lines.
    #[test]
    fn all_of_a_secret_is_found() {
        let document = " credentials: {\"login\": \"inner-user\", \"list\": [\"inner-item\"]} [\"last-one\"]";
        let plan = json!({ "resource_changes": [{ "change": {
            "actions": ["create"],
            "after": { "tokens": { "key-of-map": "value-of-map" }, "document": document, "lines": "{\nab=1\nxyz\n}\n" },
            "after_sensitive": { "tokens": true, "document": true, "lines": true },
        } }] });
        let redaction = redaction(&plan);
        for secret in
            ["key-of-map", "value-of-map", "inner-user", "login", "inner-item", "last-one", "ab=1", "xyz"]
        {
            assert_eq!(redaction.redact(&format!("is {secret}.")), "is (sensitive value).", "{secret}");
        }
        for open in ["{ x }", "xyzw", "tokens"] {
            assert_eq!(redaction.redact(open), open);
        }
        let hostile = json!({ "sensitive": true, "value": "[\"".repeat(100_000) });
        assert!(!self::redaction(&hostile).redact("x").is_empty());
    }

    /// Names that somebody chose are not taken for those that terraform writes, and a state is looked at as well.
    #[test]
    fn names_hide_nothing_from_the_search() {
        let output = |text: &str| json!({ "sensitive": true, "value": text });
        let change = |text: &str| {
            json!({
                "actions": ["create"], "before": null, "after": text, "before_sensitive": false, "after_sensitive": true,
            })
        };
        let resource = json!({
            "address": "aws_secret.this",
            "values": { "secret_string": "prior-secret" },
            "sensitive_values": { "secret_string": true },
        });
        let plan = json!({
            "planned_values": { "outputs": { "values": output("output-values"), "address": output("output-address") } },
            "output_changes": { "before": change("change-before"), "after": change("change-after") },
            "prior_state": { "values": {
                "outputs": { "o": output("prior-output") },
                "root_module": { "resources": [resource] },
            } },
            "configuration": { "root_module": { "module_calls": { "values": {
                "expressions": { "password": { "constant_value": "module-literal" } },
                "module": { "variables": { "password": { "sensitive": true } } },
            } } } },
        });
        let redaction = redaction(&plan);
        for secret in [
            "prior-secret",
            "prior-output",
            "output-values",
            "output-address",
            "change-before",
            "change-after",
            "module-literal",
        ] {
            assert_eq!(redaction.redact(secret), "(sensitive value)", "{secret}");
        }
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let change = json!({ "actions": ["create"], "after": [12_345_678_901_234_567_890_123.0, 0.000_001_234_56, 424_242], "after_sensitive": true });
        let redaction = redaction(&json!({ "output_changes": { "o": change } }));
        for text in [
            "1.2345678901234568e+22",
            "12345678901234568000000",
            "1.23456e-06",
            "0.00000123456",
            "424242",
            "424242.0",
        ] {
            let redacted = redaction.redact(text);
            assert!(redacted.starts_with("(sensitive value)"), "{text}: {redacted}");
        }
    }
}
