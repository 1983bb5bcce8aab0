//! Says what came of the files: on stdout what would be or was changed, on stderr what is wrong.

use super::arguments::FmtArguments;
use super::judge::{Change, File, Outcome};
use runtask_checks::unified_hunks;
use runtask_findings::{printable, printable_lines, shown_path};
use runtask_terminal::output::Output;
use serde_json::{Map, Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the lines of one file are matched for its diff; one that takes longer is right all the same.
const DIFF_LIMIT: Duration = Duration::from_secs(5);

/// Something that keeps a path from being formatted.
#[derive(Debug)]
pub(super) struct Problem {
    path: PathBuf,
    /// As in `main.tf: it is …`.
    pub(super) reason: String,
}

impl Problem {
    pub(super) fn new(path: &Path, reason: String) -> Self {
        Self { path: path.to_owned(), reason }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound if path.is_symlink() => "it is a link that leads nowhere".to_owned(),
            io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
            _ => format!("it cannot be read: {error}"),
        };
        Self::new(path, reason)
    }

    /// It on a line for people.
    pub(super) fn line(&self) -> String {
        format!("error: {}: {}\n", shown_path(&self.path), printable(&self.reason))
    }

    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::new(path, format!("it cannot be written: {error}"))
    }
}

/// What came of a command.
pub(super) struct Shown<'a> {
    pub(super) files: &'a [File],
    pub(super) problems: &'a [Problem],
    pub(super) arguments: &'a FmtArguments,
}

