//! `runtask fmt`: what `terraform fmt` does, without terraform.

mod arguments;
mod compare;
mod judge;
mod show;
mod targets;
mod write;

pub(crate) use arguments::{FmtArguments, as_terraform_spells_them};

use anyhow::{Context, bail};
use judge::{File, Outcome, judge, judge_all};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use show::Shown;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use targets::{Chosen, choose};
use terraform_fmt::MAX_INPUT_BYTES;
use tokio::task::spawn_blocking;

/// What a file is called that has no name.
const STDIN: &str = "<stdin>";

/// Looks at files, or formats standard input: nothing is written to disk, started or waited for, so whoever has enough of it
/// ends the process, and no runtime is started, which takes as long as formatting a file.
pub(crate) fn look(arguments: &FmtArguments, output: &Output) -> anyhow::Result<Exit> {
    let output = for_arguments(arguments, output);
    if arguments.is_stdin() {
        return of_stdin(arguments, &output);
    }
    refuse_stdin_among_others(arguments)?;
    let chosen = choose(&arguments.targets, arguments.recursive, arguments.flavour.into());
    of_files(chosen, arguments, &AtomicBool::new(false), &output)
}

fn for_arguments(arguments: &FmtArguments, output: &Output) -> Output {
    let mut output = *output;
    output.color &= !arguments.no_color;
    output
}

fn refuse_stdin_among_others(arguments: &FmtArguments) -> anyhow::Result<()> {
    if arguments.targets.iter().any(|it| it == Path::new("-")) {
        bail!("`-` is standard input: name it alone, or leave it out");
    }
    if arguments.stdin_filename.is_some() {
        bail!("--stdin-filename is for standard input: name `-` as the only target");
    }
    Ok(())
}

/// Formats files and writes them, or compares.
pub(crate) async fn fmt(arguments: FmtArguments, output: &Output) -> anyhow::Result<Exit> {
    let output = for_arguments(&arguments, output);
    if arguments.is_stdin() {
        bail!("--compare reads files: name some");
    }
    refuse_stdin_among_others(&arguments)?;
    // Told where the command is dropped: the file that is being written is finished, and no other is begun.
    let stop = StopWhenDropped::default();
    let stopped = Arc::clone(&stop.0);
    let what = if arguments.compare { "comparing" } else { "formatting" };
    output
        .patiently(what, async move {
            let chosen = spawn_blocking({
                let arguments = arguments.clone();
                move || choose(&arguments.targets, arguments.recursive, arguments.flavour.into())
            });
            let chosen = chosen.await?;
            if arguments.compare {
                return compare::compare(chosen, &output).await;
            }
            spawn_blocking(move || of_files(chosen, &arguments, &stopped, &output)).await?
        })
        .await
}

/// Sets its flag when it is dropped.
#[derive(Debug, Default)]
struct StopWhenDropped(Arc<AtomicBool>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Formats files, and writes them unless told otherwise.
fn of_files(
    chosen: Chosen,
    arguments: &FmtArguments,
    stopped: &AtomicBool,
    output: &Output,
) -> anyhow::Result<Exit> {
    let Chosen { files, mut problems } = chosen;
    let mut outcomes = judge_all(files, stopped);
    if arguments.writes() {
        for File { path, outcome, .. } in &mut outcomes {
            if let Outcome::Changed(change) = outcome {
                if stopped.load(Ordering::Relaxed) {
                    bail!("interrupted: not all files were written");
                }
                if let Err(problem) = write::replace(path, &change.before, &change.after) {
                    problems.push(problem);
                    change.is_written = false;
                }
            }
        }
    }
    let shown = Shown { files: &outcomes, problems: &problems, arguments };
    shown.write(output)?;
    Ok(exit(&outcomes, problems.is_empty(), arguments.check))
}

/// Formats standard input to standard output.
fn of_stdin(arguments: &FmtArguments, output: &Output) -> anyhow::Result<Exit> {
    let name = arguments.stdin_filename.clone().unwrap_or_else(|| PathBuf::from(STDIN));
    if arguments.stdin_filename.is_some()
        && !targets::is_formatted(name.file_name().unwrap_or(OsStr::new("")), arguments.flavour.into())
    {
        bail!("{}", targets::not_formatted(&name, arguments.flavour.into()));
    }
    let mut content = Vec::new();
    let limit = u64::try_from(MAX_INPUT_BYTES).unwrap_or(u64::MAX);
    let read = io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut content);
    read.context("standard input cannot be read")?;
    let outcome = judge(&mut terraform_fmt::Formatter::default(), &content);
    let files = [File { path: name, outcome }];
    let shown = Shown { files: &files, problems: &[], arguments };
    shown.write_of_stdin(&content, output)?;
    Ok(exit(&files, true, arguments.check))
}

/// Terraform's exit codes: an error counts for more than a file that is to be formatted.
fn exit(files: &[File], is_clean: bool, check: bool) -> Exit {
    if !is_clean || files.iter().any(|it| it.outcome.is_error()) {
        Exit::Unable
    } else if check && files.iter().any(|it| matches!(it.outcome, Outcome::Changed(_))) {
        Exit::Different
    } else {
        Exit::Passed
    }
}
