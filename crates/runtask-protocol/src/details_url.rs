//! Holds a link that HCP Terraform can show.

use crate::limits;
use serde::Serialize;

/// A link that HCP Terraform shows: absolute, `http` or `https`, at most 500 characters.
///
/// A link without a scheme makes its page show neither message nor outcomes (`straubt1/terraform-run-task`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DetailsUrl(String);

impl DetailsUrl {
    /// The link, or `None` where HCP Terraform could not show it.
    #[must_use]
    pub fn new(url: &str) -> Option<Self> {
        let parsed = url::Url::parse(url).ok()?;
        let fits = matches!(parsed.scheme(), "http" | "https") && url.chars().count() <= limits::URL;
        fits.then(|| Self(url.to_owned()))
    }

    /// The place of this id on the page it leads to; `None` where that would be too long.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<Self> {
        Self::new(&format!("{}#{id}", self.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_hcp_terraform_could_not_show_are_none() {
        for url in ["example.com/x", "/x", "ftp://h/x", "javascript:alert(1)", ""] {
            assert_eq!(DetailsUrl::new(url), None, "{url}");
        }
        assert_eq!(DetailsUrl::new(&format!("https://h/{}", "x".repeat(500))), None);
    }
}
