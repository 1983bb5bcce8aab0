//! Starts a `redis-server`, which keeps nothing.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::tools::tool;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    _process: Child,
    _directory: TempDir,
}

impl RedisServer {
    /// Starts it on a free port; returns when it accepts connections.
    ///
    /// # Panics
    ///
    /// If there is no `redis-server`, or it does not start.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The system names a free port, and somebody else may take it before the server does.
        for _attempt in 0..10 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(process) = start(port, &directory).await {
                return Self { port, _process: process, _directory: directory };
            }
        }
        panic!("redis-server found no port in ten attempts");
    }

    /// The value for `REDIS_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

/// A server on that port, when it accepts connections; nothing when somebody else has the port.
async fn start(port: u16, directory: &TempDir) -> Option<Child> {
    let mut process = Command::new(tool("redis-server"))
        .args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--loglevel", "notice"])
        .args(["--port", &port.to_string()])
        .arg("--dir")
        .arg(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = async {
        let mut said = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("eady to accept connections") {
                return true;
            }
            said.push_str(&line);
            said.push('\n');
        }
        assert!(said.contains("Address already in use"), "redis-server did not start:\n{said}");
        false
    };
    let is_ready = tokio::time::timeout(PATIENCE, ready).await.unwrap();
    // A full pipe would stop it.
    tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
    is_ready.then_some(process)
}
