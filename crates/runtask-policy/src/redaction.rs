//! Keeps what a plan marks as sensitive out of every text that leaves the evaluation.
//!
//! Policies see the plan as it is, or they could not judge it. What they say is searched for sensitive values: as they
//! are, in other cases, and as JSON, URLs, base64 and hexadecimal digits write them. What a policy computes of them
//! beyond that (a part, a hash) cannot be recognized.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use regorus::Value;
use std::collections::BTreeSet;

/// What stands in a text where a sensitive value was.
pub(crate) const MASK: &str = "(sensitive value)";
/// The same, where a sensitive value is a part of the words above.
const OTHER_MASK: &str = "***";

/// From how many characters on a value is searched for everywhere. Shorter ones count where they stand alone: a
/// sensitive `7` is not a part of `2027`.
const LONG: usize = 6;
/// Keys below which there are no marks but those beside them.
const VALUES: [&str; 7] =
    ["before", "after", "values", "after_unknown", "before_sensitive", "after_sensitive", "sensitive_values"];
/// How often a text is searched again, because a mask and its neighbours may look like yet another value.
const PASSES: usize = 4;

/// The sensitive values of one plan.
#[derive(Debug)]
pub(crate) enum Redaction {
    /// There are none.
    Nothing,
    Values(Search),
    /// There are more than can be searched for: no text can be trusted.
    Everything,
}

#[derive(Debug)]
pub(crate) struct Search {
    automaton: AhoCorasick,
    /// For each pattern, whether it must stand alone.
    alone: Vec<bool>,
    mask: &'static str,
}

impl Redaction {
    /// Finds everything that a plan marks as sensitive.
    pub(crate) fn of(plan: &Value) -> Self {
        let mut secrets = BTreeSet::new();
        marked(plan, &mut secrets);
        variables(plan, &mut secrets);
        Self::of_secrets(&secrets)
    }

    fn of_secrets(secrets: &BTreeSet<String>) -> Self {
        let mut patterns: BTreeSet<(String, bool)> = BTreeSet::new();
        for secret in secrets.iter().filter(|it| !it.is_empty()) {
            let alone = secret.chars().count() < LONG;
            patterns.insert((secret.clone(), alone));
            if !alone {
                patterns.extend(written_otherwise(secret).into_iter().map(|it| (it, false)));
            }
        }
        let mask = if patterns.iter().any(|(it, _)| MASK.contains(&it.to_ascii_lowercase())) {
            OTHER_MASK
        } else {
            MASK
        };
        let (patterns, alone): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        if patterns.is_empty() {
            return Self::Nothing;
        }
        let mut builder = AhoCorasickBuilder::new();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard);
        // It fails for gigabytes of patterns only.
        builder
            .build(patterns)
            .map_or(Self::Everything, |automaton| Self::Values(Search { automaton, alone, mask }))
    }

    /// `text` without sensitive values.
    pub(crate) fn redact(&self, text: &str) -> String {
        let search = match self {
            Self::Nothing => return text.to_owned(),
            Self::Values(search) => search,
            Self::Everything => return OTHER_MASK.to_owned(),
        };
        let mut text = text.to_owned();
        for _pass in 0..PASSES {
            match search.redact(&text) {
                None => return text,
                Some(redacted) => text = redacted,
            }
        }
        if search.redact(&text).is_some() { search.mask.to_owned() } else { text }
    }

    /// As [`Self::redact`], but `address`, which is the address of a resource and as public as the plan's outline,
    /// stays.
    pub(crate) fn redact_around(&self, text: &str, address: &str) -> String {
        if address.is_empty() {
            return self.redact(text);
        }
        text.split(address).map(|it| self.redact(it)).collect::<Vec<_>>().join(address)
    }
}

