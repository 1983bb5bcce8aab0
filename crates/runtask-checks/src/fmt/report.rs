//! Makes a report of verdicts on files. Whoever has judged them, it is the same.
//!
//! Of files with the values of variables, which may be passwords, no text is shown unless the settings say so.

use super::judged::{Faults, Judged, Verdicts};
use runtask_findings::{
    CheckReport, Code, Finding, Level, Subject, fenced, printable, printable_lines, shown_path,
};
use std::path::Path;
use terraform_fmt::Doubt;

/// The name of the check.
pub(super) const CHECK: &str = "fmt";

const PASSED: &str = "Format check passed";
/// Names in a headline, for each way in which files can be wrong.
const NAMES_SHOWN: usize = 10;
const HOW_TO_FIX: &str = "Run `terraform fmt -recursive` and commit what it changes.";
const NOT_SHOWN: &str = "Nothing of this file is shown here, because values of variables may be secrets.";
const NOT_SURE: &str = "The formatter that is built in does not know for certain what terraform does to this file. \
                        Change what is odd about it, or have terraform judge: `RUNTASK_FMT_ENGINE=terraform`.";

/// The report on these files. `show_variable_files` allows lines of files with values of variables.
pub(super) fn report(verdicts: &Verdicts, show_variable_files: bool) -> CheckReport {
    if verdicts.is_empty() {
        let summary = "No Terraform files were found in the directory";
        return CheckReport::new(CHECK, PASSED, vec![Finding::new(Code::NO_FILES, Level::Info, summary)]);
    }
    let findings = findings(verdicts, show_variable_files);
    if findings.is_empty() {
        return CheckReport::new(CHECK, PASSED, Vec::new());
    }
    CheckReport::new(CHECK, headline(verdicts.len(), &findings), findings)
}

/// What is wrong: first what keeps a file from being judged, then the files that terraform would change.
fn findings(verdicts: &Verdicts, show_variable_files: bool) -> Vec<Finding> {
    let (mut unreadable, mut not_sure, mut unparsable, mut unformatted) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (path, judged) in verdicts {
        let is_shown = show_variable_files || !holds_values(path);
        match judged {
            Judged::Formatted => {}
            Judged::Unreadable(reason) => {
                let what = format!("cannot be read: {reason}");
                unreadable.push(finding(Code::UNREADABLE_FILE, path, None, &what, String::new()));
            }
            Judged::NotSure(doubt) => not_sure.push(of_doubt(path, *doubt)),
            Judged::Unparsable(faults) => unparsable.push(of_faults(path, faults, is_shown)),
            Judged::Unformatted(difference) => {
                let body = match is_shown {
                    true => format!("{HOW_TO_FIX}\n\n{}", difference.markdown(&shown_path(path))),
                    false => format!("{HOW_TO_FIX}\n\n{NOT_SHOWN}\n"),
                };
                let line = Some(difference.line);
                unformatted.push(finding(Code::UNFORMATTED_FILE, path, line, "is not formatted", body));
            }
        }
    }
    [unreadable, not_sure, unparsable, unformatted].into_iter().flatten().collect()
}

fn finding(code: Code, path: &Path, line: Option<u32>, what: &str, body: String) -> Finding {
    let summary = format!("{} {what}", shown_path(path));
    Finding::new(code, Level::Error, summary)
        .body(body)
        .subject(Subject::File { path: path.to_path_buf(), line })
}

/// Whether a file holds values of variables, and not code.
fn holds_values(path: &Path) -> bool {
    let name = path.file_name().map(|it| it.as_encoded_bytes().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(b".tfvars")
}

fn of_doubt(path: &Path, doubt: Doubt) -> Finding {
    let what = format!("cannot be judged without terraform: {}", doubt.reason);
    let line = u32::try_from(doubt.line).ok();
    finding(Code::CHECK_UNAVAILABLE, path, line, &what, format!("{NOT_SURE}\n"))
}

/// All errors of one file are one finding. They quote its lines.
fn of_faults(path: &Path, faults: &Faults, is_shown: bool) -> Finding {
    let line = faults.first.first().map(|it| it.line);
    if !is_shown {
        return finding(Code::UNPARSABLE_FILE, path, line, "cannot be parsed", format!("{NOT_SHOWN}\n"));
    }
    let what = match faults.first.first() {
        Some(first) => format!("cannot be parsed: {}", printable(&first.summary)),
        None => "cannot be parsed".to_owned(),
    };
    let words = printable_lines(&faults.text(&shown_path(path)));
    finding(Code::UNPARSABLE_FILE, path, line, &what, fenced("text", &words))
}

/// Such as `1 of 14 files cannot be parsed: bad.tf; 2 need formatting: main.tf, modules/net/vpc.tf`.
fn headline(total: usize, findings: &[Finding]) -> String {
    let mut clauses: Vec<String> = Vec::new();
    for (code, one, many) in [
        (Code::UNREADABLE_FILE, "cannot be read", "cannot be read"),
        (Code::CHECK_UNAVAILABLE, "cannot be judged without terraform", "cannot be judged without terraform"),
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
    let clauses = clauses.join("; ");
    match findings.iter().all(|it| it.code == Code::CHECK_UNAVAILABLE) {
        true => format!("Check {CHECK} could not run: {clauses}"),
        false => clauses,
    }
}

fn name_of(finding: &Finding) -> Option<String> {
    match &finding.subject {
        Some(Subject::File { path, .. }) => Some(shown_path(path)),
        _ => None,
    }
}
