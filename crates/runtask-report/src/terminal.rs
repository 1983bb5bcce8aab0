//! Renders for a person at a terminal.

use crate::groups::LISTED;
use crate::plain::{Kind, lines};
use crate::standing::{Standing, summary};
use runtask_findings::{CheckReport, Finding, Level, Verdict, printable, wrapped};
use std::collections::{BTreeMap, HashSet};

/// How to write for a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Whether with colours. Without, the text holds no escape sequence at all, with them only those made here.
    pub colour: bool,
    /// Columns at which prose is wrapped; nothing where it goes to no terminal. Code and tables stay as they are.
    pub width: Option<usize>,
}

/// The text that `runtask check` prints: each check with its findings, then the verdict.
///
/// What a check's headline says is not said again by its finding. Of each rule, the first 50 findings are shown in full,
/// and advice once. A finding's body is Markdown; its code blocks are shown without their fences, a `diff` block in red and
/// green, and its tables aligned. Where rules were asked, the line before the verdict counts them.
#[must_use]
pub fn terminal(reports: &[CheckReport], verdict: Verdict, style: Style) -> String {
    let mut text = String::new();
    for report in reports {
        let check = printable(report.check);
        let headline = format!("{check}: {}", printable(&report.headline));
        let told = report.findings.first().filter(|it| it.summary == report.headline);
        match told {
            Some(finding) if finding.level != Level::Info => {
                text.push_str(&line(&format!("{check}: "), finding, verdict, style));
            }
            Some(_) => text.push_str(&style.prose(BOLD, &headline)),
            None => text.push_str(&format!("{}\n", style.prose(BOLD, &headline))),
        }
        let mut advised = HashSet::new();
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, finding) in report.findings.iter().enumerate() {
            if place > 0 || told.is_none() {
                text.push_str(&line("", finding, verdict, style));
            }
            let number = numbers.entry(finding.code.as_str()).or_default();
            *number += 1;
            text.push_str(&details(finding, *number <= LISTED, style));
            // Once for each rule: nobody reads it twice.
            if !finding.advice.is_empty() && advised.insert(&finding.code) {
                text.push_str(&markdown(&finding.advice, style));
                text.push('\n');
            }
        }
        for (code, number) in numbers.into_iter().filter(|(_, number)| *number > LISTED) {
            let sentence =
                format!("Of {number} findings {}, the first {LISTED} are shown in full.", printable(code));
            text.push_str(&format!("{}\n", style.prose(PLAIN, &sentence)));
        }
    }
    if reports.iter().any(|it| !it.rules.is_empty()) {
        text.push_str(&style.prose(PLAIN, &summary(reports, verdict)));
    }
    let colour = if verdict == Verdict::Passed { GREEN } else { RED };
    text.push_str(&style.prose(colour, verdict.as_str()));
    text
}

const PLAIN: &str = "";
const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BLUE: &str = "34";
const CYAN: &str = "36";

impl Style {
    /// `text`, which must be printable, painted as this SGR code says.
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && code != PLAIN { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The lines of a paragraph, which must be printable; what does not fit into its first goes into more, indented.
    fn prose(self, code: &str, text: &str) -> String {
        let marks = text.len() - text.trim_start_matches([' ', '-', '*']).len();
        let lines = match self.width {
            Some(width) => wrapped(text, width, marks.max(2)),
            None => vec![text.to_owned()],
        };
        lines.iter().map(|it| format!("{}\n", self.paint(code, it))).collect()
    }
}

/// The first line of a finding, with something before it.
fn line(before: &str, finding: &Finding, verdict: Verdict, style: Style) -> String {
    let colour = match Standing::of(finding, verdict) {
        Standing::Failed | Standing::NotChecked => RED,
        Standing::Excused | Standing::Warning => YELLOW,
        Standing::Info => BLUE,
    };
    let kind = format!("{}[{}]", finding.level.as_str(), printable(finding.code.as_str()));
    let text = style.prose(PLAIN, &format!("{before}{kind}: {}", printable(&finding.summary)));
    text.replacen(&kind, &style.paint(colour, &kind), 1)
}

/// What stands below the first line of a finding; its body too, where it is shown in full.
fn details(finding: &Finding, in_full: bool, style: Style) -> String {
    let mut text = String::new();
    if let Some(subject) = &finding.subject {
        text.push_str(&format!("  --> {subject}\n"));
    }
    let severity = finding.severity.map(|it| format!("severity {}", it.as_str()));
    let rule = finding.source.as_ref().map(|it| format!("rule at {it}"));
    let notes: Vec<_> = severity.into_iter().chain(rule).collect();
    if !notes.is_empty() {
        text.push_str(&format!("  ::: {}\n", notes.join(", ")));
    }
    let body = if in_full { markdown(&finding.body, style) } else { String::new() };
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&body);
    }
    text.push('\n');
    text
}

