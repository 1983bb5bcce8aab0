//! `runtask policy library`: writes the library out, for other tools that read policies.

use anyhow::{Context, bail};
use clap::Args;
use runtask_policy::LIBRARY_FILES;
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_long_help = LIBRARY_HELP)]
pub(crate) struct LibraryArguments {
    /// The directory to write into
    pub(crate) directory: PathBuf,
}

const LIBRARY_HELP: &str = "\
Example:
  runtask policy library .runtask && opa check policies .runtask

The run task has the library itself and needs no copy. A copy of an earlier release is replaced.
";

pub(crate) fn library(arguments: &LibraryArguments, output: &Output) -> anyhow::Result<Exit> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    let files = LIBRARY_FILES.map(|(name, text)| (directory.join(name), text));
    let package = |text: &str| text.lines().find(|it| it.starts_with("package ")).map(str::to_owned);
    for (path, text) in &files {
        let is_other = |there: String| package(&there) != package(text);
        if fs::read_to_string(path).is_ok_and(is_other) {
            bail!("{} is another file, and was not changed", path.display());
        }
    }
    for (path, text) in &files {
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    if output.json {
        output.json(&json!({ "files": names }))?;
    } else {
        output.result(&format!("{}\n", names.join("\n")))?;
    }
    Ok(Exit::Passed)
}
