//! Runs the AWS provider beside terraform, for as long as there are commands that use it.
//!
//! Terraform would start it anew for each command, and read all of its 700 MB before, for the hash in the lock file: two
//! fifths of what a plan without changes takes. Providers' own tests attach terraform in this way, too.
//!
//! Source: Terraform, "Debugging Providers": `TF_REATTACH_PROVIDERS`.

use crate::aws::REGION;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What the line begins with that says how to attach.
const ANNOUNCEMENT: &str = "TF_REATTACH_PROVIDERS='";

/// A running provider. Dropping it kills the process.
#[derive(Debug)]
pub struct Provider {
    attachment: String,
    _process: Child,
}

impl Provider {
    /// Starts the provider that `terraform init` has found for a directory, for an AWS at `endpoint`.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start(directory: &Path, endpoint: &str) -> Self {
        let mut command = Command::new(program(directory));
        // Its socket goes with the directory.
        command.arg("-debug").env_clear().env("TMPDIR", directory).stdout(Stdio::piped());
        let mut process = with_aws(&mut command, endpoint)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let attachment = loop {
            let line = lines.next_line().await.unwrap();
            let line =
                line.unwrap_or_else(|| panic!("the provider ended before it said how to attach to it"));
            if let Some(rest) = line.trim().strip_prefix(ANNOUNCEMENT) {
                break rest.trim_end_matches('\'').to_owned();
            }
        };
        // What it says besides is read, or it would wait for somebody who does.
        tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
        Self { attachment, _process: process }
    }

    /// The value of `TF_REATTACH_PROVIDERS`.
    #[must_use]
    pub fn attachment(&self) -> &str {
        &self.attachment
    }
}

/// Where terraform has put it.
fn program(directory: &Path) -> PathBuf {
    let mut at = directory.join(".terraform/providers");
    while at.is_dir() {
        let mut entries = std::fs::read_dir(&at).unwrap().map(|it| it.unwrap().path());
        let is_provider = |it: &PathBuf| it.to_str().unwrap().contains("terraform-provider-") || it.is_dir();
        at = entries.find(is_provider).unwrap_or_else(|| panic!("there is no provider in {}", at.display()));
    }
    at
}

/// What terraform and its provider are told of an AWS, and of their memory.
pub(crate) fn with_aws<'a>(command: &'a mut Command, endpoint: &str) -> &'a mut Command {
    command
        // They take a fourth of their time to look for memory that they could use again.
        .env("GOGC", "400")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .env("AWS_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
}
