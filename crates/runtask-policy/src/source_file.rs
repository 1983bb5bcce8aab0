//! Holds one file of Rego.

use std::sync::Arc;

/// Rego with the name that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// The path as it was set, or `builtin:NAME`.
    pub(crate) name: String,
    /// The text, which several requests share.
    pub(crate) text: Arc<str>,
}

impl SourceFile {
    /// Whether it holds tests, by its name, as OPA has it.
    pub(crate) fn is_test(&self) -> bool {
        self.name.ends_with("_test.rego")
    }
}
