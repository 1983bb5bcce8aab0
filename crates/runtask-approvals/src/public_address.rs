//! Where people reach the pages: `BASE_PUBLIC_URL`, never a header of a request.

use crate::here::is_private;
use std::fmt;
use url::Url;

/// The pages' own origin, such as `https://approve.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicAddress {
    origin: String,
    https: bool,
}

/// A text is no address of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pages' address must be https:// and a host, perhaps a port, and nothing else (http:// only on this machine)"
)]
pub struct NoPublicAddress;

impl PublicAddress {
    /// Takes an address, with or without a slash at its end.
    ///
    /// # Errors
    ///
    /// When it is not https, except on this machine, or has a path, a query, or a user.
    pub fn new(text: &str) -> Result<Self, NoPublicAddress> {
        let url = Url::parse(text).map_err(|_url| NoPublicAddress)?;
        let https = url.scheme() == "https";
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !is_private(&url) || !bare || !anonymous {
            return Err(NoPublicAddress);
        }
        Ok(Self { origin: url.origin().ascii_serialization(), https })
    }

    /// As browsers write it in `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether what is sent there is encrypted. On this machine it need not be.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// The address of a page; `path` begins with a slash.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_origin_with_or_without_a_slash() {
        let check = |text: &str| PublicAddress::new(text).map(|it| it.page("/-/a/x"));
        for text in
            ["https://approve.example.com", "https://approve.example.com/", "https://APPROVE.example.com:443"]
        {
            assert_eq!(check(text).as_deref(), Ok("https://approve.example.com/-/a/x"), "{text}");
        }
        assert_eq!(check("http://127.0.0.1:8080").as_deref(), Ok("http://127.0.0.1:8080/-/a/x"));
        for text in [
            "http://approve.example.com",
            "https://approve.example.com/runtask",
            "https://approve.example.com/?a",
            "https://ada:secret@approve.example.com",
            "approve.example.com",
            "ftp://127.0.0.1",
        ] {
            assert_eq!(check(text), Err(NoPublicAddress), "{text}");
        }
    }
}
