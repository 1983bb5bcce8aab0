//! Runs `terraform fmt -check -recursive`, and gives a reason for every file.
//!
//! Terraform runs once in the directory itself, which is what a person would run, and mostly there is nothing
//! more to do. Only when it objects do copies of the files show which ones it means and what it would change:
//! it runs on them a second time, and writes. Both must agree; where terraform objects and no file explains
//! why, the check could not be made, and has not passed.
//!
//! Nothing is ever written to the directory: it may be somebody's checkout. Of files with the values of variables, which may
//! be passwords, no text is shown unless the settings say so.

mod diff;
mod files;
#[doc(hidden)]
pub mod output;

use crate::check::{Check, Given, Loading, Needs};
use crate::terraform::{Terraform, TerraformError};
use diff::Budget;
use files::{Copies, Unreadable, is_formatted_file, walk};
use output::Diagnostic;
use runtask_findings::{
    CheckReport, Code, Finding, Level, Subject, fenced, printable, printable_lines, shown_path,
};
use runtask_log::event;
use runtask_tasks::{CheckSettings, Kind, ReadSettings, SettingsEntry};
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::Path;
use tokio::task::{JoinError, spawn_blocking};
use tracing::warn;

/// The name of this check.
const CHECK: &str = Fmt::NAME;

const PASSED: &str = "Format check passed";
/// Names in a headline, for each way in which files can be wrong.
const NAMES_SHOWN: usize = 10;
/// Errors in the body of one finding.
const ERRORS_SHOWN: usize = 20;
const HOW_TO_FIX: &str = "Run `terraform fmt -recursive` and commit what it changes.";
const NOT_SHOWN: &str = "Nothing of this file is shown here, because values of variables may be secrets.";

/// The table `[tasks.NAME.fmt]`.
static SETTINGS: Kind = Kind::new("`[tasks.NAME.fmt]`", &["show_variable_files"]);

/// What the table says.
#[derive(Debug, Clone, Copy, Default)]
struct FmtSettings {
    /// `show_variable_files`: whether lines of `.tfvars` files may be shown; not unless set.
    show_variable_files: bool,
}

/// Exit codes of `terraform fmt`: nothing to do, errors, and (with `-check`) files that differ.
const OK: i32 = 0;
const ERRORS: i32 = 2;
const DIFFERENT: i32 = 3;