/// Markdown, indented.
fn markdown(markdown: &str, style: Style) -> String {
    let mut text = String::new();
    for line in lines(markdown) {
        let code = match line.kind {
            Kind::Text | Kind::Code => PLAIN,
            Kind::Head | Kind::DiffFile => BOLD,
            Kind::DiffPlace => CYAN,
            Kind::DiffAdded => GREEN,
            Kind::DiffRemoved => RED,
        };
        match line.kind {
            _ if line.text.is_empty() => text.push('\n'),
            Kind::Text => text.push_str(&style.prose(code, &format!("  {}", line.text))),
            _ => text.push_str(&format!("  {}\n", style.paint(code, &line.text))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{any_hostile_text, hostile, policy};
    use proptest::prelude::*;
    use runtask_findings::{Code, Level, Subject};

    const COLOURED: Style = Style { colour: true, width: None };

    fn report(summary: &str, body: &str) -> CheckReport {
        let finding = Finding::new(Code::UNFORMATTED_FILE, Level::Error, summary)
            .body(body)
            .subject(Subject::File { path: "net/main.tf".into(), line: Some(2) });
        CheckReport::new("fmt", "1 of 2 files needs formatting", vec![finding])
    }

    #[test]
    fn a_finding_is_shown_with_its_place_and_diff() {
        insta::assert_snapshot!(terminal(&[crate::sample::format()], Verdict::Failed, Style::default()), @r#"
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
        let text = terminal(&[crate::sample::format()], Verdict::Failed, COLOURED).replace('\u{1b}', "␛");
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
        assert_eq!(
            terminal(&[passed], Verdict::Passed, Style::default()),
            "fmt: Format check passed\n\npassed\n"
        );
    }

    #[test]
    fn a_rules_findings_are_shown_with_its_place_and_counted() {
        insta::assert_snapshot!(terminal(&[policy()], Verdict::Failed, Style::default()), @r#"
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
            let text = terminal(&unavailable, verdict, COLOURED).replace('\u{1b}', "␛");
            text.lines().next().unwrap().to_owned()
        };
        insta::assert_snapshot!(kind(Verdict::Failed), @"fmt: ␛[31merror[check-unavailable]␛[0m: Check fmt could not run: terraform is missing");
        insta::assert_snapshot!(kind(Verdict::Passed), @"fmt: ␛[33merror[check-unavailable]␛[0m: Check fmt could not run: terraform is missing");
    }

    /// U-07: what a headline says is not said again by its finding.
    #[test]
    fn what_cannot_be_run_and_what_a_plan_does_are_told_once() {
        let summary = "Plan: 1 to add, 0 to change, 0 to destroy";
        let table = "| a | b |\n| --- | --- |\n| c | d |";
        let plan = Finding::new(Code::PLAN_SUMMARY, Level::Info, summary).body(table);
        let plan = CheckReport::new("plan-summary", summary, vec![plan]);
        let reports = [plan, CheckReport::unavailable("fmt", "it is gone")];
        insta::assert_snapshot!(terminal(&reports, Verdict::Failed, Style::default()), @"
        plan-summary: Plan: 1 to add, 0 to change, 0 to destroy

          a  b
          -  -
          c  d

        fmt: error[check-unavailable]: Check fmt could not run: it is gone

        failed
        ");
    }

    /// U-07: prose is wrapped at the width of the terminal, code is not.
    #[test]
    fn prose_is_wrapped_and_code_is_not() {
        let body = "Some words of prose that take more columns than there are.\n\n- An item that takes more columns than that\n\n\
                    ```\na line of code that takes more columns than there are\n```\n";
        let style = Style { colour: false, width: Some(40) };
        let report = report("a summary of more than forty columns", body);
        insta::assert_snapshot!(terminal(&[report], Verdict::Failed, style), @"
        fmt: 1 of 2 files needs formatting

        error[unformatted-file]: a summary of
          more than forty columns
          --> net/main.tf:2

          Some words of prose that take more
          columns than there are.

          - An item that takes more columns than
            that

          a line of code that takes more columns than there are

        failed
        ");
    }

    /// U-07: as in the list of a group, fifty are shown one by one; all are named.
    #[test]
    fn of_many_findings_the_first_fifty_are_shown_in_full() {
        let finding = |number: usize| {
            Finding::new(Code::UNFORMATTED_FILE, Level::Error, format!("{number}.tf")).body("the body")
        };
        let report = CheckReport::new("fmt", "all of them", (1..=60).map(finding).collect());
        let text = terminal(&[report], Verdict::Failed, Style::default());
        assert_eq!(text.matches("  the body\n").count(), 50);
        assert_eq!(text.matches("error[unformatted-file]: ").count(), 60);
        assert!(
            text.contains("Of 60 findings unformatted-file, the first 50 are shown in full.\n"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_control_character_of_a_rule_is_printed(text in any_hostile_text()) {
            let text = terminal(&[hostile(&text)], Verdict::Failed, Style::default());
            prop_assert!(!text.chars().any(|it| it.is_control() && it != '\n'), "{text:?}");
            prop_assert_eq!(text.find('\u{202e}'), None);
        }

        /// R-12: whatever a configuration holds, no control character of it reaches the terminal.
        #[test]
        fn no_escape_sequence_of_a_stranger_is_printed(
            summary in any::<String>(),
            body in "(```diff\n|```\n|\n|\u{1b}\\[31m|\u{9b}|\r|\u{7}|\u{202e}|\\+|-|x){0,40}",
            colour: bool,
            width in proptest::option::of(1_usize..100),
        ) {
            let text = terminal(&[report(&summary, &body)], Verdict::Failed, Style { colour, width });
            let mut ours = text;
            for style in ["0", BOLD, RED, GREEN, YELLOW, BLUE, CYAN] {
                ours = ours.replace(&format!("\u{1b}[{style}m"), if colour { "" } else { "\u{1b}" });
            }
            prop_assert!(!ours.chars().any(|it| it.is_control() && it != '\n'), "{ours:?}");
            prop_assert_eq!(ours.find('\u{202e}'), None);
        }
    }
}
