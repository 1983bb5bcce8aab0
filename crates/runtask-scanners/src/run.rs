//! Runs one scanner on one input, and reads what it says. Whatever ends it but an answer is an error: silence is no pass.

use crate::profile::{Config, Reader};
use crate::sarif::{Reading, read_sarif};
use crate::scan::{MAX_OUTPUT_BYTES, ReadError, Scan};
use crate::settings::{Input, ScannerSettings};
use crate::tree::Tree;
use crate::{checkov, trivy, validate};
use runtask_findings::{printable, shortened};
use runtask_log::event;
use runtask_process::{Finished, Program, RunError};
use secrecy::{ExposeSecret, SecretString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::time::Instant;
use tracing::info;

/// For what scanners start: a shell, git.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Bytes of a file that a scanner may write, whatever it is for.
const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Lines and characters of its own words that are told.
const MAX_LINES: usize = 5;
const MAX_WORDS: usize = 500;

/// A scanner, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Runnable {
    pub(crate) settings: ScannerSettings,
    /// Its program.
    pub(crate) program: PathBuf,
    /// Its settings or rules; absolute.
    pub(crate) config: Option<PathBuf>,
    /// What it gets of our environment.
    pub(crate) environment: Vec<(String, SecretString)>,
}

/// Where a scanner works: a directory of its own, with what it scans and what it writes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The directory of its own.
    pub(crate) scratch: PathBuf,
    /// What it scans: a directory, or a file.
    pub(crate) input: PathBuf,
}

