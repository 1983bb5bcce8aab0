//! Finds what is odd about the annotations of policies: what is there and counts for nothing, or for something else than it
//! says.

use crate::annotations::{Block, blocks, yaml_object};
use crate::message::{RuleEntry, TakesUnknowns};
use crate::source_file::SourceFile;
use runtask_findings::{Code, Severity, printable};
use runtask_tasks::suggestion;
use serde_json::Value;

/// What OPA's annotations may have. Source: Open Policy Agent, "Policy Language", "Annotations".
const KEYS: [&str; 10] = [
    "scope",
    "title",
    "description",
    "related_resources",
    "authors",
    "organizations",
    "schemas",
    "entrypoint",
    "compile",
    "custom",
];
/// What we read of `custom`, in which everybody may have keys of their own.
const CUSTOM_KEYS: [&str; 5] = ["code", "severity", "fix", "params", "unknown"];

/// What is odd about a file, a line each: `policies/a.rego:3: …`. `rules` are the lines where a rule begins.
pub(crate) fn of_file(file: &SourceFile, rules: &[u32]) -> Vec<String> {
    let mut found = Vec::new();
    for block in blocks(&file.text) {
        let mut note = |line: u32, text: String| found.push(format!("{}:{line}: {text}", file.name));
        if !block.target.is_some_and(|(line, is_package)| is_package || rules.contains(&line)) {
            note(
                block.line,
                "these annotations stand before no package and no rule, and count for nothing".into(),
            );
        }
        match of_block(&block.yaml) {
            Err(NoYaml) => note(block.line, "these annotations are no YAML, and count for nothing".into()),
            Ok(odd) => odd.into_iter().for_each(|(key, text)| note(line_of(&block, key), text)),
        }
    }
    found
}

/// What is odd about rules together.
pub(crate) fn of_rules(rules: &[RuleEntry]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let before = rules.get(..index).unwrap_or_default();
        let is_first = !before.iter().any(|it| it.package == rule.package && it.code == rule.code);
        let other = before.iter().find(|it| it.code == rule.code && it.package != rule.package);
        if let (true, Some(other)) = (is_first, other) {
            let RuleEntry { file, line, code, .. } = rule;
            found.push(format!(
                "{file}:{line}: the code `{code}` is also that of the package `{}` ({}:{}): results and exceptions cannot \
                 tell them apart",
                other.package, other.file, other.line
            ));
        }
    }
    found
}

/// Annotations are no YAML with keys.
struct NoYaml;

/// Each oddity, with the key that it is about.
fn of_block(yaml: &str) -> Result<Vec<(&'static str, String)>, NoYaml> {
    let Some(Value::Object(annotation)) = &yaml_object(yaml) else { return Err(NoYaml) };
    let mut odd = Vec::new();
    for key in annotation.keys().filter(|it| !KEYS.contains(&it.as_str())) {
        odd.push(("", format!("no annotation is called `{}`{}", printable(key), suggestion(key, &KEYS))));
    }
    let custom = annotation.get("custom").and_then(Value::as_object);
    for key in custom.into_iter().flat_map(|it| it.keys()).filter(|it| !CUSTOM_KEYS.contains(&it.as_str())) {
        let advice = suggestion(key, &CUSTOM_KEYS);
        if advice.starts_with("; did you mean") {
            odd.push(("custom", format!("`custom.{}` says nothing to the run task{advice}", printable(key))));
        }
    }
    let text = |key: &str| custom.and_then(|it| it.get(key));
    match text("code") {
        None => {}
        Some(Value::String(code)) => {
            let kebab = Code::of_rule(code);
            if kebab.as_str() != code.trim() {
                odd.push(("code", format!("the code `{}` becomes `{kebab}`: write it so", printable(code))));
            }
        }
        Some(_) => odd.push(("code", "a code is a text".to_owned())),
    }
    if let Some(severity) = text("severity") {
        let is_one = severity.as_str().is_some_and(|it| it.trim().parse::<Severity>().is_ok());
        if !is_one {
            let severity = severity.as_str().map_or_else(|| severity.to_string(), printable);
            odd.push((
                "severity",
                format!(
                    "`{severity}` is no severity, and counts for none: write critical, high, medium or low"
                ),
            ));
        }
    }
    if let Some(word) = text("unknown") {
        let words = TakesUnknowns::ALL.map(|it| it.0);
        let known = word.as_str().is_some_and(|it| words.contains(&it.trim()));
        if !known {
            let word = word.as_str().map_or_else(|| word.to_string(), printable);
            let message = format!("`{word}` says nothing about unknown values: write {}", words.join(", "));
            odd.push(("unknown", message));
        }
    }
    Ok(odd)
}

/// The line of a key, as far as it is found; else where the block begins.
fn line_of(block: &Block, key: &str) -> u32 {
    let has_key = |line: &str| !key.is_empty() && line.trim_start().starts_with(&format!("{key}:"));
    let mut lines = block.yaml.lines().zip(block.line + 1..);
    lines.find(|(line, _)| has_key(line)).map_or(block.line, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(text: &str, rules: &[u32]) -> String {
        of_file(&SourceFile { name: "a.rego".into(), text: text.into() }, rules).join("\n")
    }

    /// U-05: nothing of what an author wrote is dropped or changed without a word.
    #[test]
    fn what_counts_for_nothing_is_said_with_its_line() {
        let text = "\
# METADATA
# titel: Buckets
# custom:
#   code: Public Bucket
#   severity: urgent
#   sevrity: high
#   team: web
#   unknown: maybe
package s3

# METADATA
# title: [
deny contains \"x\" if true

# METADATA
# title: nobody's

import rego.v1
";
        insta::assert_snapshot!(odd(text, &[13]), @"
        a.rego:1: no annotation is called `titel`; did you mean `title`?
        a.rego:3: `custom.sevrity` says nothing to the run task; did you mean `severity`?
        a.rego:4: the code `Public Bucket` becomes `public-bucket`: write it so
        a.rego:5: `urgent` is no severity, and counts for none: write critical, high, medium or low
        a.rego:8: `maybe` says nothing about unknown values: write absent, value, expected
        a.rego:11: these annotations are no YAML, and count for nothing
        a.rego:15: these annotations stand before no package and no rule, and count for nothing
        ");
    }
}
