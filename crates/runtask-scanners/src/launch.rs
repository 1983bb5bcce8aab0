//! Starts a program that is not ours, with a directory of its own and nothing of our environment but what it is given.

use runtask_findings::{printable, shortened};
use runtask_process::{Finished, Program, RunError};
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// For what it starts itself: a shell, git.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Bytes of a file that it may write, whatever that is for.
const MAX_FILE_BYTES: u64 = 128 * 1024 * 1024;
/// Bytes, lines and characters of its own words that are told.
const MAX_READ: usize = 16 * 1024;
const MAX_LINES: usize = 5;
const MAX_WORDS: usize = 500;

/// What of our environment a program gets.
pub(crate) type Environment = [(String, SecretString)];

/// A program that is started.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// What is set in its environment.
    pub(crate) variables: Vec<(&'a str, String)>,
    pub(crate) environment: &'a Environment,
    /// Where it runs.
    pub(crate) current: &'a Path,
    /// A directory of its own.
    pub(crate) scratch: &'a Path,
    pub(crate) time_limit: Duration,
    pub(crate) memory_bytes: u64,
}

impl Launch<'_> {
    /// Runs it until it ends, or its time is up. It may print `max_output_bytes`.
    pub(crate) async fn run(self, max_output_bytes: u64) -> Result<Finished, RunError> {
        let home = self.scratch.join("home");
        std::fs::create_dir_all(&home).map_err(RunError::Start)?;
        let mut program = Program::new(self.program)
            .arguments(self.arguments)
            .directory(self.current)
            .memory_bytes(self.memory_bytes)
            .file_bytes(MAX_FILE_BYTES)
            .variable("HOME", &home)
            .variable("TMPDIR", &home)
            .variable("PATH", PATH)
            .variable("LANG", "C.UTF-8");
        for (name, value) in self.variables {
            program = program.variable(name, value);
        }
        for (name, value) in self.environment {
            program = program.variable(name, value.expose_secret());
        }
        program.run(Instant::now() + self.time_limit, self.time_limit, max_output_bytes).await
    }
}

/// The last lines that a program has written for people, without what we have told it and nobody should read, and without
/// the `paths` of this machine: `: …`, or nothing.
pub(crate) fn own_words(stderr: &[u8], environment: &Environment, paths: &[&Path]) -> String {
    let end = stderr.len().saturating_sub(MAX_READ);
    let mut text = String::from_utf8_lossy(stderr.get(end..).unwrap_or_default()).into_owned();
    for (_, value) in environment {
        text = text.replace(value.expose_secret(), "***");
    }
    for path in paths {
        text = text.replace(&*path.to_string_lossy(), ".");
    }
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let lines: Vec<String> = lines.map(without_colours).collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    if last.is_empty() {
        String::new()
    } else {
        format!(": {}", shortened(&printable(&last.join(" ")), MAX_WORDS))
    }
}

/// A line without the sequences that colour it on a terminal.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| it.is_ascii_alphabetic()).map_or(part.len(), |it| it + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    plain
}

/// Makes a file that only its owner can read.
pub(crate) fn private_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