/// Why a scanner says nothing. The texts go on after its name, and are not made fit to show.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("ended with exit code {code}{words}")]
    ExitCode { code: i32, words: String },
    #[error("{error}{words}")]
    Read { error: ReadError, words: String },
    #[error("left a report that cannot be read")]
    Report(#[source] io::Error),
    #[error("could not get a directory of its own")]
    Place(#[source] io::Error),
    #[error("was interrupted")]
    Interrupted,
}

/// How a scanner is started, and where its report is.
struct Started {
    arguments: Vec<String>,
    output: Option<String>,
    reader: Reader,
    exit_codes: Vec<i32>,
}

/// Runs it until it ends, or its time is up.
pub(crate) async fn run(scanner: &Runnable, place: &Place) -> Result<Scan, ScanError> {
    let settings = &scanner.settings;
    let started = started(scanner);
    for name in ["home", "output", "cache"] {
        std::fs::create_dir_all(place.scratch.join(name)).map_err(ScanError::Place)?;
    }
    // Settings that are trusted are looked for where it runs.
    let current = if settings.trust_tree_settings { &place.input } else { &place.scratch };
    let arguments = started.arguments.iter().map(|it| filled_in(it, scanner, place));
    let home = place.scratch.join("home");
    let mut program = Program::new(&scanner.program)
        .arguments(arguments)
        .directory(current)
        .memory_bytes(settings.memory_bytes)
        .file_bytes(MAX_FILE_BYTES)
        .variable("HOME", &home)
        .variable("TMPDIR", &home)
        .variable("PATH", PATH)
        .variable("LANG", "C.UTF-8");
    for (name, value) in settings.profile.map(|it| it.variables).unwrap_or_default() {
        program = program.variable(name, filled_in(value, scanner, place));
    }
    for (name, value) in &scanner.environment {
        program = program.variable(name, value.expose_secret());
    }
    let name = &settings.name;
    info!(event = event::SCANNER_STARTED, scanner = name, "running {name}");
    let begun = Instant::now();
    let finished = program.run(begun + settings.time_limit, settings.time_limit, MAX_OUTPUT_BYTES).await;
    let duration_ms = runtask_log::milliseconds(begun.elapsed());
    info!(event = event::SCANNER_ENDED, scanner = name, duration_ms, "{name} ended");
    let finished = finished?;
    let words = |finished: &Finished| own_words(&finished.stderr, scanner, place);
    if !started.exit_codes.contains(&finished.code) {
        return Err(ScanError::ExitCode { code: finished.code, words: words(&finished) });
    }
    let (place, scanner, current) = (place.clone(), scanner.clone(), current.clone());
    let read = move || {
        let report = match &started.output {
            Some(file) => report(&place.scratch.join("output").join(file)).map_err(ScanError::Report)?,
            None => None,
        };
        let bytes =
            report.as_deref().unwrap_or(if started.output.is_some() { &[] } else { &finished.stdout });
        let tree = Tree::new(&place.input, &current);
        read_report(bytes, started.reader, &scanner.settings, &tree)
            .map_err(|error| ScanError::Read { error, words: own_words(&finished.stderr, &scanner, &place) })
    };
    tokio::task::spawn_blocking(read).await.map_err(|_panicked| ScanError::Interrupted)?
}

/// Reads a report in one of the formats.
fn read_report(
    bytes: &[u8],
    reader: Reader,
    settings: &ScannerSettings,
    tree: &Tree,
) -> Result<Scan, ReadError> {
    let thresholds = settings.thresholds;
    match reader {
        Reader::Sarif => {
            let honor_suppressions = settings.honor_suppressions;
            read_sarif(bytes, Reading { thresholds, tree, honor_suppressions })
        }
        Reader::Checkov => checkov::read(bytes, thresholds, tree),
        Reader::Trivy => trivy::read(bytes, thresholds),
        Reader::TerraformValidate => validate::read(bytes, thresholds, tree),
    }
}

fn started(scanner: &Runnable) -> Started {
    let settings = &scanner.settings;
    let Some(profile) = settings.profile else {
        return Started {
            arguments: settings.arguments.clone(),
            output: settings.output.clone(),
            reader: settings.reader,
            exit_codes: settings.exit_codes.clone(),
        };
    };
    let command = match settings.input {
        Input::Configuration => profile.configuration,
        Input::Plan => profile.plan,
    };
    let of_config: &[&str] = match profile.config {
        Config::Optional(arguments) | Config::Required(arguments, _) if scanner.config.is_some() => arguments,
        _ => &[],
    };
    let shows = profile.show_suppressed.filter(|_| !settings.honor_suppressions).unwrap_or_default();
    let own = command.map(|it| it.arguments).unwrap_or_default();
    let arguments = own.iter().chain(of_config).chain(shows).map(|it| (*it).to_owned());
    Started {
        arguments: arguments.chain(settings.arguments.iter().cloned()).collect(),
        output: command.and_then(|it| it.output).map(str::to_owned),
        reader: command.map_or(Reader::Sarif, |it| it.reader),
        exit_codes: profile.exit_codes.to_vec(),
    }
}

/// An argument with paths in the place of names in braces.
fn filled_in(argument: &str, scanner: &Runnable, place: &Place) -> String {
    let path = |it: &Path| it.to_string_lossy().into_owned();
    let config = scanner.config.as_deref().map(path).unwrap_or_default();
    argument
        .replace("{input}", &path(&place.input))
        .replace("{output}", &path(&place.scratch.join("output")))
        .replace("{scratch}", &path(&place.scratch.join("cache")))
        .replace("{config}", &config)
}

/// The report in a file; nothing where there is none.
fn report(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // It was the scanner's to make, and need be no file.
    if !path.symlink_metadata().is_ok_and(|it| it.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The last lines that it has written for people, without what we have told it: `: …`, or nothing.
fn own_words(stderr: &[u8], scanner: &Runnable, place: &Place) -> String {
    let end = stderr.len().saturating_sub(16 * 1024);
    let text = String::from_utf8_lossy(stderr.get(end..).unwrap_or_default()).into_owned();
    let mut text = text.replace(&*place.input.to_string_lossy(), ".");
    text = text.replace(&*place.scratch.to_string_lossy(), ".");
    for (_, value) in &scanner.environment {
        text = text.replace(value.expose_secret(), "***");
    }
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|it| !it.is_empty()).map(without_colours).collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    if last.is_empty() {
        String::new()
    } else {
        format!(": {}", shortened(&printable(&last.join(" ")), MAX_WORDS))
    }
}

/// A line without the sequences that colour it on a terminal.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut parts = line.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|it: char| it.is_ascii_alphabetic()).map_or(part.len(), |it| it + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    plain
}
