//! Starts moto, which plays AWS on loopback beside the Lambda double: Parameter Store, for example.
//!
//! Every [`Moto`] is a process and an AWS of its own. It keeps what it is given per region and checks no signature,
//! but reads the region from one.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;

use crate::tools::tool;

/// How long the server may take to start; Python reads a lot of files on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `moto_server`. Dropping it kills the process.
#[derive(Debug)]
pub struct Moto {
    endpoint: String,
    _process: Child,
}

impl Moto {
    /// Starts a server on a free port; returns when it accepts connections.
    ///
    /// # Panics
    ///
    /// If there is no `moto_server`, or it does not start.
    pub async fn start() -> Self {
        // A virtual environment's programs lie beside its Python.
        let program = tool("moto_server").canonicalize().unwrap().with_file_name("python");
        let mut process = Command::new(&program)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/harness/moto_server.py"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let (announce, announced) = oneshot::channel();
        tokio::spawn(read(process.stderr.take().unwrap(), announce));
        match tokio::time::timeout(PATIENCE, announced).await {
            Ok(Ok(Ok(endpoint))) => Self { endpoint, _process: process },
            Ok(Ok(Err(said))) => panic!("{} ended while it started:\n{said}", program.display()),
            Ok(Err(_)) | Err(_) => panic!("{} did not start within {PATIENCE:?}", program.display()),
        }
    }

    /// The value for `AWS_ENDPOINT_URL_SSM` and its like, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

/// Waits for the line that names the address, which the server prints once it listens, and then reads on, because
/// nobody else does and a full pipe would stop the server.
async fn read(stderr: ChildStderr, announce: oneshot::Sender<Result<String, String>>) {
    let mut lines = BufReader::new(stderr).lines();
    let mut said = String::new();
    loop {
        let Ok(Some(line)) = lines.next_line().await else {
            let _nobody_waits = announce.send(Err(said));
            return;
        };
        if let Some((_, address)) = line.split_once("Running on ") {
            let _nobody_waits = announce.send(Ok(address.trim().trim_end_matches('/').to_owned()));
            break;
        }
        said.push_str(&line);
        said.push('\n');
    }
    while let Ok(Some(_line)) = lines.next_line().await {}
}
