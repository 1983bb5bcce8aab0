//! Whether a text is an address, as Go's `net/url` reads it.

use super::address::{scheme_length, wrong_escape};
use std::net::Ipv6Addr;

/// What is asked of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: String,
    /// Its path, percent signs resolved as far as they are text.
    pub(super) path: String,
}

/// Reads an address; `None` where it is none.
pub(super) fn read(text: &str) -> Option<Url> {
    let (whole, fragment) = text.split_once('#').unwrap_or((text, ""));
    if text.bytes().any(|it| it < b' ' || it == 0x7f) || wrong_escape(fragment).is_some() {
        return None;
    }
    if whole.starts_with(':') {
        return None;
    }
    let (scheme, rest) = match scheme_length(whole) {
        Some(length) => (whole.get(..length)?.to_ascii_lowercase(), whole.get(length + 1..)?),
        None => (String::new(), whole),
    };
    let rest = rest.split('?').next()?;
    if !rest.starts_with('/') {
        let first = rest.split('/').next()?;
        if scheme.is_empty() && first.contains(':') {
            return None;
        }
        if !scheme.is_empty() {
            // What follows a scheme without a slash is taken as it is.
            return Some(Url { scheme, path: String::new() });
        }
    }
    let path = match rest.strip_prefix("//") {
        Some(behind) if !(scheme.is_empty() && rest.starts_with("///")) => {
            let end = behind.find('/').unwrap_or(behind.len());
            let (authority, path) = behind.split_at(end);
            if !is_authority(authority) {
                return None;
            }
            path
        }
        _ => rest,
    };
    if wrong_escape(path).is_some() {
        return None;
    }
    let decoded = percent_decoded(path);
    Some(Url { scheme, path: decoded })
}

fn percent_decoded(path: &str) -> String {
    path.replace("%7B", "{").replace("%7b", "{").replace("%7D", "}").replace("%7d", "}")
}

fn is_authority(text: &str) -> bool {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, text),
    };
    let is_user = |it: &str| {
        let may_be = |it: u8| it.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&it);
        it.bytes().all(may_be) && wrong_escape(it).is_none()
    };
    user.is_none_or(is_user) && is_host(host)
}

fn is_host(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[') {
        let Some((address, port)) = literal.rsplit_once(']') else { return false };
        let address = address.split_once("%25").map_or(address, |it| it.0);
        return address.parse::<Ipv6Addr>().is_ok() && is_port(port);
    }
    let port = text.find(':').and_then(|it| text.get(it..)).unwrap_or_default();
    let may_be =
        |it: u8| it >= 0x80 || it.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&it);
    let escapes_well = || {
        // Escapes are for what is no ASCII, and for nothing else.
        text.match_indices('%').all(|(at, _)| {
            let digits = text.get(at + 1..at + 3).and_then(|it| hex::decode(it).ok());
            digits.is_some_and(|it| it.iter().all(|it| *it >= 0x80))
        })
    };
    is_port(port) && text.bytes().all(may_be) && escapes_well()
}

fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(port) => port.bytes().all(|it| it.is_ascii_digit()),
        None => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_go() {
        for (text, scheme) in [
            ("http://example.com/a?b=%zz#c", "http"),
            ("HTTP://[::1]:80/", "http"),
            ("urn:a:%zz", "urn"),
            ("//x/y", ""),
            ("a b", ""),
            ("http://ä/%41", "http"),
            ("http://user:pass@x", "http"),
            ("mailto:a@b", "mailto"),
            ("", ""),
        ] {
            assert_eq!(read(text).map(|it| it.scheme).as_deref(), Some(scheme), "{text}");
        }
        for text in
            [":a", "1:a", "http://x:a", "http://[::1", "http://a b/", "/%zz", "a\u{7f}", "#%z", "http://x/%"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
