//! `runtask check --sarif`: judges what another tool has found.

use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValuesParser;
use runtask_findings::{CheckReport, Severity, shown_path};
use runtask_scanners::{FailOn, MAX_OUTPUT_BYTES, Reading, Thresholds, Tree, judge_files};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct SarifArguments {
    /// Judge what another tool has found instead: SARIF 2.1.0, or - for stdin; may be given more than once
    #[arg(long = "sarif", value_name = "FILE", conflicts_with_all = ["paths", "plan", "task", "all_tasks", "run"])]
    files: Vec<PathBuf>,

    /// With --sarif, from which severity on a finding fails: critical, high, medium, low, any, never
    #[arg(
        long,
        value_name = "SEVERITY",
        requires = "files",
        default_value = "high",
        hide_possible_values = true,
        value_parser = PossibleValuesParser::new(FailOn::WORDS.map(|(word, _)| word))
    )]
    fail_on: String,

    /// With --sarif, the severity of what has none: critical, high, medium, low
    #[arg(long, value_name = "SEVERITY", requires = "files", default_value = "high")]
    unknown: Severity,
}

/// What the files come to; nothing where none is named.
pub(crate) fn report(arguments: &SarifArguments) -> anyhow::Result<Option<CheckReport>> {
    if arguments.files.is_empty() {
        return Ok(None);
    }
    let files = arguments.files.iter().map(|path| Ok((name(path), content(path)?)));
    let files: Vec<(String, Vec<u8>)> = files.collect::<anyhow::Result<_>>()?;
    let here = Path::new(".").canonicalize().context("there is no directory here")?;
    let tree = Tree::new(&here, &here);
    let fail_on = FailOn::WORDS.iter().find(|(word, _)| *word == arguments.fail_on);
    let fail_on = fail_on.map_or(Thresholds::default().fail_on, |(_, it)| *it);
    let thresholds = Thresholds { fail_on, unknown: arguments.unknown };
    Ok(Some(judge_files(&files, Reading { thresholds, tree: &tree, honor_suppressions: true })))
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { shown_path(path) }
}

/// What is in a file, as far as it is read, and a byte more.
fn content(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut content)
    } else {
        File::open(path).and_then(|it| it.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut content))
    };
    read.with_context(|| format!("{} cannot be read", name(path)))?;
    Ok(content)
}