impl Search {
    /// `None` where there is nothing to hide.
    fn redact(&self, text: &str) -> Option<String> {
        // All matches, however they overlap: what they cover together is hidden, not what the first of them leaves.
        let mut covered: Vec<(usize, usize)> = Vec::new();
        for found in self.automaton.find_overlapping_iter(text) {
            let (start, end) = (found.start(), found.end());
            let must = self.alone.get(found.pattern().as_usize()).copied().unwrap_or_default();
            if !must || stands_alone(text, start, end) {
                covered.push((start, end));
            }
        }
        if covered.is_empty() {
            return None;
        }
        covered.sort_unstable();
        let mut redacted = String::with_capacity(text.len());
        let mut done = 0;
        let mut hidden_to = 0;
        for (start, end) in covered {
            if start >= hidden_to {
                redacted.push_str(text.get(done..start).unwrap_or_default());
                redacted.push_str(self.mask);
            }
            hidden_to = hidden_to.max(end);
            done = hidden_to;
        }
        redacted.push_str(text.get(done..).unwrap_or_default());
        Some(redacted)
    }
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let is_word = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    let before = text.get(..start).and_then(|it| it.chars().next_back());
    let after = text.get(end..).and_then(|it| it.chars().next());
    !is_word(before) && !is_word(after)
}

/// A value as other formats write it.
fn written_otherwise(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let mut forms = vec![
        secret.trim().to_owned(),
        json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned(),
        secret.escape_debug().to_string(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex::encode(secret),
    ];
    forms.retain(|it| it.chars().count() >= LONG);
    forms
}

/// Walks a plan for values with marks beside them, wherever terraform puts such pairs: `before` and
/// `before_sensitive`, `after` and `after_sensitive`, `values` and `sensitive_values`, and a `value` or `default` with
/// `sensitive: true`.
fn marked(value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let get = |key: &str| object.get(&Value::from(key));
            for (values, marks) in
                [("before", "before_sensitive"), ("after", "after_sensitive"), ("values", "sensitive_values")]
            {
                if let (Some(value), Some(marks)) = (get(values), get(marks)) {
                    by_mark(value, marks, secrets);
                }
            }
            if get("sensitive") == Some(&Value::Bool(true)) {
                for value in ["value", "default"].into_iter().filter_map(get) {
                    leaves(value, secrets);
                }
            }
            // What the attributes of resources hold is no part of the plan's outline, and most of its bytes.
            let is_outline = |key: &Value| !VALUES.iter().any(|it| *key == Value::from(*it));
            object.iter().filter(|(key, _)| is_outline(key)).for_each(|(_key, inner)| marked(inner, secrets));
        }
        Value::Array(list) => list.iter().for_each(|inner| marked(inner, secrets)),
        _ => {}
    }
}

/// The values of variables stand in one place, and which of them are sensitive in another.
fn variables(plan: &Value, secrets: &mut BTreeSet<String>) {
    let declared = &plan["configuration"]["root_module"]["variables"];
    let Ok(declared) = declared.as_object() else { return };
    for (name, variable) in declared.iter() {
        if variable["sensitive"] == Value::Bool(true) {
            leaves(&plan["variables"][name]["value"], secrets);
        }
    }
    calls(&plan["configuration"]["root_module"], secrets);
}

/// What a module is called with in place of a sensitive variable, where that is written out.
fn calls(module: &Value, secrets: &mut BTreeSet<String>) {
    let Ok(inner) = module["module_calls"].as_object() else { return };
    for (_name, call) in inner.iter() {
        if let Ok(variables) = call["module"]["variables"].as_object() {
            for (name, variable) in variables.iter() {
                if variable["sensitive"] == Value::Bool(true) {
                    leaves(&call["expressions"][name]["constant_value"], secrets);
                }
            }
        }
        calls(&call["module"], secrets);
    }
}

