//! Makes `rego/rules.json`, which says what shipped rules say of themselves.

use crate::builtin::rules;
use crate::find_rules::read;
use crate::message::Purpose;
use crate::parsed::Parsed;
use crate::source_file::SourceFile;
use std::collections::BTreeMap;

/// The text of `rego/rules.json`.
#[doc(hidden)]
#[must_use]
pub fn rules_json() -> String {
    let read = |file: SourceFile| {
        let module = rego::parse_module(&file.text, None).ok()?;
        let rules = read(Parsed { file: &file, module: &module }, Purpose::Judge);
        Some((file.name, rules))
    };
    let entries: BTreeMap<_, _> = rules().filter_map(read).collect();
    format!("{:#}\n", serde_json::json!(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin::{ENTRIES, entries};
    use std::collections::BTreeSet;

    /// A rule that were not there would not be asked.
    #[test]
    fn it_says_what_the_files_say() {
        assert_eq!(rules_json(), ENTRIES, "run `make docs`");
        let named: BTreeSet<_> = entries().into_keys().collect();
        assert_eq!(named, rules().map(|it| it.name).collect());
        assert!(entries().values().all(|it| !it.is_empty()));
    }
}
