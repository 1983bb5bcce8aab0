//! Makes findings of what a scanner says. What strangers have written becomes text that only shows itself.

use crate::scan::{Issue, Scan, Suppressed};
use crate::words;
use runtask_findings::{
    Code, Finding, Level, Subject, code_span, counted, markdown_escaped, printable, shortened,
};
use std::collections::BTreeSet;

/// Characters of a summary.
const MAX_SUMMARY: usize = 200;
/// Characters of a body, or of advice.
const MAX_BODY: usize = 10_000;
/// Lines of a list of what is suppressed.
const MAX_LISTED: usize = 50;

/// What decides about a scan, besides thresholds.
pub(crate) struct Judging<'a> {
    /// What the scanner is called.
    pub(crate) scanner: &'a str,
    /// Rules that do not count.
    pub(crate) skip: &'a [String],
    /// Keeps values that nobody may read out of a text.
    pub(crate) redact: &'a dyn Fn(&str) -> String,
}

/// What became of a scan.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    /// Such as `checkov: 2 findings in 41 resources, 3 suppressed`.
    pub(crate) headline: String,
}

/// The findings of a scan, and a headline.
pub(crate) fn judge(scan: &Scan, judging: &Judging<'_>) -> Judged {
    let mut unused: BTreeSet<&str> = judging.skip.iter().map(String::as_str).collect();
    let mut findings = Vec::new();
    let mut found = scan.left_out;
    for issue in &scan.issues {
        let skipped = judging.skip.iter().find(|it| is_same(it, &issue.rule));
        match skipped {
            Some(rule) => {
                unused.remove(rule.as_str());
            }
            None => {
                found += issue.count;
                findings.push(finding(issue, judging));
            }
        }
    }
    if scan.left_out > 0 {
        let summary = format!(
            "{}: {} more of {found} are not shown; those that are, are the worst",
            judging.scanner, scan.left_out
        );
        findings.push(Finding::new(Code::LEFT_OUT, Level::Info, summary));
    }
    for rule in unused {
        let summary =
            format!("{}: `skip` names {}, and nothing was found by it", judging.scanner, printable(rule));
        findings.push(Finding::new(Code::UNUSED_SKIP, Level::Warning, shortened(&summary, MAX_SUMMARY)));
    }
    if scan.suppressed_count > 0 {
        findings.push(suppressed(scan, judging));
    }
    let number = if found == 0 { "nothing found".to_owned() } else { counted(found, "finding") };
    let looked_at = scan.looked_at.as_ref().map(|it| format!(" in {it}")).unwrap_or_default();
    let suppressed = match scan.suppressed_count {
        0 => String::new(),
        number => format!(", {number} suppressed"),
    };
    Judged { findings, headline: format!("{}: {number}{looked_at}{suppressed}", judging.scanner) }
}

/// Whether two names of rules are of the same rule: trivy has dropped a part of its own.
fn is_same(one: &str, other: &str) -> bool {
    let name = |it: &str| {
        let name = it.to_ascii_uppercase();
        name.strip_prefix("AVD-").map(str::to_owned).unwrap_or(name)
    };
    name(one) == name(other)
}

fn finding(issue: &Issue, judging: &Judging<'_>) -> Finding {
    let text = |it: &str| (judging.redact)(it);
    let title = text(&issue.title);
    let count = if issue.count > 1 { format!(" (×{})", issue.count) } else { String::new() };
    let summary = format!("{}{count}", shortened(&printable(&title), MAX_SUMMARY - count.len()));
    let is_new = |it: &&str| !it.is_empty() && it.trim() != title && it.trim() != issue.title;
    let body = Some(issue.message.as_str()).filter(is_new).map(|it| lines(&text(it))).unwrap_or_default();
    let help = Some(issue.help.as_str()).filter(is_new).filter(|it| it.trim() != issue.message);
    let mut advice = help.map(|it| lines(&text(it))).unwrap_or_default();
    let rule = if issue.rule.is_empty() {
        "A rule without a name".to_owned()
    } else {
        format!("Rule {}", code_span(&text(&issue.rule)))
    };
    let link = issue.link.as_deref().map(text).and_then(|it| words::link(&it));
    let link = link.map(|it| format!(": [more about it](<{it}>)")).unwrap_or_default();
    if !advice.is_empty() {
        advice.push_str("\n\n");
    }
    advice.push_str(&format!("{rule} of {}{link}.\n", markdown_escaped(judging.scanner)));
    let subject = issue.subject.clone().map(|it| match it {
        Subject::Resource { address } => Subject::Resource { address: text(&address) },
        file @ Subject::File { .. } => file,
    });
    Finding {
        severity: issue.severity,
        ..Finding::new(Code::of_rule(&text(&issue.rule)), issue.level, summary)
            .body(body)
            .advice(advice)
            .subject(subject)
    }
}

