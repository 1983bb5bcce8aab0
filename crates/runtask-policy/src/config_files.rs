//! Finds the files that policies read with conftest's `parse_config_file` and `parse_combined_config_files`.
//!
//! What evaluates policies opens no files, so what they may read is read with them: each text in such a policy
//! that names a file below the policy's own directory.

use crate::source_file::SourceFile;
use rego::Files;
use rego::syntax::TermKind;
use std::collections::BTreeSet;

/// The functions that read files.
const READERS: [&str; 2] = ["parse_config_file", "parse_combined_config_files"];
/// No path of a file is longer.
const MAX_PATH_BYTES: usize = 4096;

/// The paths that a policy may mean, as its own path is written: most are of no file.
pub(crate) fn named(policy: &SourceFile) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    if !READERS.iter().any(|it| policy.text.contains(it)) {
        return paths;
    }
    // One that cannot be read is told when it is compiled.
    let Ok(module) = rego::parse_module(&policy.text, None) else { return paths };
    for rule in &module.rules {
        rule.each_term(&mut |term| {
            if let TermKind::String(text) = &term.kind
                && text.len() < MAX_PATH_BYTES
            {
                paths.extend(Files::path(&policy.name, text));
            }
        });
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_paths_where_a_policy_reads_files() {
        let named = |text: &str| {
            let policy =
                SourceFile { name: "p/a.rego".to_owned(), text: format!("package a\n{text}").into() };
            named(&policy).into_iter().collect::<Vec<_>>()
        };
        assert_eq!(named("x := parse_config_file(\"b.yaml\")"), ["p/b.yaml"]);
        assert_eq!(
            named("paths := [\"b/c.json\", \"../d\", \"/e\"]\nx := parse_combined_config_files(paths)"),
            ["p/b/c.json"]
        );
        assert!(named("x := \"b.yaml\"").is_empty());
        assert!(named("x := parse_config_file(").is_empty());
    }
}
