//! Reads checkov's own JSON, which says of a plan what its SARIF does not: which resource is meant, how much was looked at,
//! and what could not be parsed.
//!
//! Source: checkov, `checkov/common/output/report.py`, and what checkov 3.3 prints. Neither code nor resources that are in
//! the output are read: they hold values.

use crate::collect::Collector;
use crate::grade::{Thresholds, severity_of_word};
use crate::lenient::{First, Object, Text, Whole, each, object};
use crate::scan::{Issue, ReadError, Scan};
use crate::tree::Tree;
use crate::words;
use runtask_findings::{Level, Subject, counted};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What one framework of it says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    results: Object<Results<'a>>,
    summary: Object<Summary>,
    /// The summary stands here where there was nothing to check.
    parsing_errors: Whole,
    resource_count: Whole,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Results<'a> {
    #[serde(borrow)]
    failed_checks: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Summary {
    skipped: Whole,
    parsing_errors: Whole,
    resource_count: Whole,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Failed<'a> {
    #[serde(borrow)]
    check_id: Text<'a>,
    #[serde(borrow)]
    check_name: Text<'a>,
    #[serde(borrow)]
    resource_address: Text<'a>,
    #[serde(borrow)]
    file_path: Text<'a>,
    file_line_range: First<Whole>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    guideline: Text<'a>,
}

/// Reads an output.
///
/// # Errors
///
/// When nothing has been checked, or not all of it, as far as the output says.
pub(crate) fn read(bytes: &[u8], thresholds: Thresholds, tree: &Tree) -> Result<Scan, ReadError> {
    let text = words::json(bytes)?;
    let document: &RawValue = serde_json::from_str(text).map_err(|error| words::not_json(&error))?;
    let mut reports: Vec<Option<Report<'_>>> = Vec::new();
    // Of several frameworks, a list.
    if !each(document, |it| reports.push(object(it))) {
        reports.push(object(document));
    }
    let mut collector = Collector::new();
    let (mut resources, mut suppressed_count) = (0, 0);
    for report in reports {
        let report = report.ok_or(other("it is no object"))?;
        let summary = report.summary.0.unwrap_or(Summary {
            skipped: Whole(None),
            parsing_errors: report.parsing_errors,
            resource_count: report.resource_count,
        });
        match (summary.parsing_errors.0, summary.resource_count.0) {
            (Some(0), Some(number)) => resources += number,
            (Some(number), _) => {
                let files = counted(usize::try_from(number).unwrap_or(usize::MAX), "file");
                return Err(ReadError::ByItself(format!("it says that it cannot parse {files}")));
            }
            _ => return Err(other("it has no summary")),
        }
        suppressed_count += summary.skipped.0.unwrap_or_default();
        let failed = report.results.0.and_then(|it| it.failed_checks);
        // Where there is nothing to check, there is no list.
        let is_list = failed.is_none_or(|list| {
            each(list, |raw| {
                let failed = object::<Failed<'_>>(raw);
                let word = failed.as_ref().and_then(|it| it.severity.get());
                let grade = thresholds.grade(word.and_then(severity_of_word), None);
                let subject = failed.as_ref().and_then(|it| subject(it, tree));
                let rule =
                    failed.as_ref().map_or(words::UNREADABLE, |it| it.check_id.get().unwrap_or_default());
                collector.add(grade, rule, subject.as_ref(), "", raw);
            })
        });
        if !is_list {
            return Err(other("it has no list of failed checks"));
        }
    }
    let (issues, left_out) = collector.finish(|raw| issue(raw, tree));
    Ok(Scan {
        tool: None,
        issues,
        left_out,
        suppressed: Vec::new(),
        suppressed_count: usize::try_from(suppressed_count).unwrap_or(usize::MAX),
        looked_at: Some(counted(usize::try_from(resources).unwrap_or(usize::MAX), "resource")),
    })
}

fn issue(raw: &RawValue, tree: &Tree) -> Issue {
    let Some(failed) = object::<Failed<'_>>(raw) else { return words::unreadable() };
    let rule = failed.check_id.get().unwrap_or_default().to_owned();
    let title = words::title(failed.check_name.get().map(str::to_owned), &rule);
    Issue {
        title,
        rule,
        message: String::new(),
        help: String::new(),
        link: failed.guideline.get().and_then(words::link),
        subject: subject(&failed, tree),
        level: Level::Info,
        severity: None,
        count: 1,
    }
}

/// The resource, or else the file: its paths begin at the directory, and with a slash.
fn subject(failed: &Failed<'_>, tree: &Tree) -> Option<Subject> {
    if let Some(address) = failed.resource_address.get().filter(|it| words::is_address(it)) {
        return Some(Subject::Resource { address: address.to_owned() });
    }
    let line = failed.file_line_range.0.as_ref().and_then(|it| it.0);
    tree.file(failed.file_path.get()?.trim_start_matches('/'), line)
}

fn other(why: &'static str) -> ReadError {
    ReadError::Other { format: "checkov's", why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_findings::Severity;
    use std::path::Path;

    fn read_text(text: &str) -> Result<Scan, ReadError> {
        let tree = Tree::new(Path::new("/tmp/example/input"), Path::new("/tmp/example"));
        read(text.as_bytes(), Thresholds::default(), &tree)
    }

    #[test]
    fn a_plan_has_its_resources_and_a_directory_its_files() {
        let scan = read_text(include_str!("../tests/fixtures/checkov/plan.json")).unwrap();
        let mut places: Vec<String> =
            scan.issues.iter().map(|it| it.subject.as_ref().unwrap().to_string()).collect();
        places.dedup();
        assert_eq!(scan.looked_at.as_deref(), Some("6 resources"));
        assert_eq!(scan.issues.len(), 7);
        assert!(places.contains(&"aws_db_instance.main[\"a\\\"b\"]".to_owned()), "{places:?}");
        assert!(places.contains(&"module.web.aws_instance.web".to_owned()), "{places:?}");
        let scan = read_text(include_str!("../tests/fixtures/checkov/directory.json")).unwrap();
        let place = scan.issues[0].subject.as_ref().unwrap().to_string();
        assert_eq!((place.as_str(), scan.issues[0].count, scan.suppressed_count), ("main.tf:36", 2, 1));
    }

    #[test]
    fn several_frameworks_are_a_list_and_an_odd_one_is_an_error() {
        let report = |check: &str| {
            format!(
                r#"{{"results": {{"failed_checks": [{check}]}}, "summary": {{"parsing_errors": 0, "resource_count": 2}}}}"#
            )
        };
        let graded = report(r#"{"check_id": "A", "severity": "LOW"}, 7"#);
        let scan = read_text(&format!("[{graded}, {}]", report(r#"{"check_id": "B"}"#))).unwrap();
        let seen: Vec<_> = scan.issues.iter().map(|it| (&*it.rule, it.severity)).collect();
        let high = Some(Severity::High);
        assert_eq!(seen, [(words::UNREADABLE, high), ("B", high), ("A", Some(Severity::Low))]);
        assert_eq!(scan.looked_at.as_deref(), Some("4 resources"));
        let error = read_text(&format!("[{graded}, 7]")).unwrap_err();
        assert_eq!(error.to_string(), "wrote JSON that is not checkov's: it is no object");
        let error = read_text(
            r#"{"summary": {"parsing_errors": 0, "resource_count": 0}, "results": {"failed_checks": 7}}"#,
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "wrote JSON that is not checkov's: it has no list of failed checks"
        );
    }
}