/// `marks` is shaped as `value` is, with `true` where everything from there on is sensitive.
fn by_mark(value: &Value, marks: &Value, secrets: &mut BTreeSet<String>) {
    match (value, marks) {
        (_, Value::Bool(true)) => leaves(value, secrets),
        (Value::Object(object), Value::Object(marks)) => {
            for (key, marks) in marks.iter() {
                if let Some(value) = object.get(key) {
                    by_mark(value, marks, secrets);
                }
            }
        }
        (Value::Array(list), Value::Array(marks)) => {
            list.iter().zip(marks.iter()).for_each(|(value, marks)| by_mark(value, marks, secrets));
        }
        _ => {}
    }
}

/// The texts and numbers in a value. Booleans, null and empty texts give nothing away.
fn leaves(value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            secrets.insert(text.to_string());
            let lines = text.lines().map(str::trim).filter(|it| it.chars().count() >= LONG);
            secrets.extend(lines.map(str::to_owned));
            // A secret in Secrets Manager is often an object, written as JSON.
            if text.starts_with(['{', '['])
                && let Ok(inner) = Value::from_json_str(text)
            {
                leaves(&inner, secrets);
            }
        }
        Value::Number(_) => {
            secrets.insert(value.to_string());
        }
        Value::Object(object) => object.iter().for_each(|(_key, inner)| leaves(inner, secrets)),
        Value::Array(list) => list.iter().for_each(|inner| leaves(inner, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn redaction(plan: &serde_json::Value) -> Redaction {
        Redaction::of(&Value::from_json_str(&plan.to_string()).unwrap())
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

    #[test]
    fn a_value_is_found_in_other_spellings() {
        let secrets =
            BTreeSet::from(["hunter2/\"ä\"+x".to_owned(), "7".to_owned(), "-----\nabcdefgh\n".into()]);
        let redaction = Redaction::of_secrets(&secrets);
        for text in [
            "hunter2/\"ä\"+x",
            "HUNTER2/\"ä\"+X",
            r#"hunter2/\"ä\"+x"#,
            "hunter2%2F%22%C3%A4%22%2Bx",
            "aHVudGVyMi8iw6QiK3g=",
            "68756e746572322f22c3a4222b78",
        ] {
            let redacted = redaction.redact(text);
            assert!(redacted.trim_end_matches('=') == MASK, "{text} is {redacted}");
        }
        assert_eq!(redaction.redact("2027, 7, a7, [7]"), "2027, (sensitive value), a7, [(sensitive value)]");
        assert_eq!(redaction.redact_around("a.b[7] is 7", "a.b[7]"), "a.b[7] is (sensitive value)");
    }

    #[test]
    fn a_mask_gives_nothing_away_itself() {
        let redaction = Redaction::of_secrets(&BTreeSet::from([String::new(), "7".to_owned()]));
        assert_eq!(redaction.redact("it is 7"), "it is (sensitive value)");
        let redaction = Redaction::of_secrets(&BTreeSet::from(["sensitive".to_owned()]));
        assert_eq!(redaction.redact("it is Sensitive"), "it is ***");
    }

    proptest! {
        /// Whatever a policy writes around sensitive values, none of them is left in it.
        #[test]
        fn no_sensitive_value_is_left(
            secrets in prop::collection::vec("\\PC{6,20}|[a-c]{6,9}|[(sve *)]{6,8}", 1..6),
            words in prop::collection::vec("\\PC{0,8}|[a-c]{0,4}", 1..8),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            upper: bool,
        ) {
            let mut text = String::new();
            for (number, index) in order.iter().enumerate() {
                let from = if number % 2 == 0 { &secrets } else { &words };
                text.push_str(&from[index.index(from.len())]);
            }
            let text = if upper { text.to_ascii_uppercase() } else { text };
            let plan = json!({ "change": { "after": { "x": secrets }, "after_sensitive": { "x": true } } });
            let redacted = redaction(&plan).redact(&text).to_ascii_lowercase();
            for secret in &secrets {
                prop_assert!(!redacted.contains(&secret.to_ascii_lowercase()), "{secret:?} is in {redacted:?}");
            }
        }
    }
}
