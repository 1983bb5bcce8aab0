//! Where requests may go: hosts of the vendors, and an origin that the settings name.

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// The address of a request. It may hold a secret, and does not print.
#[derive(Clone)]
pub(crate) struct Address(Url);

impl std::fmt::Debug for Address {
    /// Its host.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.host())
    }
}

impl Address {
    /// The address of one of these hosts: each is a name, or `*.` and a name for any below it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without the address.
    pub(crate) fn of_vendor(secret: &SecretString, hosts: &[&str]) -> Result<Self, String> {
        let address = Self::https(secret)?;
        let host = address.host();
        let is = |it: &&str| match it.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix),
            None => host == *it,
        };
        if hosts.iter().any(is) {
            Ok(address)
        } else {
            Err(format!("its host is none of {}: copy it as it was given to you", hosts.join(", ")))
        }
    }

    /// The address of a host of one's own.
    ///
    /// # Errors
    ///
    /// As [`Address::of_vendor`].
    pub(crate) fn own(secret: &SecretString, origin: Option<&Origin>) -> Result<Self, String> {
        let url = Url::parse(secret.expose_secret()).map_err(|_unshown| "it is no address".to_owned())?;
        if origin.is_some_and(|it| it.0.origin() == url.origin()) {
            return Ok(Self(url));
        }
        let address = Self::https(secret)?;
        match address.0.host() {
            Some(Host::Domain(_)) => Ok(address),
            _ => Err("its host is no name: name its origin as `origin` too, if you mean it".to_owned()),
        }
    }

    /// An address that is known.
    pub(crate) fn known(text: &str) -> Result<Self, String> {
        Url::parse(text).map(Self).map_err(|_ours| format!("{text} is no address"))
    }

    fn https(secret: &SecretString) -> Result<Self, String> {
        let url = Url::parse(secret.expose_secret()).map_err(|_unshown| "it is no address".to_owned())?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        if url.scheme() == "https" && url.has_host() && is_plain {
            Ok(Self(url))
        } else {
            Err("it does not begin with https:// and a host".to_owned())
        }
    }

    /// The same path at another origin.
    pub(crate) fn at(self, origin: Option<&Origin>) -> Self {
        let Some(Origin(origin)) = origin else { return self };
        let mut url = origin.clone();
        url.set_path(self.0.path());
        url.set_query(self.0.query());
        Self(url)
    }

    /// The host, which is no secret.
    pub(crate) fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn expose(&self) -> &Url {
        &self.0
    }
}

/// Scheme, host and port of a receiver of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(Url);

impl Origin {
    /// Reads `https://notify.example.com` or `http://127.0.0.1:8080`; nothing may follow.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_origin = matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        is_origin.then_some(Self(url))
    }

    pub(crate) fn host(&self) -> String {
        self.0.host_str().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_the_vendors_and_does_not_print() {
        let hosts = ["hooks.slack.com", "*.logic.azure.com"];
        let read = |it: &str| Address::of_vendor(&SecretString::from(it), &hosts);
        assert_eq!(
            format!("{:?}", read("https://hooks.slack.com/services/T/B/secret").unwrap()),
            "Address(hooks.slack.com)"
        );
        assert!(read("https://prod-1.eu.logic.azure.com/workflows/x?sig=y").is_ok());
        for wrong in [
            "http://hooks.slack.com/services/T",
            "https://hooks.slack.com.example.com/secret",
            "https://evillogic.azure.com/secret",
            "https://secret@hooks.slack.com/",
            "https://127.0.0.1/secret",
            "secret",
        ] {
            let error = read(wrong).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_host_of_ones_own_is_a_name_or_is_named_twice() {
        let read =
            |it: &str, origin: &str| Address::own(&SecretString::from(it), Origin::parse(origin).as_ref());
        assert!(read("https://notify.example.com/x", "").is_ok());
        assert!(read("http://127.0.0.1:80/x", "http://127.0.0.1").is_ok());
        for (address, origin) in [
            ("http://notify.example.com/x", ""),
            ("https://10.0.0.1/x", ""),
            ("https://[::1]/x", ""),
            ("http://127.0.0.1:81/x", "http://127.0.0.1:80"),
        ] {
            assert!(read(address, origin).is_err(), "{address}");
        }
        let moved = Address::known("https://api.datadoghq.com/api/v1/events").unwrap();
        let moved = moved.at(Origin::parse("http://127.0.0.1:99").as_ref());
        assert_eq!(moved.expose().as_str(), "http://127.0.0.1:99/api/v1/events");
    }

    #[test]
    fn an_origin_is_nothing_but_an_origin() {
        assert!(Origin::parse("https://a.example").is_some());
        for text in [
            "a.example",
            "https://a.example/x",
            "https://a.example/?x",
            "ftp://a.example",
            "https://u@a.example",
        ] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
