//! Writes and reads the cookies of the pages. Every attribute is set here.
//!
//! Source: RFC 6265bis, sections 4.1.3 (`__Host-`) and 5.4.

use crate::public_address::PublicAddress;
use crate::seal::Sealed;
use http::{HeaderMap, header};
use std::fmt;

/// Bytes of all cookies of a request that are looked at.
const COOKIES_BYTES: usize = 16 * 1024;

/// Whether a cookie comes along when somebody follows a link from another site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SameSite {
    /// It does; it must, for a sign-in to come back.
    Lax,
    /// It does not.
    Strict,
}

/// A cookie to set, as the value of a `Set-Cookie` header. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookie(String);

impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.split('=').next().unwrap_or_default();
        f.debug_tuple("SetCookie").field(&name).finish()
    }
}

impl SetCookie {
    /// A cookie for `seconds`; `value` is of characters that a cookie may have.
    pub(crate) fn new(
        address: &PublicAddress,
        name: &str,
        value: &str,
        same_site: SameSite,
        seconds: u64,
    ) -> Self {
        let name = full_name(address, name);
        let secure = if address.is_https() { "; Secure" } else { "" };
        let same_site = match same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
        };
        Self(format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"))
    }

    /// What takes a cookie away.
    pub(crate) fn clear(address: &PublicAddress, name: &str) -> Self {
        Self::new(address, name, "", SameSite::Lax, 0)
    }

    /// The value of the header.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.0
    }
}

/// The cookie's name in the browser. `__Host-` keeps other hosts of the domain from setting it, and needs https.
fn full_name(address: &PublicAddress, name: &str) -> String {
    if address.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of the cookie `name`; nothing when it stands twice, because then somebody else has set one of them.
pub(crate) fn read(address: &PublicAddress, headers: &HeaderMap, name: &str) -> Option<String> {
    let name = full_name(address, name);
    let mut bytes = 0;
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        bytes += line.len();
        if bytes > COOKIES_BYTES {
            return None;
        }
        for pair in line.to_str().ok()?.split(';') {
            let Some((theirs, value)) = pair.trim().split_once('=') else { continue };
            if theirs == name && found.replace(value.to_owned()).is_some() {
                return None;
            }
        }
    }
    found
}

/// A sealed text as a cookie's value.
pub(crate) fn written(sealed: &Sealed) -> String {
    format!("{}.{}.{}", sealed.key, sealed.nonce, sealed.text)
}

/// The sealed text that a cookie's value is, or seems to be.
pub(crate) fn sealed(value: &str) -> Option<Sealed> {
    let (key, rest) = value.split_once('.')?;
    let (nonce, text) = rest.split_once('.')?;
    Some(Sealed { key: key.to_owned(), nonce: nonce.to_owned(), text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_belongs_to_one_host_and_no_script_reads_it() {
        let https = PublicAddress::new("https://approve.example.com").unwrap();
        let cookie = SetCookie::new(&https, "rt-session", "abc", SameSite::Lax, 900);
        assert_eq!(
            cookie.header(),
            "__Host-rt-session=abc; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(format!("{cookie:?}"), r#"SetCookie("__Host-rt-session")"#);
        let here = PublicAddress::new("http://127.0.0.1:8080").unwrap();
        let cookie = SetCookie::new(&here, "rt", "abc", SameSite::Strict, 60);
        assert_eq!(cookie.header(), "rt=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn a_cookie_that_stands_twice_is_none() {
        let https = PublicAddress::new("https://approve.example.com").unwrap();
        let check = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line.parse().unwrap());
            }
            read(&https, &headers, "rt")
        };
        assert_eq!(check(&["a=1; __Host-rt=x=y; b=2"]).as_deref(), Some("x=y"));
        assert_eq!(check(&["a=1", "__Host-rt=x"]).as_deref(), Some("x"));
        assert_eq!(check(&["__Host-rt=x; __Host-rt=y"]), None);
        assert_eq!(check(&["__Host-rt=x", "__Host-rt=y"]), None);
        assert_eq!(check(&["rt=x"]), None, "set by another host");
        assert_eq!(check(&[&format!("__Host-rt=x; a={}", "y".repeat(COOKIES_BYTES))]), None);
    }
}
