//! Holds the style sheet and the policy that allows it and nothing else.
//!
//! The sheet is in a file of its own; the hash in the policies is that of its bytes, and a test says the new one when the
//! sheet has changed.

/// The one style sheet.
pub(super) const STYLE: &str = include_str!("style.css");

macro_rules! policy {
    ($more:literal) => {
        concat!(
            "default-src 'none'; style-src 'sha256-T5R78SyY6XQSG1/K+SjBfWXiX60BUpCdN5mgKS6PSas='; ",
            "img-src data:; base-uri 'none'; form-action 'none'",
            $more
        )
    };
}

/// The `Content-Security-Policy` with which a page is served: the one style sheet by its hash, the icon, no script, no
/// form, no frame around it.
pub const CONTENT_SECURITY_POLICY: &str = policy!("; frame-ancestors 'none'");

/// The same for a page that is opened as a file. In a page, nothing can be said of frames.
pub(super) const META_POLICY: &str = policy!("");

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policies_allow_the_style_sheet_as_it_is() {
        let source = format!("style-src 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(STYLE)));
        for policy in [CONTENT_SECURITY_POLICY, META_POLICY] {
            assert!(policy.contains(&source), "{source}");
        }
    }

    #[test]
    fn the_style_sheet_asks_for_nothing_and_ends_no_tag() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains('<'));
    }
}
