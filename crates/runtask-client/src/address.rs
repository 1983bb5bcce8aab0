//! Refuses addresses that a host on the Internet cannot have.
//!
//! A redirect may lead to any https host with a name, and that name could resolve to an address in the network we run in.
//! So a host that is not listed is reached at public addresses only.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// Resolves as the system does and drops what is not public, except for `trusted` names.
#[derive(Debug, Clone)]
pub(crate) struct PublicAddresses {
    trusted: Arc<HashSet<String>>,
}

impl PublicAddresses {
    pub(crate) fn except(trusted: impl IntoIterator<Item = String>) -> Self {
        Self { trusted: Arc::new(trusted.into_iter().collect()) }
    }
}

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.trusted.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.filter(|it| trusted || is_public(it.ip())).collect();
            if found.is_empty() {
                return Err(io::Error::other("the host has no public address").into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether a host on the Internet can have `address`.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => is_public_v4(it),
        IpAddr::V6(it) => is_public_v6(it),
    }
}

fn is_public_v4(it: Ipv4Addr) -> bool {
    let [a, b, c, _] = it.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
    !(it.is_private() || it.is_loopback() || it.is_link_local() || it.is_multicast() || it.is_documentation())
        && !(a == 0 || a >= 240 || shared || special)
}

fn is_public_v6(it: Ipv6Addr) -> bool {
    // Addresses that carry an IPv4 one: mapped, NAT64 and 6to4.
    let [a, b, c, ..] = it.segments();
    let low =
        it.segments().last_chunk::<2>().map(|[high, low]| [high.to_be_bytes(), low.to_be_bytes()].concat());
    let carried = match (it.to_ipv4_mapped(), a, b) {
        (Some(v4), ..) => Some(v4),
        (None, 0x64, 0xff9b) => low.and_then(|it| <[u8; 4]>::try_from(it).ok()).map(Ipv4Addr::from),
        (None, 0x2002, _) => {
            let ([w, x], [y, z]) = (b.to_be_bytes(), c.to_be_bytes());
            Some(Ipv4Addr::new(w, x, y, z))
        }
        _ => None,
    };
    match carried {
        Some(v4) => is_public_v4(v4),
        // What is handed out on the Internet is 2000::/3.
        None => a & 0xe000 == 0x2000 && !(a == 0x2001 && b == 0xdb8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-12: private, link-local and other inner addresses are not public.
    #[test]
    fn inner_addresses_are_told_from_public_ones() {
        for text in [
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:0a00:0001::",
            "2001:db8::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["1.1.1.1", "75.2.98.97", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_with_inner_addresses_only_is_refused_unless_trusted() {
        let resolve =
            |trusted: Vec<String>| PublicAddresses::except(trusted).resolve("localhost".parse().unwrap());
        assert!(resolve(vec![]).await.is_err());
        assert!(resolve(vec!["localhost".into()]).await.is_ok());
    }
}
