//! Runs one scanner on one input, and reads what it says. Whatever ends it but an answer is an error: silence is no pass.

use crate::launch::{Launch, own_words};
use crate::profile::{Config, Reader};
use crate::sarif::{Reading, read_sarif};
use crate::scan::{MAX_OUTPUT_BYTES, ReadError, Scan};
use crate::settings::{Input, ScannerSettings};
use crate::tree::Tree;
use crate::{checkov, trivy, validate};
use runtask_log::event;
use runtask_process::RunError;
use secrecy::SecretString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::time::Instant;
use tracing::info;

/// Where a configuration lies in a scanner's own directory.
pub(crate) const TREE: &str = "tree";

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
    #[error("could not be given the configuration: {0}")]
    Copy(#[source] io::Error),
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
    for name in ["output", "cache"] {
        std::fs::create_dir_all(place.scratch.join(name)).map_err(ScanError::Place)?;
    }
    // Settings that are trusted are looked for where it runs.
    let current = if settings.trust_tree_settings { &place.input } else { &place.scratch };
    let variables = settings.profile.map(|it| it.variables).unwrap_or_default();
    let launch = Launch {
        program: &scanner.program,
        arguments: started.arguments.iter().map(|it| filled_in(it, scanner, place)).collect(),
        variables: variables.iter().map(|(name, value)| (*name, filled_in(value, scanner, place))).collect(),
        environment: &scanner.environment,
        current,
        scratch: &place.scratch,
        time_limit: settings.time_limit,
        memory_bytes: settings.memory_bytes,
    };
    let name = &settings.name;
    info!(event = event::SCANNER_STARTED, scanner = name, "running {name}");
    let begun = Instant::now();
    let finished = launch.run(MAX_OUTPUT_BYTES).await;
    let duration_ms = runtask_log::milliseconds(begun.elapsed());
    info!(event = event::SCANNER_ENDED, scanner = name, duration_ms, "{name} ended");
    let finished = finished?;
    let words = own_words(&finished.stderr, &scanner.environment, &[&place.input, &place.scratch]);
    if !started.exit_codes.contains(&finished.code) {
        return Err(ScanError::ExitCode { code: finished.code, words });
    }
    let (place, scanner, current) = (place.clone(), scanner.clone(), current.clone());
    let read = move || {
        let report = match &started.output {
            Some(file) => report(&place.scratch.join("output").join(file)).map_err(ScanError::Report)?,
            None => None,
        };
        let bytes =
            report.as_deref().unwrap_or(if started.output.is_some() { &[] } else { &finished.stdout });
        let tree = Tree::new(&place.input, &current).within(&place.scratch.join(TREE));
        read_report(bytes, started.reader, &scanner.settings, &tree)
            .map_err(|error| ScanError::Read { error, words })
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
