//! Decides which origins a token may go to, and where a redirect may lead.

use std::fmt;
use std::str::FromStr;
use url::Url;

/// HCP Terraform's own origins: the United States' and the European Union's.
const HCP_TERRAFORM: [&str; 2] = ["https://app.terraform.io", "https://app.eu.terraform.io"];

/// The origins that may receive a token. One of plain `http`, or with an address for a name, counts only if it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<Url>);

impl Default for AllowedOrigins {
    fn default() -> Self {
        Self(HCP_TERRAFORM.iter().filter_map(|it| Url::parse(it).ok()).collect())
    }
}

/// Why a text is no list of origins.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginError {
    /// Nothing between the commas.
    #[error("the list of origins is empty")]
    Empty,
    /// More, or less, than scheme, host and port.
    #[error(
        "write origins like `https://tfe.example.com`, separated by commas: scheme, host, port where needed, nothing else"
    )]
    NotAnOrigin,
}

impl FromStr for AllowedOrigins {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let origins = text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(|it| {
            let url = Url::parse(it).map_err(|_not_a_url| OriginError::NotAnOrigin)?;
            let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            let plain = url.username().is_empty() && url.password().is_none();
            let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
            if bare && plain && web { Ok(url) } else { Err(OriginError::NotAnOrigin) }
        });
        let origins: Vec<Url> = origins.collect::<Result<_, _>>()?;
        if origins.is_empty() { Err(OriginError::Empty) } else { Ok(Self(origins)) }
    }
}

/// A URL that may not be called. It prints its origin and nothing more.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[non_exhaustive]
pub enum ForeignUrl {
    /// Not a URL at all.
    #[error("it is not an absolute URL")]
    Unreadable,
    /// `https://somebody@host/`: a way to make a URL look like another host's.
    #[error("it holds a user name or password")]
    Credentials,
    /// None of the listed ones.
    #[error("its origin {0} is not in RUNTASK_ALLOWED_ORIGINS")]
    NotListed(String),
    /// A redirect to where neither names nor encryption protect us.
    #[error("its origin {0} is neither https with a host name nor in RUNTASK_ALLOWED_ORIGINS")]
    Unprotected(String),
}

impl AllowedOrigins {
    /// Reads a URL that will be called with a token.
    ///
    /// # Errors
    ///
    /// When its origin is not listed: nothing may be sent there.
    pub fn admit(&self, url: &str) -> Result<Url, ForeignUrl> {
        let url = parse(url)?;
        if self.lists(&url) { Ok(url) } else { Err(ForeignUrl::NotListed(origin(&url))) }
    }

    /// Judges the target of a redirect: listed, or https to a named host.
    ///
    /// # Errors
    ///
    /// When it may not be followed.
    pub fn admit_redirect(&self, url: Url) -> Result<Url, ForeignUrl> {
        let url = without_credentials(url)?;
        let named = matches!(url.host(), Some(url::Host::Domain(_)));
        if self.lists(&url) || (url.scheme() == "https" && named) {
            Ok(url)
        } else {
            Err(ForeignUrl::Unprotected(origin(&url)))
        }
    }

    /// Whether `url` is of a listed origin.
    fn lists(&self, url: &Url) -> bool {
        self.0.iter().any(|it| it.origin() == url.origin())
    }

    /// The host names listed, which may have addresses of any kind.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(Url::host_str)
    }
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(origin).collect();
        f.write_str(&all.join(","))
    }
}

fn parse(url: &str) -> Result<Url, ForeignUrl> {
    let url = Url::parse(url).map_err(|_not_a_url| ForeignUrl::Unreadable)?;
    without_credentials(url)
}

fn without_credentials(url: Url) -> Result<Url, ForeignUrl> {
    if url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(ForeignUrl::Credentials) }
}

/// What of a URL may be shown.
#[must_use]
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(list: &str, url: &str) -> Result<(), String> {
        let origins: AllowedOrigins = list.parse().unwrap();
        origins.admit(url).map(drop).map_err(|error| error.to_string())
    }

    /// P-11: the default is HCP Terraform's own hosts.
    #[test]
    fn the_default_is_hcp_terraform() {
        let default = AllowedOrigins::default();
        assert_eq!(default.to_string(), "https://app.terraform.io,https://app.eu.terraform.io");
        default.admit("https://app.eu.terraform.io/api/v2/plans/plan-1/json-output").unwrap();
    }

    /// P-11: another scheme, host or port, a user name or an address is somebody else.
    #[test]
    fn only_the_listed_origins_are_admitted() {
        let list = "https://app.terraform.io, https://tfe.example.com:8443/";
        for url in [
            "https://app.terraform.io/a?b=c",
            "https://APP.terraform.io:443/",
            "https://tfe.example.com:8443/x",
        ] {
            assert_eq!(admit(list, url), Ok(()), "{url}");
        }
        for url in [
            "http://app.terraform.io/",
            "https://app.terraform.io.evil.example/",
            "https://app.terraform.io:444/",
            "https://tfe.example.com/",
            "https://app.terraform.io@evil.example/",
            "https://user:pass@app.terraform.io/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "//app.terraform.io/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(admit(list, url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_refusal_names_the_origin_only() {
        assert_eq!(
            admit("https://h", "https://evil.example/secret?sig=1").unwrap_err(),
            "its origin https://evil.example is not in RUNTASK_ALLOWED_ORIGINS"
        );
    }

    /// P-12: a redirect goes to a named https host, or to what is listed.
    #[test]
    fn redirects_stay_protected() {
        let origins: AllowedOrigins = "http://127.0.0.1:9".parse().unwrap();
        let judge = |url: &str| origins.admit_redirect(Url::parse(url).unwrap()).is_ok();
        assert!(judge("https://archivist.terraform.io/v1/object/x") && judge("http://127.0.0.1:9/x"));
        for url in [
            "http://archivist.terraform.io/",
            "https://169.254.169.254/",
            "https://[fd00::1]/",
            "https://a@h/",
        ] {
            assert!(!judge(url), "{url}");
        }
    }

    #[test]
    fn a_list_holds_origins_and_nothing_else() {
        for text in [
            "app.terraform.io",
            "https://h/path",
            "https://h?x",
            "ftp://h",
            "https://u@h",
            "https://h,nonsense",
        ] {
            assert_eq!(text.parse::<AllowedOrigins>(), Err(OriginError::NotAnOrigin), "{text}");
        }
        assert_eq!(" , ".parse::<AllowedOrigins>(), Err(OriginError::Empty));
    }
}
