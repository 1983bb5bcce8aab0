//! Writes a text so that a shell reads it as one word.

/// In single quotes, in which nothing has a meaning but themselves.
#[must_use]
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
