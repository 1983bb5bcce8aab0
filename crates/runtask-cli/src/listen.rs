//! Reads where to listen, as people write it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

/// Where `serve` listens, and is asked by `healthcheck`, unless told otherwise.
pub(crate) const DEFAULT: &str = "127.0.0.1:8080";

/// Reads an address and a port, a name and a port, or a port of this machine alone: `0.0.0.0:8080`, `localhost:8080`, `8080`.
///
/// # Errors
///
/// What it should look like.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (name, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
    let port: u16 = port.parse().map_err(|_no_number| {
        "write ADDRESS:PORT, such as 0.0.0.0:8080, or only a port to listen on this machine alone".to_owned()
    })?;
    match name {
        "" => Err(format!(
            "write 127.0.0.1:{port} to listen on this machine alone, 0.0.0.0:{port} on all addresses"
        )),
        "localhost" => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        name => {
            let mut found =
                (name, port).to_socket_addrs().map_err(|error| format!("{name} is no address: {error}"))?;
            found.next().ok_or_else(|| format!("{name} has no address"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// U-04: as people write it, and never more open than they wrote it.
    #[test]
    fn an_address_is_read_as_people_write_it() {
        let read = |text: &str| address(text).map(|it| it.to_string());
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
            ("127.0.0.1:0", "127.0.0.1:0"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, expected) in [
            (":8080", "write 127.0.0.1:8080 to listen on this machine alone, 0.0.0.0:8080 on all addresses"),
            (
                "localhost",
                "write ADDRESS:PORT, such as 0.0.0.0:8080, or only a port to listen on this machine alone",
            ),
            (
                "70000",
                "write ADDRESS:PORT, such as 0.0.0.0:8080, or only a port to listen on this machine alone",
            ),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