/// Why the check could not be made. The texts are plain sentences for people, without paths of this machine.
#[derive(Debug, thiserror::Error)]
enum FmtError {
    #[error("the directory to check cannot be read")]
    Directory(#[source] io::Error),
    #[error("the files to check could not be copied to a private directory")]
    Copy(#[source] io::Error),
    #[error("the formatted files could not be compared")]
    Compare(#[source] io::Error),
    #[error("the work was interrupted")]
    Interrupted(#[from] JoinError),
    #[error(transparent)]
    Terraform(#[from] TerraformError),
    #[error("terraform ended with exit code {0}, which `terraform fmt` does not use")]
    ExitCode(i32),
    #[error("terraform reported a problem that belongs to no file")]
    NoFile,
    #[error("terraform objected to the files, but not to a copy of them")]
    Disagreement,
}

/// The check `fmt`: is every Terraform file below the configuration's directory as `terraform fmt` would write it?
#[derive(Debug)]
pub struct Fmt {
    /// The terraform to run, or a sentence that says why there is none.
    terraform: Result<Terraform, String>,
    settings: FmtSettings,
}

impl Check for Fmt {
    const NAME: &'static str = "fmt";
    const NEEDS: Needs = Needs { configuration: Some(may_be_formatted), plan: false };
    const SETTINGS: Option<SettingsEntry> = Some(SettingsEntry {
        kinds: &[&SETTINGS],
        required: None,
        read: ReadSettings::Table(|table, _today, notes| {
            let show_variable_files = table.boolean("show_variable_files", notes).unwrap_or_default();
            CheckSettings::new(FmtSettings { show_variable_files })
        }),
    });

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        let settings = loading.of_task.and_then(|it| it.get::<FmtSettings>()).copied().unwrap_or_default();
        Ok(Self { terraform: Terraform::from_settings(loading.settings), settings })
    }

    fn obstacle(&self) -> Option<String> {
        self.terraform.as_ref().err().cloned()
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        match &self.terraform {
            Ok(terraform) => check(terraform, given.configuration, self.settings).await,
            Err(reason) => CheckReport::unavailable(CHECK, reason),
        }
    }
}

/// Whether a file of a configuration may be one that this check reads. Below the working directory, hidden directories do
/// not count; but the working directory itself may be hidden, so here only the file's own name does.
fn may_be_formatted(path: &Path) -> bool {
    path.file_name().is_some_and(|name| is_formatted_file(Path::new(name)))
}

async fn check(terraform: &Terraform, directory: &Path, settings: FmtSettings) -> CheckReport {
    match judge(terraform, directory, settings).await {
        Ok(report) => report,
        Err(error) => {
            let cause = error.source().map(ToString::to_string);
            warn!(
                event = event::CHECK_UNAVAILABLE,
                check = CHECK,
                cause,
                "check {CHECK} could not run: {error}"
            );
            CheckReport::unavailable(CHECK, &error.to_string())
        }
    }
}

async fn judge(
    terraform: &Terraform,
    directory: &Path,
    settings: FmtSettings,
) -> Result<CheckReport, FmtError> {
    let deadline = terraform.deadline();
    let root = directory.to_path_buf();
    let files = spawn_blocking({
        let root = root.clone();
        move || walk(&root)
    });
    let files = files.await?.map_err(FmtError::Directory)?;
    let total = files.readable.len() + files.unreadable.len();
    if total == 0 {
        return Ok(no_files());
    }
    // Where something is in the way the verdict is clear, and terraform might wait for it forever (a named pipe).
    if files.unreadable.is_empty() {
        let arguments = ["fmt", "-check", "-recursive", "-list=false", "-no-color", "."];
        match terraform.run(&arguments, directory, deadline).await?.code {
            OK => return Ok(CheckReport::new(CHECK, PASSED, Vec::new())),
            DIFFERENT | ERRORS => {}
            code => return Err(FmtError::ExitCode(code)),
        }
    }

    let copies = spawn_blocking({
        let root = root.clone();
        move || Copies::of(files, &root)
    });
    let copies = copies.await?.map_err(FmtError::Copy)?;
    let arguments = ["fmt", "-recursive", "-list=false", "-write=true", "-no-color", "."];
    let finished = terraform.run(&arguments, copies.path(), deadline).await?;
    let broken = match finished.code {
        OK => BTreeMap::new(),
        ERRORS => by_file(output::diagnostics(&finished.stderr), &copies)?,
        code => return Err(FmtError::ExitCode(code)),
    };
    let findings = spawn_blocking(move || findings(&root, &copies, &broken, settings));
    let findings = findings.await?.map_err(FmtError::Compare)?;
    if findings.is_empty() {
        return Err(FmtError::Disagreement);
    }
    Ok(CheckReport::new(CHECK, headline(total, &findings), findings))
}

/// Sorts terraform's errors by the copy that they are about.
fn by_file(errors: Vec<Diagnostic>, copies: &Copies) -> Result<BTreeMap<usize, Vec<Diagnostic>>, FmtError> {
    let numbers: BTreeMap<&str, usize> =
        copies.files.iter().enumerate().map(|(number, copy)| (&*copy.name, number)).collect();
    let mut sorted: BTreeMap<usize, Vec<Diagnostic>> = BTreeMap::new();
    for error in errors {
        // One without a file is not about a configuration: terraform could not read or write its files.
        let number = error.place.as_ref().and_then(|it| numbers.get(&*it.file)).ok_or(FmtError::NoFile)?;
        sorted.entry(*number).or_default().push(error);
    }
    if sorted.is_empty() { Err(FmtError::NoFile) } else { Ok(sorted) }
}

/// What is wrong: first what keeps a file from being judged, then the files that terraform would change.
fn findings(
    root: &Path,
    copies: &Copies,
    broken: &BTreeMap<usize, Vec<Diagnostic>>,
    settings: FmtSettings,
) -> io::Result<Vec<Finding>> {
    let mut found: Vec<_> = copies.unreadable.iter().map(unreadable).collect();
    let mut unformatted = Vec::new();
    let mut budget = Budget::new();
    for (number, copy) in copies.files.iter().enumerate() {
        let is_shown = settings.show_variable_files || !holds_values(&copy.original);
        if let Some(errors) = broken.get(&number) {
            found.push(unparsable(&copy.original, errors, is_shown));
            continue;
        }
        let (original, formatted) = (root.join(&copy.original), copies.path().join(&copy.name));
        if let Some(difference) = budget.compare(&original, &formatted, &shown_path(&copy.original))? {
            unformatted.push(finding(
                Code::UNFORMATTED_FILE,
                &copy.original,
                difference.line,
                "is not formatted",
                match is_shown {
                    true => format!("{HOW_TO_FIX}\n\n{}", difference.markdown),
                    false => format!("{HOW_TO_FIX}\n\n{NOT_SHOWN}\n"),
                },
            ));
        }
    }
    found.append(&mut unformatted);
    Ok(found)
}

fn finding(code: Code, path: &Path, line: Option<u32>, what: &str, body: String) -> Finding {
    let summary = format!("{} {what}", shown_path(path));
    Finding::new(code, Level::Error, summary)
        .body(body)
        .subject(Subject::File { path: path.to_path_buf(), line })
}

fn unreadable(file: &Unreadable) -> Finding {
    let what = format!("cannot be read: {}", file.reason);
    finding(Code::UNREADABLE_FILE, &file.path, None, &what, String::new())
}

/// Whether a file holds values of variables, and not code.
fn holds_values(path: &Path) -> bool {
    let name = path.file_name().map(|it| it.as_encoded_bytes().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(b".tfvars")
}

/// All of terraform's words about one file are one finding. They quote its lines.
fn unparsable(path: &Path, errors: &[Diagnostic], is_shown: bool) -> Finding {
    let first = errors.first();
    let line = first.and_then(|it| it.place.as_ref()).map(|it| it.line);
    if !is_shown {
        return finding(Code::UNPARSABLE_FILE, path, line, "cannot be parsed", format!("{NOT_SHOWN}\n"));
    }
    let what = match first {
        Some(first) => format!("cannot be parsed: {}", printable(&first.summary)),
        None => "cannot be parsed".to_owned(),
    };
    let words = errors.iter().take(ERRORS_SHOWN).map(|it| printable_lines(&it.text(&shown_path(path))));
    let mut words: Vec<_> = words.collect();
    let more = errors.len() - words.len();
    if more > 0 {
        words.push(format!("… and {more} more errors\n"));
    }
    finding(Code::UNPARSABLE_FILE, path, line, &what, fenced("text", &words.join("\n")))
}

/// Such as `1 of 14 files cannot be parsed: bad.tf; 2 need formatting: main.tf, modules/net/vpc.tf`.
fn headline(total: usize, findings: &[Finding]) -> String {
    let mut clauses: Vec<String> = Vec::new();
    for (code, one, many) in [
        (Code::UNREADABLE_FILE, "cannot be read", "cannot be read"),
        (Code::UNPARSABLE_FILE, "cannot be parsed", "cannot be parsed"),
        (Code::UNFORMATTED_FILE, "needs formatting", "need formatting"),
    ] {
        let mut names: Vec<String> =
            findings.iter().filter(|it| it.code == code).filter_map(name_of).collect();
        let count = names.len();
        if count == 0 {
            continue;
        }
        names.truncate(NAMES_SHOWN);
        let more = count - names.len();
        let names = names.join(", ");
        let names = if more > 0 { format!("{names}, … and {more} more") } else { names };
        let predicate = if count == 1 { one } else { many };
        let files = if total == 1 { "file" } else { "files" };
        clauses.push(match clauses.is_empty() {
            true => format!("{count} of {total} {files} {predicate}: {names}"),
            false => format!("{count} {predicate}: {names}"),
        });
    }
    clauses.join("; ")
}

fn name_of(finding: &Finding) -> Option<String> {
    match &finding.subject {
        Some(Subject::File { path, .. }) => Some(shown_path(path)),
        _ => None,
    }
}

fn no_files() -> CheckReport {
    let summary = "No Terraform files were found in the directory";
    CheckReport::new(CHECK, PASSED, vec![Finding::new(Code::NO_FILES, Level::Info, summary)])
}

#[cfg(test)]
mod tests;
