//! Finds the addresses of a plan in a text.
//!
//! They are as public as the plan's outline, and people need them: no sensitive value hides a part of one. Keys of
//! `for_each` are no part of that, since somebody may have made them of a sensitive value.

use crate::node::Node;
use std::collections::HashSet;
use std::ops::Range;

/// The addresses of the resources and modules of a plan, with keys and without.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashSet<String>);

impl Addresses {
    /// Of a whole plan.
    pub(super) fn of(plan: Node<'_>) -> Self {
        let mut addresses = HashSet::new();
        let changes = ["resource_changes", "resource_drift"].into_iter().map(|it| plan.get(it));
        for resource in changes.flat_map(Node::items) {
            for address in ["address", "module_address", "previous_address"] {
                if let Some(address) = resource.get(address).text() {
                    addresses.insert(address.to_owned());
                    addresses.extend(without_key(address).map(str::to_owned));
                }
            }
        }
        Self(addresses)
    }

    /// Where they are in a text, each as much of it as is public: all but the texts in brackets.
    pub(super) fn public_parts(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut done = 0;
        for (start, _) in text.char_indices().filter(|(_, it)| is_of_name(*it)) {
            let before = text.get(..start).and_then(|it| it.chars().next_back());
            if start < done || before.is_some_and(|it| is_of_name(it) || it == '.') {
                continue;
            }
            let ends = part_ends(text, start);
            let longest = ends
                .into_iter()
                .rev()
                .find(|end| text.get(start..*end).is_some_and(|it| self.0.contains(it)));
            if let Some(end) = longest {
                found.extend(outside_of_quotes(text, start..end));
                done = end;
            }
        }
        found
    }
}

/// `aws_s3_bucket.site` of `aws_s3_bucket.site["a"]`.
fn without_key(address: &str) -> Option<&str> {
    let ends = part_ends(address, 0);
    let last = ends.len().checked_sub(2).and_then(|it| ends.get(it))?;
    let address = address.get(..*last).filter(|_| address.ends_with(']'))?;
    address.contains('.').then_some(address)
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

/// Where what begins as an address at `start` may end: after each name, and after each key.
fn part_ends(text: &str, start: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let name = rest.find(|it: char| !is_of_name(it)).unwrap_or(rest.len());
        if name == 0 {
            return ends;
        }
        at += name;
        ends.push(at);
        if let Some(key) = text.get(at..).and_then(key_length) {
            at += key;
            ends.push(at);
        }
        if !text.get(at..).is_some_and(|it| it.starts_with('.')) {
            return ends;
        }
        at += 1;
    }
}

/// The length of `["key"]` or `[0]`.
fn key_length(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let Some(quoted) = inner.strip_prefix('"') else {
        let digits = inner.find(|it: char| !it.is_ascii_digit())?;
        return inner.get(digits..)?.starts_with(']').then_some(digits + 2);
    };
    let mut is_escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return quoted.get(at + 1..)?.starts_with(']').then_some(at + 4),
            _ => {}
        }
    }
    None
}

/// A range without what stands in quotes there.
fn outside_of_quotes(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..range.end).unwrap_or_default();
        match key_length(rest).filter(|_| rest.starts_with("[\"")) {
            Some(length) => {
                parts.push(start..at + 2);
                at += length;
                start = at - 2;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    parts.push(start..range.end);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_of_an_address_is_found() {
        let address = r#"module.net["a.b\"]"].aws_s3_bucket.site["secret"]"#;
        let plan = serde_json::json!({ "resource_changes": [
            { "address": address, "module_address": r#"module.net["a.b\"]"]"# }, { "address": "a.b[0]" },
        ] });
        let mut heap = rego::Heap::new(1 << 20);
        let plan = crate::node::from_json(&mut heap, &plan).unwrap();
        let addresses = Addresses::of(Node::new(&heap, plan));
        let public = |text: &str| {
            let parts = addresses.public_parts(text).into_iter();
            parts.map(|it| text[it].to_owned()).collect::<Vec<_>>().join("…")
        };
        assert_eq!(public(&format!("({address}).x")), r#"module.net["…"].aws_s3_bucket.site["…"]"#);
        assert_eq!(public("a.b, a.b[0], a.b[1]."), "a.b…a.b[0]…a.b");
        assert_eq!(public(r#"module.net["a.b\"]"].aws_x"#), r#"module.net["…"]"#);
        for text in ["", "a", "xa.b", "x.a.b", "b.a", "aws_s3_bucket.site"] {
            assert_eq!(public(text), "", "{text}");
        }
    }
}
