//! Renders for a person at a terminal.

use crate::plain::{Kind, lines};
use crate::standing::{Standing, summary};
use runtask_findings::{CheckReport, Finding, Verdict, printable};
use std::collections::HashSet;

/// The text that `runtask check` prints: each check with its findings, then the verdict.
///
/// Advice is shown once for each rule. A finding's body is Markdown; its code blocks are shown without their fences, a `diff` block in red and green, and
/// its tables aligned. Where rules were asked, the line before the verdict counts them. Without `colour` the text holds
/// no escape sequence at all, with it only those made here.
#[must_use]
pub fn terminal(reports: &[CheckReport], verdict: Verdict, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = String::new();
    for report in reports {
        let headline = format!("{}: {}", printable(report.check), printable(&report.headline));
        text.push_str(&format!("{}\n\n", paint.with(BOLD, &headline)));
        let mut advised = HashSet::new();
        for finding in &report.findings {
            text.push_str(&render(finding, verdict, paint));
            // Once for each rule: nobody reads it twice.
            if !finding.advice.is_empty() && advised.insert(&finding.code) {
                text.push_str(&markdown(&finding.advice, paint));
                text.push('\n');
            }
        }
    }
    if reports.iter().any(|it| !it.rules.is_empty()) {
        text.push_str(&format!("{}\n", summary(reports, verdict)));
    }
    let style = if verdict == Verdict::Passed { GREEN } else { RED };
    text.push_str(&format!("{}\n", paint.with(style, verdict.as_str())));
    text
}

const PLAIN: &str = "";
const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const CYAN: &str = "36";

/// Whether to colour.
#[derive(Debug, Clone, Copy)]
struct Paint(bool);

