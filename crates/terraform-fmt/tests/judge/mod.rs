//! Asks a real terraform about many files at once, and holds our answers against its answers.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use terraform_fmt::{Formatter, Refusal};

/// How long terraform may take for a directory.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What terraform does with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is left, or written, as these bytes.
    Formatted(Vec<u8>),
    /// Lines and summaries of errors.
    Rejected(Vec<(usize, String)>),
    /// Nobody but terraform knows, and why; never terraform's own answer.
    NotSure(String),
}

/// How many files there were, by what became of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count {
    pub(crate) files: usize,
    pub(crate) accepted: usize,
    pub(crate) rejected: usize,
    pub(crate) different: usize,
    pub(crate) not_sure: usize,
}

/// A file for which our answer is not terraform's.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) index: usize,
    pub(crate) ours: Answer,
    pub(crate) theirs: Answer,
}

impl Difference {
    pub(crate) fn show(&self, input: &[u8]) -> String {
        let text = |answer: &Answer| match answer {
            Answer::Formatted(bytes) => bytes.escape_ascii().to_string(),
            other => format!("{other:?}"),
        };
        format!(
            "input:  {}\nours:   {}\ntheirs: {}",
            input.escape_ascii(),
            text(&self.ours),
            text(&self.theirs)
        )
    }
}

/// What we say about a file.
pub(crate) fn ours(formatter: &mut Formatter, input: &[u8]) -> Answer {
    match formatter.format(input) {
        Ok(formatted) => Answer::Formatted(formatted.into_changed().unwrap_or_else(|| input.to_vec())),
        Err(Refusal::Errors(errors)) => {
            Answer::Rejected(errors.iter().map(|it| (it.line, it.summary.to_string())).collect())
        }
        Err(Refusal::NotSure(doubt)) => Answer::NotSure(doubt.to_string()),
    }
}

/// Compares our answers for these files with those of one process of terraform.
pub(crate) fn compare(terraform: &Path, files: &[Vec<u8>], count: &mut Count) -> Vec<Difference> {
    let theirs = theirs(terraform, files);
    let mut formatter = Formatter::default();
    let mut differences = Vec::new();
    for (index, (input, theirs)) in files.iter().zip(theirs).enumerate() {
        let ours = ours(&mut formatter, input);
        count.files += 1;
        match theirs {
            Answer::Formatted(_) => count.accepted += 1,
            _ => count.rejected += 1,
        }
        if matches!(ours, Answer::NotSure(_)) {
            count.not_sure += 1;
        } else if ours != theirs {
            count.different += 1;
            differences.push(Difference { index, ours, theirs });
        }
    }
    differences
}

/// The terraform to compare with: from the directory that `RUNTASK_TOOLS` names, else from `PATH`.
#[expect(clippy::disallowed_methods, reason = "tests have no other place for settings")]
pub(crate) fn terraform() -> PathBuf {
    let tools = std::env::var_os("RUNTASK_TOOLS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = tools.into_iter().chain(std::env::split_paths(&path)).collect();
    directories.iter().map(|it| it.join("terraform")).find(|it| it.is_file()).unwrap_or_else(|| {
        panic!("no terraform to compare with, neither in RUNTASK_TOOLS nor on PATH: make setup")
    })
}

/// What terraform says about files.
fn theirs(terraform: &Path, files: &[Vec<u8>]) -> Vec<Answer> {
    let folder = tempfile::tempdir().unwrap();
    let targets = folder.path().join("files");
    fs::create_dir(&targets).unwrap();
    for (index, file) in files.iter().enumerate() {
        fs::write(targets.join(name(index)), file).unwrap();
    }
    let stderr = folder.path().join("stderr");
    run(terraform, &targets, &stderr);
    let mut answers: Vec<Answer> = (0..files.len())
        .map(|index| Answer::Formatted(fs::read(targets.join(name(index))).unwrap()))
        .collect();
    for (index, line, summary) in errors(&fs::read(stderr).unwrap()) {
        match &mut answers[index] {
            Answer::Rejected(errors) => errors.push((line, summary)),
            other => *other = Answer::Rejected(vec![(line, summary)]),
        }
    }
    answers
}

fn name(index: usize) -> String {
    format!("{index:06}.tf")
}

#[expect(clippy::disallowed_methods, reason = "a crate that depends on none of ours starts a program itself")]
fn run(terraform: &Path, targets: &Path, stderr: &Path) {
    let mut child = std::process::Command::new(terraform)
        .args(["fmt", "-no-color", "-list=false"])
        .current_dir(targets)
        .env_clear()
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_CLI_CONFIG_FILE", empty_config())
        .env("HOME", targets)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(stderr).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > TIME_LIMIT {
            child.kill().unwrap();
            panic!("terraform took longer than {TIME_LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(matches!(status.code(), Some(0 | 2)), "terraform ended with {status}");
}

fn empty_config() -> &'static OsStr {
    OsStr::new(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

/// The errors that terraform printed: index of the file, line, summary.
fn errors(stderr: &[u8]) -> Vec<(usize, usize, String)> {
    let text = String::from_utf8_lossy(stderr);
    let mut found = Vec::new();
    let mut summary = None;
    for line in text.split('\n') {
        if let Some(text) = line.strip_prefix("Error: ") {
            assert!(summary.is_none(), "an error without a place: {summary:?}");
            summary = Some(text.to_owned());
        } else if let Some(place) = line.strip_prefix("  on ")
            && let Some(summary) = summary.take()
        {
            let (file, rest) = place.split_once(".tf line ").unwrap();
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            found.push((file.parse().unwrap(), digits.parse().unwrap(), summary));
        }
    }
    assert!(summary.is_none(), "an error without a place: {summary:?}");
    found
}
