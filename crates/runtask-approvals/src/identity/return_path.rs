//! Where somebody goes after signing in: a page of an approval here, and nowhere else.

/// A path of our own. Only [`ReturnPath::new`] makes one, so nobody is sent to another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPath(String);

/// Bytes of a path; a link has a few hundred.
const PATH_BYTES: usize = 1100;

impl ReturnPath {
    /// The path, if it is one of an approval's page: `/-/a/` and characters of a link.
    #[must_use]
    pub fn new(path: &str) -> Option<Self> {
        let link = path.strip_prefix("/-/a/")?;
        let plain = link.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'));
        (plain && !link.is_empty() && path.len() <= PATH_BYTES).then(|| Self(path.to_owned()))
    }

    /// As it stands in a `Location` header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_an_approval_is_returned_to() {
        assert!(ReturnPath::new("/-/a/eyJ2IjoxfQ.JsRI-jn_53").is_some());
        for path in [
            "/",
            "/-/a/",
            "//evil.example",
            "/-/a/../x",
            "/-/a/x?y",
            "https://evil.example/-/a/x",
            "/-/a/x\r\ny",
            "/a\\x",
            "",
        ] {
            assert_eq!(ReturnPath::new(path), None, "{path:?}");
        }
        assert_eq!(ReturnPath::new(&format!("/-/a/{}", "x".repeat(PATH_BYTES))), None);
    }
}
