//! Runs and times the programs that are measured against.

use anyhow::{Context, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command that must succeed; returns how long it took.
pub(crate) fn timed(command: &mut Command) -> anyhow::Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let status = command.status().with_context(|| format!("{command:?} cannot be run"))?;
    let took = started.elapsed();
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(took)
}

/// `tar xzf ARCHIVE -C DIRECTORY`.
pub(crate) fn tar(archive: &Path, directory: &Path) -> Command {
    let mut command = Command::new("tar");
    command.arg("xzf").arg(archive).arg("-C").arg(directory);
    command
}

/// What a program prints to stdout.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} cannot be run"))?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The most memory that any one process of a command held, in bytes.
pub(crate) fn peak_memory(command: &mut Command) -> anyhow::Result<u64> {
    const MEASURE: &str = "\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)";
    let mut python = Command::new("python3");
    python.args(["-c", MEASURE]).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        python.current_dir(directory);
    }
    output(&mut python)?.trim().parse().context("no memory was measured")
}
