//! `runtask sign`: signs a body as HCP Terraform does.

use crate::key;
use anyhow::Context;
use clap::Args;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The header as HCP Terraform's documents write it.
const HEADER: &str = "X-TFC-Task-Signature";

/// Print the signature header for a body
///
/// The key is read from HMAC_KEY or --key-file.
#[derive(Debug, Args)]
#[command(after_long_help = SIGN_HELP)]
pub(crate) struct SignArguments {
    /// The body, byte for byte; `-` reads it from stdin
    pub(crate) file: PathBuf,

    /// A file that holds the HMAC key
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

const SIGN_HELP: &str = "\
Example:
  HMAC_KEY=an-example-that-nobody-else-may-know runtask sign body.json > header.txt
  curl -H @header.txt --data-binary @body.json https://runtask.example.com/
";

pub(crate) fn sign(arguments: &SignArguments, output: &Output) -> anyhow::Result<Exit> {
    let key = key::require(arguments.key_file.as_deref(), output)?;
    let signature = key.sign(&read(&arguments.file)?);
    if output.json {
        output.json(&json!({ "header": HEADER, "value": signature }))?;
    } else {
        output.result(&format!("{HEADER}: {signature}\n"))?;
    }
    Ok(Exit::Passed)
}

/// A file, or stdin for `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
