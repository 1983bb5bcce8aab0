//! Tells what stays on this machine, or is encrypted, from what can be read on the way.

use url::{Host, Url};

/// Whether what is sent to `url` cannot be read on the way: over https, or over http to this machine.
pub(crate) fn is_private(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_here(url),
        _ => false,
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_private_on_this_machine_alone() {
        let check = |text: &str| is_private(&text.parse().unwrap());
        for text in
            ["https://a.example.com/x", "http://127.0.0.1:1", "http://localhost/x", "http://[::1]:8080"]
        {
            assert!(check(text), "{text}");
        }
        for text in [
            "http://a.example.com",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
            "data:,x",
        ] {
            assert!(!check(text), "{text}");
        }
    }
}
