//! Starts a `redis-server` of a test's own. The harness of `tests/` has this file, too.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a server that does not start ends the test")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    process: Child,
    /// Where it keeps what it was told to keep.
    pub directory: tempfile::TempDir,
}

impl Server {
    /// Starts a server that keeps nothing, on a free port; returns when it accepts connections.
    ///
    /// # Panics
    ///
    /// If there is no `redis-server`, or it does not start.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with these settings besides.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The system names a free port, and somebody else may take it before the server does.
        for _attempt in 0..10 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            if let Some(process) = start(port, directory.path(), settings).await {
                return Self { port, process, directory };
            }
        }
        panic!("redis-server found no port in ten attempts");
    }

    /// The value for `REDIS_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it as the kernel does, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// If it is gone already.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again where it was, with what it has kept.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_again(&mut self, settings: &[&str]) {
        let since = std::time::Instant::now();
        loop {
            if let Some(process) = start(self.port, self.directory.path(), settings).await {
                self.process = process;
                return;
            }
            // Whoever tries to connect to it all the time may have been given the port for its own end, for a moment.
            assert!(since.elapsed() < PATIENCE, "somebody else has the port");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A server on that port, when it accepts connections; nothing when somebody else has the port.
#[expect(
    clippy::disallowed_methods,
    reason = "a server that outlives no test: it is killed when it is dropped"
)]
async fn start(port: u16, directory: &Path, settings: &[&str]) -> Option<Child> {
    let mut process = Command::new(program())
        .args(["--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--loglevel", "notice"])
        .args(["--port", &port.to_string()])
        .args(["--dir", directory.to_str().unwrap()])
        .args(settings)
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
    let is_ready = tokio::time::timeout(PATIENCE, ready).await.expect("redis-server did not get ready");
    // A full pipe would stop it.
    tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
    is_ready.then_some(process)
}

/// What `make setup` sets up, else what is on PATH.
#[expect(clippy::disallowed_methods, reason = "tests run what a person would")]
fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|it| it.join(".tools/bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = std::env::var_os("RUNTASK_TOOLS").map(PathBuf::from);
    let directories = tools.into_iter().chain(own).chain(std::env::split_paths(&path));
    let mut files = directories.map(|it| it.join("redis-server"));
    files.find(|it| it.is_file()).expect("there is no redis-server; `make setup` sets it up")
}
