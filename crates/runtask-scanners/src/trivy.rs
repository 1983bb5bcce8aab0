//! Reads trivy's own JSON: of a plan, its SARIF names places in files that do not exist.
//!
//! Source: trivy, `pkg/types/report.go`, `pkg/types/misconfiguration.go`, and what trivy 0.59 prints. The code that is in
//! the output is not read: it holds values.

use crate::collect::Collector;
use crate::grade::{Thresholds, severity_of_word};
use crate::lenient::{List, Object, Text, Whole, each, object};
use crate::scan::{Issue, MAX_TEXT, ReadError, Scan};
use crate::words;
use runtask_findings::{Level, counted, shortened};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Report<'a> {
    schema_version: Whole,
    #[serde(borrow)]
    results: Option<List<Object<Target<'a>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Target<'a> {
    #[serde(borrow)]
    misconfigurations: Option<&'a RawValue>,
    misconf_summary: Object<Summary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Summary {
    successes: Whole,
    failures: Whole,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Misconfiguration<'a> {
    #[serde(borrow, rename = "AVDID")]
    avd_id: Text<'a>,
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    message: Text<'a>,
    #[serde(borrow)]
    resolution: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow, rename = "PrimaryURL")]
    primary_url: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    cause_metadata: Object<Cause<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Cause<'a> {
    #[serde(borrow)]
    resource: Text<'a>,
}

/// Reads an output.
///
/// # Errors
///
/// When nothing has been checked, as far as the output says.
pub(crate) fn read(bytes: &[u8], thresholds: Thresholds) -> Result<Scan, ReadError> {
    let text = words::json(bytes)?;
    let report = serde_json::from_str::<Object<Report<'_>>>(text).map_err(|error| words::not_json(&error))?;
    let report = report.0.filter(|it| it.schema_version.0 == Some(2));
    let report = report.ok_or(ReadError::Other { format: "trivy's", why: "its schema is not version 2" })?;
    // Where it looked at something, there is a result that says how much.
    let targets = report.results.map(|it| it.0).filter(|it| !it.is_empty());
    let targets = targets.ok_or_else(|| ReadError::ByItself("it looked at nothing".to_owned()))?;
    let mut collector = Collector::new();
    let mut asked = 0_usize;
    for target in targets.iter().filter_map(Object::get) {
        let summary = target.misconf_summary.get();
        let numbers = summary.map_or([None; 2], |it| [it.successes.0, it.failures.0]);
        asked += numbers.into_iter().flatten().filter_map(|it| usize::try_from(it).ok()).sum::<usize>();
        let Some(list) = target.misconfigurations else { continue };
        each(list, |raw| {
            let found = object::<Misconfiguration<'_>>(raw);
            if found.as_ref().is_some_and(|it| matches!(it.status.get(), Some("PASS" | "EXCEPTION"))) {
                return;
            }
            let word = found.as_ref().and_then(|it| it.severity.get());
            let grade = thresholds.grade(word.and_then(severity_of_word), None);
            let rule = found.as_ref().map_or(words::UNREADABLE, rule);
            collector.add(grade, rule, None, &found.as_ref().map(message).unwrap_or_default(), raw);
        });
    }
    let (issues, left_out) = collector.finish(issue);
    let looked_at = Some(counted(asked, "check"));
    Ok(Scan { issues, left_out, looked_at, ..Scan::default() })
}

fn issue(raw: &RawValue) -> Issue {
    let Some(found) = object::<Misconfiguration<'_>>(raw) else { return words::unreadable() };
    let rule = rule(&found).to_owned();
    let text = |it: &Text<'_>| it.get().map(|it| shortened(it.trim(), MAX_TEXT));
    let title = words::title([&found.title, &found.description].into_iter().filter_map(&text), &rule);
    let help: Vec<String> = [&found.description, &found.resolution].into_iter().filter_map(text).collect();
    Issue {
        title,
        rule,
        message: message(&found),
        help: help.join("\n\n"),
        link: found.primary_url.get().and_then(words::link),
        subject: None,
        level: Level::Info,
        severity: None,
        count: 1,
    }
}

fn rule<'m>(found: &'m Misconfiguration<'_>) -> &'m str {
    found.avd_id.get().or(found.id.get()).unwrap_or_default()
}

/// What it says, and the name that it has for the resource: of one in a module, that is none that Terraform knows.
fn message(found: &Misconfiguration<'_>) -> String {
    let message = shortened(found.message.get().unwrap_or_default(), MAX_TEXT);
    match found.cause_metadata.get().and_then(|it| it.resource.get()).filter(|it| words::is_address(it)) {
        Some(resource) => format!("{message}\nTrivy's name for it: {resource}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_misconfiguration_is_told_with_trivys_name_for_the_resource() {
        let plan = include_str!("../tests/fixtures/trivy/plan.json");
        let scan = read(plan.as_bytes(), Thresholds::default()).unwrap();
        let lines: Vec<String> = scan
            .issues
            .iter()
            .map(|it| format!("{} {} {} | {}", it.level.as_str(), it.rule, it.title, it.message))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        warning AVD-AWS-0089 S3 Bucket Logging | Bucket has logging disabled
        Trivy's name for it: aws_s3_bucket.logs
        warning AVD-AWS-0094 S3 buckets should each define an aws_s3_bucket_public_access_block | Bucket does not have a corresponding public access block.
        Trivy's name for it: aws_s3_bucket.logs
        warning AVD-AWS-0133 Enable Performance Insights to detect potential problems | Instance does not have performance insights enabled.
        Trivy's name for it: aws_db_instance.main
        "#);
        assert_eq!(scan.looked_at.as_deref(), Some("13 checks"));
        let directory = include_str!("../tests/fixtures/trivy/directory.json");
        let scan = read(directory.as_bytes(), Thresholds::default()).unwrap();
        assert_eq!(scan.issues.iter().map(|it| it.count).sum::<usize>(), 4);
    }
}
