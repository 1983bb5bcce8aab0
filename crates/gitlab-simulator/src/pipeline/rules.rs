//! Decides whether a job is in a pipeline: `only`, `except` and `rules`, for a push to the branch `main`.

use serde_json::Value;

/// What the conditions of rules may ask for.
const VARIABLES: [(&str, &str); 6] = [
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_REF_NAME", "main"),
    ("CI_DEFAULT_BRANCH", "main"),
    ("CI_COMMIT_REF_PROTECTED", "true"),
    ("CI_PIPELINE_SOURCE", "push"),
    ("CI", "true"),
];

/// What a rule says of the job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) when: Option<String>,
    pub(super) allow_failure: Option<bool>,
}

/// What the first rule that holds says; `None` where the job is not in the pipeline.
pub(super) fn rules(rules: &Value) -> Result<Option<Said>, String> {
    for rule in rules.as_array().ok_or("rules are no list")? {
        let members = rule.as_object().ok_or("a rule is no mapping")?;
        if let Some(unknown) =
            members.keys().find(|it| !["if", "when", "allow_failure"].contains(&it.as_str()))
        {
            return Err(format!("`{unknown}` in rules is not known here"));
        }
        let holds = match members.get("if").and_then(Value::as_str) {
            Some(condition) => holds(condition)?,
            None => true,
        };
        if holds {
            let when = members.get("when").and_then(Value::as_str).map(str::to_owned);
            if when.as_deref() == Some("never") {
                return Ok(None);
            }
            return Ok(Some(Said {
                when,
                allow_failure: members.get("allow_failure").and_then(Value::as_bool),
            }));
        }
    }
    Ok(None)
}

/// Whether `only` or `except` names what is pushed to.
pub(super) fn names(refs: &Value) -> Result<bool, String> {
    let refs = refs.get("refs").unwrap_or(refs);
    let list: Vec<&str> = match refs {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => return Err("`only` and `except` are lists of refs here".to_owned()),
    };
    Ok(list.iter().any(|it| ["main", "branches", "pushes"].contains(it)))
}

/// Conditions of the forms `$A`, `$A == "text"`, `$A == $B`, `$A != …`, joined by one of `&&` and `||`.
fn holds(condition: &str) -> Result<bool, String> {
    let unknown = || format!("the condition {condition:?} is not known here");
    if condition.contains("&&") && condition.contains("||") || condition.contains('(') {
        return Err(unknown());
    }
    if condition.contains("||") {
        let parts: Result<Vec<bool>, String> = condition.split("||").map(holds).collect();
        return Ok(parts?.contains(&true));
    }
    let mut all = true;
    for part in condition.split("&&") {
        all &= match (part.split_once("=="), part.split_once("!=")) {
            (Some((left, right)), None) => text(left) == text(right),
            (None, Some((left, right))) => text(left) != text(right),
            (None, None) if part.trim().starts_with('$') => text(part).is_some_and(|it| !it.is_empty()),
            _ => return Err(unknown()),
        };
    }
    Ok(all)
}

/// A variable's value, or a text in quotes.
fn text(word: &str) -> Option<&str> {
    let word = word.trim();
    match word.strip_prefix('$') {
        Some(name) => VARIABLES.iter().find(|it| it.0 == name).map(|it| it.1),
        None => Some(word.trim_matches(['"', '\''])),
    }
}
