//! The rules and the library that are shipped.

use crate::bundle::SourceFile;

/// `data.runtask.plan`, and `data.runtask.testing` for the tests of policies.
const LIBRARY: [(&str, &str); 2] = [
    ("plan", include_str!("../rego/library/plan.rego")),
    ("testing", include_str!("../rego/library/testing.rego")),
];

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

/// The one that is a sample, and no rule that anybody wants: `builtin:all` leaves it out.
const SAMPLE: &str = "timestamp-parity";

/// What `builtin:` takes in a policy's paths: the codes of the rules, and `all`.
#[must_use]
pub fn names() -> Vec<&'static str> {
    RULES.iter().map(|(code, _)| *code).chain(["all"]).collect()
}

pub(crate) fn library() -> Vec<SourceFile> {
    LIBRARY.iter().map(|(name, text)| file(name, text)).collect()
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: format!("builtin:{name}"), text: text.to_owned() }
}

/// The rule with this code; all of them for `all`.
pub(crate) fn rule(name: &str) -> Option<Vec<SourceFile>> {
    let asked = |code: &str| if name == "all" { code != SAMPLE } else { code == name };
    let files: Vec<_> =
        RULES.iter().filter(|(code, _)| asked(code)).map(|(code, text)| file(code, text)).collect();
    (!files.is_empty()).then_some(files)
}
