//! Starts `runtask serve`, and opens pages that it serves.

use crate::KEY;
use crate::place::Place;
use anyhow::{Context, ensure};
use runtask_simulator::{Receivers, Simulator};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A running `runtask serve`. Dropping it ends it.
pub(crate) struct Serving {
    address: String,
    _process: Child,
}

impl Serving {
    /// Starts `program` for this simulator, and waits until it listens.
    pub(crate) async fn start(program: &Path, place: &Place, simulator: &Simulator) -> anyhow::Result<Self> {
        let origins = format!("{},{}", simulator.origin(), simulator.archivist_origin());
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log", "info"])
            .env("PATH", place.path()?)
            .env("HMAC_KEY", KEY)
            .env("RUNTASK_ALLOWED_ORIGINS", origins)
            .env("RUNTASK_CONFIG", place.tasks())
            .env("RUNTASK_REPORTS", "memory")
            .env("RUNTASK_FMT_ENGINE", "native")
            .env("INFRACOST_API_KEY", "of-the-stand-in")
            .env("SLACK_WEBHOOK_URL", Receivers::SLACK_URL)
            .env("DD_API_KEY", Receivers::DATADOG_KEY)
            .env("PAGERDUTY_KEY", Receivers::PAGERDUTY_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut lines = BufReader::new(process.stderr.take().context("no stderr")?).lines();
        let mut said = String::new();
        let address = loop {
            let line = lines.next_line().await?;
            let line = line.with_context(|| format!("runtask serve ended, and said:\n{said}"))?;
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            let field = |name: &str| event.pointer(&format!("/fields/{name}")).and_then(Value::as_str);
            if field("event") == Some("serve.listening") {
                break field("address").unwrap_or_default().to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        // What nobody reads would block it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address, _process: process })
    }

    /// The URL of a task.
    pub(crate) fn url(&self, task: &str) -> String {
        format!("http://{}/{task}", self.address)
    }

    /// Makes sure that a link leads to a page.
    pub(crate) async fn open(&self, link: &str) -> anyhow::Result<()> {
        let path = link.strip_prefix(&format!("http://{}", self.address)).context("it leads elsewhere")?;
        let mut connection = TcpStream::connect(&self.address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address);
        connection.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        ensure!(
            answer.starts_with("HTTP/1.1 200 ") && answer.contains("<!DOCTYPE html>"),
            "{link} opens no page"
        );
        Ok(())
    }
}
