//! `runtask sign`.

use crate::arguments::Sign;
use crate::exit::Exit;
use crate::key;
use crate::output::Output;
use anyhow::Context;
use serde_json::json;
use std::io::Read;
use std::path::Path;

/// The header as HCP Terraform's documents write it.
const HEADER: &str = "X-TFC-Task-Signature";

pub(crate) fn sign(arguments: &Sign, output: &Output) -> anyhow::Result<Exit> {
    let key = key::require(arguments.key_file.as_deref())?;
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
