//! Renders for the log of a GitHub Actions job, as annotations on a pull request.
//!
//! Bodies are left out: an annotation is plain text, and short.

use crate::standing::{Standing, summary};
use runtask_findings::{CheckReport, Finding, Subject, Verdict, printable};

/// The reports as workflow commands: `::error …`, `::warning …` and `::notice …`, one for each finding, between lines
/// of plain text for the log.
///
/// A file is named as the check names it: relative to the directory that was checked, which is right where that is the
/// root of the repository. GitHub shows the first ten annotations of each kind for one step, and all of them in its log.
///
/// Source of the commands and their escapes: GitHub, "Workflow commands for GitHub Actions". The runner still obeys an
/// older form as well, `##[…]` anywhere in a line (`actions/runner`, `ActionCommand.cs`), so no stranger's text may
/// have it.
#[must_use]
pub fn github(reports: &[CheckReport], verdict: Verdict) -> String {
    let mut text = String::new();
    for report in reports {
        let headline = plain(&format!("{}: {}", report.check, report.headline));
        text.push_str(&format!("{headline}\n"));
        for finding in &report.findings {
            text.push_str(&format!("{}\n", command(finding, verdict)));
        }
    }
    text.push_str(&format!("{}\n{verdict}\n", summary(reports, verdict)));
    text
}

fn command(finding: &Finding, verdict: Verdict) -> String {
    let name = match Standing::of(finding, verdict) {
        Standing::Failed | Standing::NotChecked => "error",
        Standing::Excused | Standing::Warning => "warning",
        Standing::Info => "notice",
    };
    let mut properties = Vec::new();
    if let Some(Subject::File { path, line }) = &finding.subject {
        properties.push(format!("file={}", property(&path.to_string_lossy())));
        properties.extend(line.map(|it| format!("line={it}")));
    }
    let severity = finding.severity.map(|it| format!(" ({})", it.as_str())).unwrap_or_default();
    properties.push(format!("title={}", property(&format!("{}{severity}", finding.code))));

    let mut lines = vec![finding.summary.clone()];
    if let Some(Subject::Resource { address }) = &finding.subject
        && !finding.summary.contains(address)
    {
        lines.push(address.clone());
    }
    lines.extend(finding.source.as_ref().map(|it| format!("rule at {it}")));
    let lines: Vec<_> = lines.iter().map(|it| data(it)).collect();
    format!("::{name} {}::{}", properties.join(","), lines.join("%0A"))
}

/// One line that is no command.
fn plain(text: &str) -> String {
    printable(text).replace("##[", "##\\[")
}

/// One line of a command's message.
fn data(text: &str) -> String {
    plain(text).replace('%', "%25")
}

/// The value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, any_hostile_text, format, hostile, policy};
    use proptest::prelude::*;

    #[test]
    fn each_finding_is_an_annotation() {
        let reports = [format(), policy(), CheckReport::unavailable("x", "it hangs")];
        insta::assert_snapshot!(github(&reports, Verdict::Failed), @r#"
        fmt: 1 of 2 files needs formatting: net/main.tf
        ::error file=net/main.tf,line=2,title=unformatted-file::net/main.tf is not formatted
        policy: 2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)
        ::error title=public-s3-bucket (high)::Public S3 bucket: module.web.aws_s3_bucket.site["eu"]%0Arule at policies/public_s3_bucket.rego:12
        ::error title=public-s3-bucket (high)::Public S3 bucket: aws_s3_bucket.b%0Arule at policies/public_s3_bucket.rego:12
        ::error title=required-tags::aws_vpc.main has no tag owner%0Arule at policies/required_tags.rego:7
        ::warning title=open-ingress (low)::Open to all: aws_security_group.a%0Arule at builtin:open-ingress:3
        ::notice title=unused-exception::An exception matched nothing
        x: Check x could not run: it hangs
        ::error title=check-unavailable::Check x could not run: it hangs
        4 errors, 1 warning, 1 info, 1 not checked; 4 rules: 2 passed, 2 failed
        failed
        "#);
    }

    #[test]
    fn what_could_not_be_checked_is_a_warning_where_the_task_passed() {
        let text = github(&[CheckReport::unavailable("x", "it hangs")], Verdict::Passed);
        assert!(text.contains("\n::warning title=check-unavailable::"), "{text}");
    }

    #[test]
    fn hostile_text_is_no_command() {
        insta::assert_snapshot!(github(&[hostile(HOSTILE)], Verdict::Failed), @r"
        policy: \u{1b}[31m\u{9b}\r\n::error file=x::y\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http://b) {0} %0A::stop\t
        ::error file=\u{1b}[31m\u{9b}\r\n%3A%3Aerror file=x%3A%3Ay\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http%3A//b) {0} %250A%3A%3Astop\t,line=1,title=rule (critical)::\u{1b}[31m\u{9b}\r\n::error file=x::y\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http://b) {0} %250A::stop\t%0Arule at \u{1b}[31m\u{9b}\r\n::error file=x::y\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http://b) {0} %250A::stop\t:1
        ::warning title=rule (critical)::\u{1b}[31m\u{9b}\r\n::error file=x::y\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http://b) {0} %250A::stop\t%0Arule at \u{1b}[31m\u{9b}\r\n::error file=x::y\n##\[error]z\n</details></summary><script>]]> | `` \u{202e}\0\u{ffff} &amp; @team [a](http://b) {0} %250A::stop\t:1
        1 error, 1 warning; 1 rule: 0 passed, 1 failed
        failed
        ");
    }

    proptest! {
        /// The runner takes a line for a command where it begins with `::` or holds `##[`.
        #[test]
        fn there_are_as_many_commands_as_findings(text in any_hostile_text()) {
            let text = github(&[hostile(&text)], Verdict::Failed);
            prop_assert_eq!(text.lines().count(), 5);
            prop_assert_eq!(text.find("##["), None);
            let commands: Vec<_> = text.lines().filter(|it| it.trim_start().starts_with("::")).collect();
            prop_assert_eq!(commands.len(), 2);
            for (command, properties) in commands.into_iter().zip([3, 1]) {
                let (head, _) = command.strip_prefix("::").unwrap().split_once("::").unwrap();
                let (name, rest) = head.split_once(' ').unwrap();
                prop_assert!(matches!(name, "error" | "warning"));
                prop_assert_eq!(rest.split(',').count(), properties);
                prop_assert!(rest.ends_with("title=rule (critical)"));
            }
            prop_assert!(!text.chars().any(|it| it.is_control() && it != '\n'));
        }
    }
}
