//! Renders as a report of code quality, which GitLab shows in a merge request.

use crate::sarif::identity;
use crate::standing::Standing;
use runtask_findings::{CheckReport, Finding, Severity, Subject, Verdict, printable};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The file in which a finding without a file is said to be: GitLab takes no entry without one.
const NO_FILE: &str = "terraform-run";

/// The reports as GitLab's report of code quality: one entry for each finding.
///
/// - `description` is the summary, `check_name` the code.
/// - `location` is the file and line, with line 1 where none is known; of a resource, which is in no file, it is
///   `terraform-run`, and the description names the address.
/// - `severity` is `critical`, `major`, `minor` or `info`: that of the finding, or else what it means for the verdict.
/// - `fingerprint` is of code and subject, not of lines or texts: a finding that moves is still the same.
///
/// Source: GitLab, "Code Quality", "Code Quality report format".
#[must_use]
pub fn gitlab(reports: &[CheckReport], verdict: Verdict) -> Value {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let entries = reports.iter().flat_map(|it| &it.findings).map(|finding| {
        let identity = identity(finding);
        let number = seen.entry(identity.clone()).and_modify(|it| *it += 1).or_insert(1);
        entry(finding, verdict, &format!("{identity}:{number}"))
    });
    entries.collect()
}

fn entry(finding: &Finding, verdict: Verdict, fingerprint: &str) -> Value {
    let mut description = printable(&finding.summary);
    let (path, line) = match &finding.subject {
        Some(Subject::File { path, line }) => (printable(&path.to_string_lossy()), *line),
        Some(Subject::Resource { address }) => {
            let address = printable(address);
            if !description.contains(&address) {
                description = format!("{description}: {address}");
            }
            (NO_FILE.to_owned(), None)
        }
        None => (NO_FILE.to_owned(), None),
    };
    json!({
        "description": description,
        "check_name": printable(finding.code.as_str()),
        "fingerprint": fingerprint,
        "severity": severity(finding, verdict),
        "location": { "path": path, "lines": { "begin": line.unwrap_or(1).max(1) } },
    })
}

/// GitLab's words. `blocker` is none of ours.
fn severity(finding: &Finding, verdict: Verdict) -> &'static str {
    match (finding.severity, Standing::of(finding, verdict)) {
        (Some(Severity::Critical), _) => "critical",
        (Some(Severity::High), _) | (None, Standing::Failed | Standing::NotChecked) => "major",
        (Some(Severity::Medium | Severity::Low), _) | (None, Standing::Excused | Standing::Warning) => {
            "minor"
        }
        (None, Standing::Info) => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, format, hostile, policy};
    use std::collections::HashSet;

    #[test]
    fn findings_are_entries_at_files_and_lines() {
        let mut report = policy();
        report.findings.truncate(1);
        let report = gitlab(&[format(), report], Verdict::Failed);
        insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
    }

    #[test]
    fn each_entry_has_a_fingerprint_of_its_own_and_what_gitlab_asks_for() {
        let reports = [policy(), policy(), hostile(HOSTILE)];
        let Value::Array(entries) = gitlab(&reports, Verdict::Failed) else { panic!("no list") };
        let prints: HashSet<_> = entries.iter().map(|it| it["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(prints.len(), reports.iter().map(|it| it.findings.len()).sum::<usize>());
        for entry in &entries {
            assert!(["info", "minor", "major", "critical"].contains(&entry["severity"].as_str().unwrap()));
            assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() > 0, "{entry}");
            assert!(!entry["location"]["path"].as_str().unwrap().is_empty(), "{entry}");
        }
    }
}
