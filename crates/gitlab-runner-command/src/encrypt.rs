//! `runtask runner encrypt`: encrypts a value for one function and one project, with KMS.

use crate::aws::AwsArguments;
use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use gitlab_runner::SealedText;
use runtask_aws::Keys;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::io::{IsTerminal, Read, stdin};
use std::time::Duration;

/// How long KMS may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The longest value that KMS encrypts by itself, in bytes.
///
/// Source: AWS KMS API reference, "Encrypt".
const LONGEST: u64 = 4096;

/// Encrypt a value with KMS, for one function and one project alone
///
/// Reads the value from stdin, so that it is in no shell's history, and prints what may stand in the secret or in the
/// function's environment instead of it. Function and project are in the encryption context: no other function decrypts it,
/// and jobs of no other project get it. Needs the right kms:Encrypt on the key.
#[derive(Debug, Args)]
#[command(after_long_help = ENCRYPT_HELP)]
pub(crate) struct EncryptArguments {
    /// The key of KMS: its id, ARN or alias (alias/NAME)
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,

    /// The name of the function that decrypts it
    #[arg(long, value_name = "FUNCTION", env = "RUNNER_FUNCTION")]
    pub(crate) function: String,

    /// The project whose jobs alone get it, as infra/network; needed unless it is for the function itself
    #[arg(long, value_name = "PATH", required_unless_present = "for_function")]
    pub(crate) project: Option<String>,

    /// It is for the function itself, as the runner's token is
    #[arg(long, conflicts_with = "project")]
    pub(crate) for_function: bool,

    #[command(flatten)]
    pub(crate) aws: AwsArguments,
}

const ENCRYPT_HELP: &str = "\
Example:
  runtask runner encrypt --key alias/gitlab-runner --function gitlab-runner --project infra/network < value

One line end at the end of the value is left out.
Exit codes: 0 encrypted, 2 it could not be.
";

pub(crate) async fn encrypt(arguments: &EncryptArguments, output: &Output) -> anyhow::Result<Exit> {
    if stdin().is_terminal() {
        output.note("Type the value, and end it with Ctrl-D twice, or once on a new line:\n");
    }
    let mut value = Vec::new();
    stdin().lock().take(LONGEST + 2).read_to_end(&mut value).context("stdin cannot be read")?;
    if value.ends_with(b"\n") {
        value.pop();
    }
    ensure!(!value.is_empty(), "there is nothing on stdin to encrypt");
    ensure!(value.len() as u64 <= LONGEST, "KMS encrypts {LONGEST} bytes at most");
    let keys = Keys::new(&arguments.aws.config(&arguments.key).await?, LIMIT);
    let project = arguments.project.as_deref();
    let context = SealedText::context(&arguments.function, project).into_iter().collect();
    let encrypted = output.patiently("asking KMS", keys.encrypt(&arguments.key, &value, context)).await?;
    let text = SealedText { project, ciphertext: &STANDARD.encode(encrypted) }.to_string();
    if output.json {
        output.json(&json!({"function": arguments.function, "project": project, "value": text}))?;
    } else {
        output.result(&format!("{text}\n"))?;
    }
    Ok(Exit::Passed)
}
