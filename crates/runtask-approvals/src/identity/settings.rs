//! What an operator says about the identity provider.

use crate::here::is_private;
use secrecy::SecretString;
use url::Url;

/// An OpenID Connect provider, and us as its client.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The issuer, exactly as its discovery document and its tokens write it.
    pub issuer: IssuerUrl,
    /// What the provider calls us.
    pub client_id: String,
    /// What proves to the provider that it is us.
    pub client_secret: SecretString,
    /// Whose ways the provider has.
    pub provider: Provider,
}

/// Whose ways a provider has. It decides what identifies a person, when an e-mail address is believed, and how groups are
/// told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// Microsoft Entra ID, one tenant: its id, a UUID.
    Entra {
        /// Directory (tenant) id.
        tenant: String,
    },
    /// Google Workspace: the domain that accounts must belong to.
    Google {
        /// The domain in the claim `hd`.
        domain: String,
    },
    /// Okta; groups come in the claim of this name.
    Okta {
        /// Mostly `groups`.
        groups_claim: String,
    },
    /// Any other; groups come in the claim of this name, where there is one.
    Other {
        /// Such as `groups`.
        groups_claim: Option<String>,
    },
}

/// An issuer's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl(String);

/// Why a text is no issuer's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerUrlError {
    /// Not a URL of https, or of http on this machine.
    #[error("the issuer must be an https:// address (http:// only for one on this machine)")]
    Scheme,
    /// A query or a fragment.
    #[error("the issuer must have no query and no fragment")]
    Extra,
    /// Entra ID's addresses for all tenants, with which anybody could sign in.
    #[error(
        "the issuer must name one tenant: put the tenant's id in the place of `common` or `organizations`"
    )]
    EveryTenant,
}

impl IssuerUrl {
    /// Takes an issuer as it was written.
    ///
    /// # Errors
    ///
    /// When it cannot be one, or lets anybody sign in.
    pub fn new(text: &str) -> Result<Self, IssuerUrlError> {
        let url = Url::parse(text).map_err(|_url| IssuerUrlError::Scheme)?;
        if !is_private(&url) {
            return Err(IssuerUrlError::Scheme);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(IssuerUrlError::Extra);
        }
        let first = url.path_segments().and_then(|mut it| it.next()).unwrap_or_default();
        if matches!(first, "common" | "organizations" | "consumers") {
            return Err(IssuerUrlError::EveryTenant);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_one_tenants_https_address() {
        let check = |text: &str| IssuerUrl::new(text).map(|it| it.as_str().to_owned());
        for text in
            ["https://accounts.google.com", "https://acme.okta.com/oauth2/default", "http://127.0.0.1:80/x"]
        {
            assert_eq!(check(text).as_deref(), Ok(text));
        }
        assert_eq!(check("http://login.example.com"), Err(IssuerUrlError::Scheme));
        assert_eq!(check("accounts.google.com"), Err(IssuerUrlError::Scheme));
        assert_eq!(check("https://a.example.com/?x=1"), Err(IssuerUrlError::Extra));
        assert_eq!(check("https://login.microsoftonline.com/common/v2.0"), Err(IssuerUrlError::EveryTenant));
    }
}