/// A text of several lines as Markdown that shows it.
fn lines(text: &str) -> String {
    let text = shortened(text, MAX_BODY);
    text.lines().map(|it| markdown_escaped(it.trim())).collect::<Vec<_>>().join("\n")
}

fn suppressed(scan: &Scan, judging: &Judging<'_>) -> Finding {
    let summary = format!(
        "{}: {} suppressed by comments in the code, or settings of the scanner",
        judging.scanner,
        counted(scan.suppressed_count, "finding")
    );
    let line = |it: &Suppressed| {
        let rule = code_span(&(judging.redact)(&it.rule));
        let place =
            it.subject.as_ref().map(|it| format!(" at {}", code_span(&(judging.redact)(&it.to_string()))));
        let reason = it.reason.as_ref().map(|it| format!(": {}", markdown_escaped(&(judging.redact)(it))));
        format!("- {rule}{}{}\n", place.unwrap_or_default(), reason.unwrap_or_default())
    };
    let mut body: String = scan.suppressed.iter().take(MAX_LISTED).map(line).collect();
    let more = scan.suppressed_count - scan.suppressed.len().min(MAX_LISTED);
    if more > 0 && !scan.suppressed.is_empty() {
        body.push_str(&format!("- … and {more} more\n"));
    }
    Finding::new(Code::SUPPRESSED, Level::Info, summary).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_findings::Severity;

    fn issue(rule: &str) -> Issue {
        Issue {
            rule: rule.to_owned(),
            title: "It is <b>open</b>".to_owned(),
            message: "hunter2 is open\n# to all".to_owned(),
            help: "Close it: https://example.com".to_owned(),
            link: Some("https://example.com/rule".to_owned()),
            subject: Some(Subject::Resource { address: "a.b[\"hunter2\"]".to_owned() }),
            level: Level::Error,
            severity: Some(Severity::High),
            count: 2,
        }
    }

    #[test]
    fn a_finding_shows_what_the_scanner_says_and_no_secret() {
        let scan = Scan {
            tool: None,
            issues: vec![issue("AVD-AWS-0001"), issue("CKV_1")],
            left_out: 3,
            suppressed: vec![Suppressed {
                rule: "CKV_2".to_owned(),
                subject: None,
                reason: Some("*hunter2*".to_owned()),
            }],
            suppressed_count: 2,
            looked_at: Some("41 resources".to_owned()),
        };
        let skip = ["aws-0001".to_owned(), "CKV_9".to_owned()];
        let redact = |it: &str| it.replace("hunter2", "***");
        let judged = judge(&scan, &Judging { scanner: "checkov", skip: &skip, redact: &redact });
        insta::assert_snapshot!(judged.headline, @"checkov: 5 findings in 41 resources, 2 suppressed");
        let shown = |it: &Finding| {
            let subject = it.subject.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{} [{}] {}\n{}\n{}---", it.code, subject, it.summary, it.body, it.advice)
        };
        let shown: Vec<String> = judged.findings.iter().map(shown).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        ckv-1 [a.b["***"]] It is <b>open</b> (×2)
        \*\*\* is open
        \# to all
        Close it: `https://example.com`

        Rule `CKV_1` of checkov: [more about it](<https://example.com/rule>).
        ---
        left-out [] checkov: 3 more of 5 are not shown; those that are, are the worst

        ---
        unused-skip [] checkov: `skip` names CKV_9, and nothing was found by it

        ---
        suppressed [] checkov: 2 findings suppressed by comments in the code, or settings of the scanner
        - `CKV_2`: \*\*\*\*\*
        - … and 1 more

        ---
        "#);
    }
}
