//! Judges files of SARIF that somebody else has had a tool write.

use crate::findings::{Judging, judge};
use crate::sarif::{Reading, read_sarif};
use crate::scanner::Scanner;
use runtask_checks::Check;
use runtask_findings::{CheckReport, Code, Finding, Level, printable};

/// What files come to, each with its name for people. One that cannot be read is a check that could not run.
#[must_use]
pub fn judge_files(files: &[(String, Vec<u8>)], reading: Reading<'_>) -> CheckReport {
    let mut headlines = Vec::new();
    let mut findings = Vec::new();
    let redact = |it: &str| it.to_owned();
    for (name, bytes) in files {
        match read_sarif(bytes, reading) {
            Ok(scan) => {
                let scanner = scan.tool.as_deref().map_or_else(|| name.clone(), printable);
                let judged = judge(&scan, &Judging { scanner: &scanner, skip: &[], redact: &redact });
                headlines.push(judged.headline);
                findings.extend(judged.findings);
            }
            Err(error) => {
                let headline = printable(&format!("{name}: the scanner {error}"));
                findings.push(Finding::new(Code::CHECK_UNAVAILABLE, Level::Error, headline.clone()));
                headlines.push(headline);
            }
        }
    }
    findings.sort_by_key(|it| it.level);
    CheckReport::new(Scanner::NAME, headlines.join("; "), findings)
}