impl Shown<'_> {
    /// Says it of files.
    pub(super) fn write(&self, output: &Output) -> anyhow::Result<()> {
        if output.json {
            return output.json(&self.json());
        }
        let is_clean = self.problems.is_empty() && !self.files.iter().any(|it| it.outcome.is_error());
        // Terraform lists nothing with -check if there was any error: who counts the lines would miss some.
        if is_clean || !self.arguments.check {
            let mut text = String::new();
            for (path, change) in self.changes() {
                if self.arguments.list {
                    text.push_str(&format!("{}\n", shown_path(path)));
                }
                if self.arguments.diff {
                    text.push_str(&diff(path, change, output.color));
                }
            }
            output.result(&text)?;
        }
        self.tell(output, self.arguments.writes());
        Ok(())
    }

    /// Says it of standard input, whose `content` was read: the formatted text, unless only a diff or the exit code is wanted.
    pub(super) fn write_of_stdin(&self, content: &[u8], output: &Output) -> anyhow::Result<()> {
        if output.json {
            return output.json(&self.json());
        }
        let writes = !self.arguments.check && !self.arguments.diff;
        for file in self.files {
            match &file.outcome {
                Outcome::Changed(change) if self.arguments.diff => {
                    output.result(&diff(&file.path, change, output.color))?;
                }
                Outcome::Changed(change) if writes => output.bytes(&ended(&change.after))?,
                Outcome::Formatted if writes => output.bytes(&ended(content))?,
                _ => {}
            }
        }
        self.tell(output, writes);
        Ok(())
    }

    fn changes(&self) -> impl Iterator<Item = (&Path, &Change)> {
        self.files.iter().filter_map(|it| match &it.outcome {
            Outcome::Changed(change) if change.is_written => Some((&*it.path, change)),
            _ => None,
        })
    }

    /// On stderr: what was lost where files are written, and then all errors, in terraform's order: first those without a
    /// line, then by the depth of the path, and by path.
    fn tell(&self, output: &Output, writes: bool) {
        if writes {
            for (path, change) in self.changes() {
                for loss in &change.losses {
                    let path = shown_path(path);
                    output.note(&format!(
                        "warning: {path} line {}: {} (terraform does the same)\n",
                        loss.line, loss.kind
                    ));
                }
            }
        }
        for problem in self.problems {
            output.note(&problem.line());
        }
        let mut faults = Vec::new();
        for file in self.files {
            match &file.outcome {
                Outcome::Unreadable(error) => output.note(&Problem::unreadable(&file.path, error).line()),
                Outcome::NotSure(doubt) => {
                    let reason =
                        format!("line {}: {}; ask terraform about this file", doubt.line, doubt.reason);
                    output.note(&Problem::new(&file.path, reason).line());
                }
                Outcome::Skipped => {
                    output.note(&Problem::new(&file.path, "it was not looked at".to_owned()).line());
                }
                Outcome::Errors { faults: of_file, .. } => faults.push((&file.path, of_file)),
                Outcome::Formatted | Outcome::Changed(_) => {}
            }
        }
        faults.sort_by_key(|(path, _)| (path.components().count(), *path));
        for (path, faults) in faults {
            output.quotation(&format!("{}\n", printable_lines(&faults.text(&shown_path(path)))));
        }
    }

    fn json(&self) -> Value {
        let files = self.files.iter().map(|it| self.file(it));
        let problems = self.problems.iter().map(
            |it| json!({ "path": it.path.to_string_lossy(), "status": "unreadable", "reason": it.reason }),
        );
        json!({ "version": 1, "files": files.chain(problems).collect::<Vec<_>>() })
    }

    fn file(&self, file: &File) -> Value {
        let mut value = Map::new();
        value.insert("path".to_owned(), file.path.to_string_lossy().into());
        let status = match &file.outcome {
            Outcome::Formatted => "formatted",
            Outcome::Changed(change) => {
                let losses =
                    change.losses.iter().map(|it| json!({ "line": it.line, "what": it.kind.to_string() }));
                value.insert("losses".to_owned(), losses.collect());
                if self.arguments.diff || self.arguments.is_stdin() {
                    value.insert("diff".to_owned(), diff(&file.path, change, false).into());
                }
                match self.arguments.writes() && !self.arguments.is_stdin() && change.is_written {
                    true => "written",
                    false => "unformatted",
                }
            }
            Outcome::Errors { errors, .. } => {
                let errors = errors.iter().map(|it| {
                    json!({
                        "line": it.line,
                        "column": it.column,
                        "summary": it.summary.name(),
                        "advice": it.summary.advice(),
                    })
                });
                value.insert("errors".to_owned(), errors.collect());
                "unparsable"
            }
            Outcome::NotSure(doubt) => {
                value.insert("line".to_owned(), doubt.line.into());
                value.insert("reason".to_owned(), doubt.reason.to_string().into());
                "not-sure"
            }
            Outcome::Unreadable(error) => {
                value.insert("reason".to_owned(), Problem::unreadable(&file.path, error).reason.into());
                "unreadable"
            }
            Outcome::Skipped => "skipped",
        };
        value.insert("status".to_owned(), status.into());
        Value::Object(value)
    }
}

/// Text with a line break at its end, with which terraform prints it.
fn ended(text: &[u8]) -> Vec<u8> {
    let mut ended = text.to_vec();
    if !text.ends_with(b"\n") {
        ended.push(b'\n');
    }
    ended
}

/// A unified diff, which `patch` takes where names and lines hold nothing that could mislead on a terminal.
fn diff(path: &Path, change: &Change, color: bool) -> String {
    let name = shown_path(path);
    let hunks = unified_hunks(&change.before, &change.after, Instant::now() + DIFF_LIMIT);
    let text = printable_lines(&format!("--- old/{name}\n+++ new/{name}\n{hunks}"));
    if !color {
        return text;
    }
    let coloured = text.split_inclusive('\n').map(|line| {
        let code = match line.as_bytes().first() {
            Some(b'-') => "31",
            Some(b'+') => "32",
            Some(b'@') => "36",
            _ => return line.to_owned(),
        };
        let text = line.trim_end_matches('\n');
        format!("\u{1b}[{code}m{text}\u{1b}[0m\n")
    });
    coloured.collect()
}
