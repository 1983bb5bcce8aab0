//! `runtask healthcheck`: asks a `runtask serve` on this machine whether it answers.
//!
//! It is for container engines, which start a program in the container to know: there is no other program in it. It speaks
//! HTTP by hand and heeds no proxy: a library for one question would be started every few seconds.

use crate::listen;

use anyhow::{Context, bail};
use clap::Args;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting may take, and each wait for more of the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than any answer to the question has.
const ANSWER_BYTES: u64 = 4096;

/// Ask the `runtask serve` of this machine or container whether it answers
///
/// For the health check of a container, which finds nothing else to ask with. Ends with 0 when it answers, else with 1.
#[derive(Debug, Args)]
#[command(after_long_help = HEALTHCHECK_HELP)]
pub(crate) struct HealthcheckArguments {
    /// Where `serve` listens: the same setting; for all addresses, this machine is asked
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RUNTASK_LISTEN",
        default_value = listen::DEFAULT,
        value_parser = listen::address
    )]
    listen: SocketAddr,
}

const HEALTHCHECK_HELP: &str = "\
In a Containerfile:
  HEALTHCHECK CMD [\"runtask\", \"healthcheck\"]

Where the engine can ask over HTTP itself, as Kubernetes and Azure Container Apps do, have it ask GET /healthz.
";

pub(crate) fn healthcheck(arguments: &HealthcheckArguments, output: &Output) -> anyhow::Result<Exit> {
    let address = reachable(arguments.listen);
    let asked = ask(address);
    if output.json {
        let problem = asked.as_ref().err().map(|it| format!("{it:#}"));
        let said = json!({ "healthy": asked.is_ok(), "address": address.to_string(), "problem": problem });
        output.json(&said)?;
    } else {
        match &asked {
            Ok(()) => output.result(&format!("runtask serve answers at {address}\n"))?,
            Err(error) => output.error(error),
        }
    }
    // Container engines take 1 for unhealthy, and keep 2 for themselves.
    Ok(if asked.is_ok() { Exit::Passed } else { Exit::Failed })
}

/// Where a server that listens at `address` can be asked from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let unreachable = || format!("nobody answers at {address}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(unreachable)?;
    stream.set_read_timeout(Some(PATIENCE)).with_context(unreachable)?;
    stream.set_write_timeout(Some(PATIENCE)).with_context(unreachable)?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).with_context(unreachable)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer).with_context(unreachable)?;
    if answer.starts_with(b"HTTP/1.1 200 ") && has_text(&answer, br#""status":"ok""#) {
        Ok(())
    } else {
        bail!("what answers at {address} is no runtask serve, or not well")
    }
}

fn has_text(answer: &[u8], text: &[u8]) -> bool {
    answer.windows(text.len()).any(|it| it == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in
            [("0.0.0.0:8080", "127.0.0.1:8080"), ("[::]:80", "[::1]:80"), ("192.0.2.1:80", "192.0.2.1:80")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
