//! Holds the rules and the library that are shipped.

use crate::message::RuleEntry;
use crate::source_file::SourceFile;
use std::collections::BTreeMap;

/// The prefix of the name of a shipped rule, and of its file.
pub(crate) const PREFIX: &str = "builtin:";

/// `data.runtask.plan`.
const LIBRARY: &str = include_str!("../rego/library/plan.rego");
/// `data.runtask.testing`, for the tests of policies.
const TESTING: &str = include_str!("../rego/library/testing.rego");

/// The files of the libraries, for tools that read policies as well: the name and the text of each.
pub const LIBRARY_FILES: [(&str, &str); 2] = [("plan.rego", LIBRARY), ("testing.rego", TESTING)];

/// The rules by their codes.
const RULES: [(&str, &str); 8] = [
    ("public-s3-bucket", include_str!("../rego/rules/public_s3_bucket.rego")),
    ("open-ingress", include_str!("../rego/rules/open_ingress.rego")),
    ("required-tags", include_str!("../rego/rules/required_tags.rego")),
    ("destroy-guard", include_str!("../rego/rules/destroy_guard.rego")),
    ("iam-wildcard", include_str!("../rego/rules/iam_wildcard.rego")),
    ("unencrypted-storage", include_str!("../rego/rules/unencrypted_storage.rego")),
    ("public-database", include_str!("../rego/rules/public_database.rego")),
    ("timestamp-parity", include_str!("../rego/rules/timestamp_parity.rego")),
];

/// What the files of [`RULES`] say of their rules, as `find_rules.rs` finds it, by the files' names: to read that YAML takes as
/// long as to read the rules. `make docs` writes it.
pub(crate) const ENTRIES: &str = include_str!("../rego/rules.json");

/// The rules that whoever reads a file ships, by their names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Builtins<'a> {
    /// Those that `builtin:all` means.
    pub rules: &'a [&'a str],
    /// Those that must be named: samples, which nobody wants among the others.
    pub samples: &'a [&'a str],
}

impl<'a> Builtins<'a> {
    /// The names of all of them.
    pub(crate) fn names(&self) -> Vec<&'a str> {
        self.rules.iter().chain(self.samples).copied().collect()
    }
}

/// The rules that are shipped.
pub const BUILTINS: Builtins<'static> = Builtins {
    rules: &[
        "public-s3-bucket",
        "open-ingress",
        "required-tags",
        "destroy-guard",
        "iam-wildcard",
        "unencrypted-storage",
        "public-database",
    ],
    samples: &["timestamp-parity"],
};

/// The library that policies may import.
pub(crate) fn library() -> SourceFile {
    file("plan", LIBRARY)
}

/// The library that only tests of policies may import.
pub(crate) fn testing() -> SourceFile {
    file("testing", TESTING)
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: format!("{PREFIX}{name}"), text: text.into() }
}

/// Whether a file is the library that rules may import.
pub(crate) fn is_library(file: &SourceFile) -> bool {
    file.name.strip_prefix(PREFIX) == Some("plan")
}

/// Whether a file is a copy of a library, which needs no second one.
pub(crate) fn is_copy(file: &SourceFile) -> bool {
    LIBRARY_FILES.iter().any(|(_, text)| **text == *file.text)
}

/// Whether a file is one of these.
pub(crate) fn is_shipped(file: &SourceFile) -> bool {
    file.name.starts_with(PREFIX)
}

/// The rule with this code.
pub(crate) fn rule(code: &str) -> Option<SourceFile> {
    RULES.iter().find(|(name, _)| *name == code).map(|(name, text)| file(name, text))
}

/// The rules in the files that are shipped, by the files' names.
pub(crate) fn entries() -> BTreeMap<String, Vec<RuleEntry>> {
    serde_json::from_str(ENTRIES).unwrap_or_default()
}

/// Every file of rules that is shipped.
pub(crate) fn rules() -> impl Iterator<Item = SourceFile> {
    RULES.iter().map(|(code, text)| file(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_shipped_by_name() {
        let names = BUILTINS.rules.iter().chain(BUILTINS.samples);
        assert!(names.eq(RULES.iter().map(|(code, _)| code)));
    }
}