impl Paint {
    /// `text`, which must be printable, in the style of this SGR code.
    fn with(self, style: &str, text: &str) -> String {
        if self.0 && style != PLAIN { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn render(finding: &Finding, verdict: Verdict, paint: Paint) -> String {
    let style = match Standing::of(finding, verdict) {
        Standing::Failed | Standing::NotChecked => RED,
        Standing::Excused | Standing::Warning => YELLOW,
        Standing::Info => BLUE,
    };
    let kind = format!("{}[{}]", finding.level.as_str(), printable(finding.code.as_str()));
    let mut text = format!("{}: {}\n", paint.with(style, &kind), printable(&finding.summary));
    if let Some(subject) = &finding.subject {
        text.push_str(&format!("  --> {subject}\n"));
    }
    let severity = finding.severity.map(|it| format!("severity {}", it.as_str()));
    let rule = finding.source.as_ref().map(|it| format!("rule at {it}"));
    let notes: Vec<_> = severity.into_iter().chain(rule).collect();
    if !notes.is_empty() {
        text.push_str(&format!("  ::: {}\n", notes.join(", ")));
    }
    let body = markdown(&finding.body, paint);
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&body);
    }
    text.push('\n');
    text
}

/// Markdown, indented.
fn markdown(markdown: &str, paint: Paint) -> String {
    let mut text = String::new();
    for line in lines(markdown) {
        let style = match line.kind {
            Kind::Text => PLAIN,
            Kind::Head | Kind::DiffFile => BOLD,
            Kind::DiffPlace => CYAN,
            Kind::DiffAdded => GREEN,
            Kind::DiffRemoved => RED,
        };
        let indent = if line.text.is_empty() { "" } else { "  " };
        text.push_str(&format!("{indent}{}\n", paint.with(style, &line.text)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_hostile_text, hostile, policy};
    use proptest::prelude::*;
    use runtask_findings::{Code, Level, Subject};

    fn report(summary: &str, body: &str) -> CheckReport {
        let finding = Finding::new(Code::UNFORMATTED_FILE, Level::Error, summary)
            .body(body)
            .subject(Subject::File { path: "net/main.tf".into(), line: Some(2) });
        CheckReport::new("fmt", "1 of 2 files needs formatting", vec![finding])
    }

    #[test]
    fn a_finding_is_shown_with_its_place_and_diff() {
        insta::assert_snapshot!(terminal(&[crate::sample::format()], Verdict::Failed, false), @r#"
        fmt: 1 of 2 files needs formatting: net/main.tf

        error[unformatted-file]: net/main.tf is not formatted
          --> net/main.tf:2

          Run `terraform fmt`.

          --- a/net/main.tf
          +++ b/net/main.tf
          @@ -1,2 +1,2 @@
           a = 1
          -b   = "```"
          +b = "```"

        failed
        "#);
    }

    #[test]
    fn colours_are_those_of_a_diff() {
        let text = terminal(&[crate::sample::format()], Verdict::Failed, true).replace('\u{1b}', "␛");
        insta::assert_snapshot!(text, @r#"
        ␛[1mfmt: 1 of 2 files needs formatting: net/main.tf␛[0m

        ␛[31merror[unformatted-file]␛[0m: net/main.tf is not formatted
          --> net/main.tf:2

          Run `terraform fmt`.

          ␛[1m--- a/net/main.tf␛[0m
          ␛[1m+++ b/net/main.tf␛[0m
          ␛[36m@@ -1,2 +1,2 @@␛[0m
           a = 1
          ␛[31m-b   = "```"␛[0m
          ␛[32m+b = "```"␛[0m

        ␛[31mfailed␛[0m
        "#);
    }

    #[test]
    fn a_check_without_findings_is_its_headline() {
        let passed = CheckReport::new("fmt", "Format check passed", vec![]);
        assert_eq!(terminal(&[passed], Verdict::Passed, false), "fmt: Format check passed\n\npassed\n");
    }

    #[test]
    fn a_rules_findings_are_shown_with_its_place_and_counted() {
        insta::assert_snapshot!(terminal(&[policy()], Verdict::Failed, false), @r#"
        policy: 2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)

        error[public-s3-bucket]: Public S3 bucket: module.web.aws_s3_bucket.site["eu"]
          --> module.web.aws_s3_bucket.site["eu"]
          ::: severity high, rule at policies/public_s3_bucket.rego:12

          module.web.aws_s3_bucket.site["eu"] is public.

          Attribute         Before   After
          ----------------  -------  -------------------
          acl               private  public-read|x
          policy.Statement           (known after apply)

          Fix: set `acl` to `private`.

        error[public-s3-bucket]: Public S3 bucket: aws_s3_bucket.b
          --> aws_s3_bucket.b
          ::: severity high, rule at policies/public_s3_bucket.rego:12

        error[required-tags]: aws_vpc.main has no tag owner
          --> aws_vpc.main
          ::: rule at policies/required_tags.rego:7

        warning[open-ingress]: Open to all: aws_security_group.a
          --> aws_security_group.a
          ::: severity low, rule at builtin:open-ingress:3

        info[unused-exception]: An exception matched nothing

        3 errors, 1 warning, 1 info; 4 rules: 2 passed, 2 failed
        failed
        "#);
    }

    #[test]
    fn a_check_that_could_not_run_is_yellow_where_the_task_passed() {
        let unavailable = [CheckReport::unavailable("fmt", "terraform is missing")];
        let kind = |verdict| {
            let text = terminal(&unavailable, verdict, true).replace('\u{1b}', "␛");
            text.lines().nth(2).unwrap().to_owned()
        };
        insta::assert_snapshot!(kind(Verdict::Failed), @"␛[31merror[check-unavailable]␛[0m: Check fmt could not run: terraform is missing");
        insta::assert_snapshot!(kind(Verdict::Passed), @"␛[33merror[check-unavailable]␛[0m: Check fmt could not run: terraform is missing");
    }

    proptest! {
        #[test]
        fn no_control_character_of_a_rule_is_printed(text in any_hostile_text()) {
            let text = terminal(&[hostile(&text)], Verdict::Failed, false);
            prop_assert!(!text.chars().any(|it| it.is_control() && it != '\n'), "{text:?}");
            prop_assert_eq!(text.find('\u{202e}'), None);
        }

        /// R-12: whatever a configuration holds, no control character of it reaches the terminal.
        #[test]
        fn no_escape_sequence_of_a_stranger_is_printed(
            summary in any::<String>(),
            body in "(```diff\n|```\n|\n|\u{1b}\\[31m|\u{9b}|\r|\u{7}|\u{202e}|\\+|-|x){0,40}",
            colour: bool,
        ) {
            let text = terminal(&[report(&summary, &body)], Verdict::Failed, colour);
            let mut ours = text;
            for style in ["0", BOLD, RED, GREEN, YELLOW, BLUE, CYAN] {
                ours = ours.replace(&format!("\u{1b}[{style}m"), if colour { "" } else { "\u{1b}" });
            }
            prop_assert!(!ours.chars().any(|it| it.is_control() && it != '\n'), "{ours:?}");
            prop_assert_eq!(ours.find('\u{202e}'), None);
        }
    }
}
