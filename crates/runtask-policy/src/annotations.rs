//! Reads OPA's annotations: YAML in comments that begin with `# METADATA`, before a package or a rule.
//!
//! Unreadable YAML is no annotation, as in OPA unless it is told to look at annotations; `oddities.rs` says so.
//! Source: Open Policy Agent, "Policy Language", "Annotations".

use crate::message::TakesUnknowns;
use crate::node::Node;
use rego::Heap;
use runtask_findings::Severity;
use serde_json::Value;

/// The annotation of a package or a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Annotation {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) links: Vec<String>,
    pub(crate) code: Option<String>,
    pub(crate) severity: Option<String>,
    pub(crate) fix: Option<String>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) unknown: Option<TakesUnknowns>,
}

/// An annotation and what it stands before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Annotated {
    /// The line of what it is about, from 1.
    pub(crate) line: u32,
    /// Whether it is about the package.
    pub(crate) is_package: bool,
    pub(crate) annotation: Annotation,
}

impl Annotation {
    /// This, and from `other` what is missing.
    pub(crate) fn or(self, other: &Self) -> Self {
        Self {
            title: self.title.or_else(|| other.title.clone()),
            description: self.description.or_else(|| other.description.clone()),
            links: if self.links.is_empty() { other.links.clone() } else { self.links },
            code: self.code.or_else(|| other.code.clone()),
            severity: self.severity.or_else(|| other.severity.clone()),
            fix: self.fix.or_else(|| other.fix.clone()),
            params: if self.params.is_empty() { other.params.clone() } else { self.params },
            unknown: self.unknown.or(other.unknown),
        }
    }
}

/// Annotations as they are written.
pub(crate) struct Block {
    /// The line of `# METADATA`, from 1.
    pub(crate) line: u32,
    /// What follows, without the `#`.
    pub(crate) yaml: String,
    /// The line of what they stand before, and whether that is the package.
    pub(crate) target: Option<(u32, bool)>,
}

/// Every annotation of a file.
pub(crate) fn annotations(text: &str) -> Vec<Annotated> {
    let annotated = |block: Block| {
        let (line, is_package) = block.target?;
        Some(Annotated { line, is_package, annotation: read(&block.yaml)? })
    };
    blocks(text).into_iter().filter_map(annotated).collect()
}

/// Everything in a file that should be an annotation.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().zip(1u32..).peekable();
    while let Some((line, start)) = lines.next() {
        if line.strip_prefix("# METADATA").is_none_or(|it| !it.trim_end().is_empty()) {
            continue;
        }
        let mut yaml = String::new();
        while let Some((line, _number)) = lines.next_if(|(line, _number)| line.starts_with('#')) {
            let line = line.get(1..).unwrap_or_default();
            yaml.push_str(line.strip_prefix(' ').unwrap_or(line));
            yaml.push('\n');
        }
        while lines.next_if(|(line, _number)| line.trim().is_empty()).is_some() {}
        let target = lines.peek().map(|(target, number)| (*number, target.starts_with("package ")));
        found.push(Block { line: start, yaml, target });
    }
    found
}

/// Bytes of the values of one annotation.
const MAX_YAML: usize = 1 << 22;

/// What an annotation says; `None` where it is no YAML with keys.
pub(crate) fn yaml_object(yaml: &str) -> Option<Value> {
    let mut heap = Heap::new(MAX_YAML);
    let value = rego::parse_yaml(&mut heap, yaml).ok()?;
    let value = Node::new(&heap, value);
    value.is_object().then(|| value.json())
}

fn read(yaml: &str) -> Option<Annotation> {
    let mut heap = Heap::new(MAX_YAML);
    let value = rego::parse_yaml(&mut heap, yaml).ok()?;
    let all = Node::new(&heap, value);
    if !all.is_object() {
        return None;
    }
    let custom = all.get("custom");
    let text = |it: Node<'_>| it.text().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
    let link = |it: Node<'_>| text(it).or_else(|| text(it.get("ref")));
    let param = |(name, meaning): (Node<'_>, _)| Some((name.text()?.to_owned(), text(meaning)?));
    Some(Annotation {
        title: text(all.get("title")),
        description: text(all.get("description")),
        links: all.get("related_resources").items().filter_map(link).collect(),
        code: text(custom.get("code")),
        severity: text(custom.get("severity")).filter(|it| it.parse::<Severity>().is_ok()),
        fix: text(custom.get("fix")),
        params: custom.get("params").pairs().filter_map(param).collect(),
        unknown: custom
            .get("unknown")
            .text()
            .and_then(|word| TakesUnknowns::ALL.iter().find(|it| it.0 == word.trim()))
            .map(|it| it.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# METADATA
# title: Buckets are private
# description: |
#   Nobody needs them.
#
#   Really.
# related_resources:
#   - ref: https://example.com/a
#   - https://example.com/b
# custom:
#   code: private-buckets
#   severity: high
#   unknown: absent
#   params:
#     names: Which ones

package s3

import rego.v1

# METADATA
# title: One of them
deny contains \"x\"

# METADATA
# title: [
warn contains \"x\"

# METADATA
# just words
# METADATA
";

    #[test]
    fn annotations_are_read_with_what_they_stand_before() {
        let found = annotations(FILE);
        let package = Annotation {
            title: Some("Buckets are private".into()),
            description: Some("Nobody needs them.\n\nReally.".into()),
            links: vec!["https://example.com/a".into(), "https://example.com/b".into()],
            code: Some("private-buckets".into()),
            severity: Some("high".into()),
            fix: None,
            params: vec![("names".into(), "Which ones".into())],
            unknown: Some(TakesUnknowns::Absent),
        };
        let rule = Annotation { title: Some("One of them".into()), ..Annotation::default() };
        assert_eq!(
            found,
            [
                Annotated { line: 17, is_package: true, annotation: package.clone() },
                Annotated { line: 23, is_package: false, annotation: rule.clone() },
            ]
        );
        assert_eq!(rule.or(&package).title.as_deref(), Some("One of them"));
    }
}
