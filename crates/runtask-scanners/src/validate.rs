//! Reads what `terraform validate -json` prints.
//!
//! Source: Terraform, "Command: validate", "JSON Output Format". Snippets are not read: they hold values.

use crate::collect::Collector;
use crate::grade::{Rating, Thresholds};
use crate::lenient::{Flag, Object, Text, Whole, each, object};
use crate::scan::{Issue, MAX_TEXT, ReadError, Scan};
use crate::tree::Tree;
use crate::words;
use runtask_findings::{Level, Subject, shortened};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What terraform tells somebody to do whose directory is not initialized.
const INIT: &str = "terraform init";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Validation<'a> {
    #[serde(borrow)]
    format_version: Text<'a>,
    valid: Flag,
    #[serde(borrow)]
    diagnostics: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Diagnostic<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    summary: Text<'a>,
    #[serde(borrow)]
    detail: Text<'a>,
    #[serde(borrow)]
    range: Object<Range<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Range<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    start: Object<Position>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Position {
    line: Whole,
}

/// Reads an output.
///
/// # Errors
///
/// When nothing has been checked: the directory is not initialized, say.
pub(crate) fn read(bytes: &[u8], thresholds: Thresholds, tree: &Tree) -> Result<Scan, ReadError> {
    let text = words::json(bytes)?;
    let validation =
        serde_json::from_str::<Object<Validation<'_>>>(text).map_err(|error| words::not_json(&error))?;
    let validation = validation.0.filter(|it| it.format_version.get().is_some_and(|it| it.starts_with("1.")));
    let validation = validation.ok_or(other("its format is not version 1"))?;
    let is_valid = validation.valid.0.ok_or(other("it does not say whether the configuration is valid"))?;
    let mut collector = Collector::new();
    let mut trouble = None;
    let mut has_error = false;
    if let Some(list) = validation.diagnostics {
        each(list, |raw| {
            let found = object::<Diagnostic<'_>>(raw);
            let is_warning = found.as_ref().is_some_and(|it| it.severity.get() == Some("warning"));
            has_error |= !is_warning;
            let text =
                found.as_ref().map(|it| [it.summary.get(), it.detail.get()].map(Option::unwrap_or_default));
            let [summary, detail] = text.unwrap_or_default();
            if !is_warning && detail.contains(INIT) {
                trouble.get_or_insert_with(|| shortened(&format!("{summary}. {detail}"), MAX_TEXT));
            }
            let grade =
                thresholds.grade(None, Some(if is_warning { Rating::Warning } else { Rating::Error }));
            let subject = found.as_ref().and_then(|it| subject(it, tree));
            collector.add(grade, summary, subject.as_ref(), detail, raw);
        });
    }
    if let Some(trouble) = trouble {
        return Err(ReadError::ByItself(trouble));
    }
    if !is_valid && !has_error {
        return Err(other("it says that the configuration is not valid, and not why"));
    }
    let (issues, left_out) = collector.finish(|raw| issue(raw, tree));
    Ok(Scan { issues, left_out, ..Scan::default() })
}

fn issue(raw: &RawValue, tree: &Tree) -> Issue {
    let Some(found) = object::<Diagnostic<'_>>(raw) else { return words::unreadable() };
    let rule = shortened(found.summary.get().unwrap_or_default(), MAX_TEXT);
    Issue {
        title: words::title([], &rule),
        rule,
        message: shortened(found.detail.get().unwrap_or_default(), MAX_TEXT),
        help: String::new(),
        link: None,
        subject: subject(&found, tree),
        level: Level::Info,
        severity: None,
        count: 1,
    }
}

fn subject(found: &Diagnostic<'_>, tree: &Tree) -> Option<Subject> {
    let range = found.range.get()?;
    tree.file(range.filename.get()?, range.start.get().and_then(|it| it.line.0))
}

fn other(why: &'static str) -> ReadError {
    ReadError::Other { format: "that of `terraform validate`", why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn each_diagnostic_is_an_issue_at_its_line() {
        let tree = Tree::new(Path::new("/tmp/example/input"), Path::new("/tmp"));
        let text = include_str!("../tests/fixtures/terraform-validate/invalid.json");
        let scan = read(text.as_bytes(), Thresholds::default(), &tree).unwrap();
        let line = |it: &Issue| {
            let place = it.subject.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} {place} {} | {}", it.level.as_str(), it.title, it.message)
        };
        let lines: Vec<String> = scan.issues.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        error main.tf:53 Reference to undeclared resource | A managed resource "aws_vpc" "main" has not been declared in the root module.
        error main.tf:49 Unsupported argument | An argument named "bukket" is not expected here. Did you mean "bucket"?
        warning modules/web/main.tf:25 Argument is deprecated | key is deprecated. Use the aws_s3_object resource instead.
        warning modules/web/main.tf:24 Argument is deprecated | bucket is deprecated. Use the aws_s3_object resource instead.
        warning modules/web/main.tf:23 Deprecated Resource | use the aws_s3_object resource instead
        "#);
        let text = include_str!("../tests/fixtures/terraform-validate/broken.json");
        let scan = read(text.as_bytes(), Thresholds::default(), &tree).unwrap();
        assert_eq!(scan.issues[0].level, Level::Error);
    }
}
