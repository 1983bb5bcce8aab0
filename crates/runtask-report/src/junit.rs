//! Renders as JUnit's XML, for programs that show the results of tests: GitLab, Jenkins, Azure DevOps.
//!
//! There is no standard; this keeps to what all of them read: one `failure`, `error` or `skipped` in a test case at most.

use crate::plain::lines;
use crate::standing::Standing;
use runtask_findings::{CheckReport, Code, Finding, Subject, Verdict, printable};
use std::collections::HashMap;

/// The reports as JUnit's XML: a suite for each check, a test case for each of its rules.
///
/// A check that is one rule itself has a case for each finding, or one that passed. Findings of no listed rule are one
/// case for each code. Errors are a `failure`; `check-unavailable` is an `error`, or `skipped` where the task passed
/// all the same; warnings and infos fail no case and stand in its `system-out`.
#[must_use]
pub fn junit(reports: &[CheckReport], verdict: Verdict) -> String {
    let suites: Vec<_> = reports.iter().map(|it| (it, cases(it, verdict))).collect();
    let all = counts(suites.iter().flat_map(|it| &it.1));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!("<testsuites name=\"runtask: {verdict}\" {all}>\n"));
    for (report, cases) in &suites {
        let name = escaped(report.check);
        xml.push_str(&format!("  <testsuite name=\"{name}\" {}>\n", counts(cases)));
        for case in cases {
            xml.push_str(&element(case, report.check));
        }
        let headline = escaped(&printable(&report.headline));
        xml.push_str(&format!("    <system-out>{headline}</system-out>\n  </testsuite>\n"));
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// A test case and what was found by it.
struct Case<'a> {
    name: String,
    findings: Vec<&'a Finding>,
    outcome: Outcome,
    verdict: Verdict,
}

/// How a test case ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failure,
    Error,
    Skipped,
}

impl<'a> Case<'a> {
    fn new(name: &str, findings: Vec<&'a Finding>, verdict: Verdict) -> Self {
        let worst = findings.iter().map(|it| Standing::of(it, verdict)).min();
        let outcome = match worst {
            Some(Standing::Failed) => Outcome::Failure,
            Some(Standing::NotChecked) => Outcome::Error,
            Some(Standing::Excused) => Outcome::Skipped,
            Some(Standing::Warning | Standing::Info) | None => Outcome::Passed,
        };
        Self { name: name.to_owned(), findings, outcome, verdict }
    }

    /// Those that made it end so, or the others.
    fn findings(&self, decisive: bool) -> impl Iterator<Item = &'a Finding> {
        let mild =
            |it: &Finding| matches!(Standing::of(it, self.verdict), Standing::Warning | Standing::Info);
        self.findings.iter().copied().filter(move |it| mild(it) != decisive)
    }
}

fn cases<'a>(report: &'a CheckReport, verdict: Verdict) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    if report.rules.is_empty() {
        if report.findings.is_empty() {
            cases.push(Case::new(report.check, Vec::new(), verdict));
        }
        for finding in &report.findings {
            let name = match &finding.subject {
                // Without its line: a case is the same one as long as it has the same name.
                Some(Subject::File { path, .. }) => format!("{}: {}", finding.code, path.to_string_lossy()),
                Some(Subject::Resource { address }) => format!("{}: {address}", finding.code),
                None => finding.code.to_string(),
            };
            cases.push(Case::new(&name, vec![finding], verdict));
        }
        return cases;
    }
    let mut codes: Vec<&Code> = report.rules.iter().map(|it| &it.code).collect();
    codes.extend(report.findings.iter().map(|it| &it.code));
    let mut findings = by_code(report);
    for code in codes {
        // A code that comes again has its case already.
        if let Some(found) = findings.remove(code) {
            cases.push(Case::new(code.as_str(), found, verdict));
        }
    }
    cases
}

fn by_code(report: &CheckReport) -> HashMap<&Code, Vec<&Finding>> {
    let mut findings: HashMap<&Code, Vec<&Finding>> = HashMap::new();
    for rule in &report.rules {
        findings.entry(&rule.code).or_default();
    }
    for finding in &report.findings {
        findings.entry(&finding.code).or_default().push(finding);
    }
    findings
}

/// The attributes that count test cases.
fn counts<'a>(cases: impl IntoIterator<Item = &'a Case<'a>>) -> String {
    let outcomes: Vec<_> = cases.into_iter().map(|it| it.outcome).collect();
    let number = |wanted| outcomes.iter().filter(|it| **it == wanted).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        outcomes.len(),
        number(Outcome::Failure),
        number(Outcome::Error),
        number(Outcome::Skipped)
    )
}

fn element(case: &Case<'_>, check: &str) -> String {
    let file = match case.findings.as_slice() {
        [Finding { subject: Some(Subject::File { path, .. }), .. }] => {
            format!(" file=\"{}\"", escaped(&printable(&path.to_string_lossy())))
        }
        _ => String::new(),
    };
    let (name, class) = (escaped(&printable(&case.name)), escaped(check));
    let mut xml = format!("    <testcase classname=\"{class}\" name=\"{name}\"{file}");
    if case.findings.is_empty() {
        return xml + "/>\n";
    }
    xml.push_str(">\n");
    let tag = match case.outcome {
        Outcome::Passed => None,
        Outcome::Failure => Some("failure"),
        Outcome::Error => Some("error"),
        Outcome::Skipped => Some("skipped"),
    };
    let decisive: Vec<_> = case.findings(true).collect();
    if let (Some(tag), Some(first)) = (tag, decisive.first()) {
        let more = match decisive.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = escaped(&format!("{}{more}", printable(&first.summary)));
        // Everybody who wrote a schema of this left out the type of what was skipped.
        let kind = if tag == "skipped" {
            String::new()
        } else {
            format!(" type=\"{}\"", escaped(first.code.as_str()))
        };
        xml.push_str(&format!(
            "      <{tag} message=\"{message}\"{kind}>{}</{tag}>\n",
            escaped(&texts(&decisive))
        ));
    }
    let mild: Vec<_> = case.findings(false).collect();
    if !mild.is_empty() {
        xml.push_str(&format!("      <system-out>{}</system-out>\n", escaped(&texts(&mild))));
    }
    xml + "    </testcase>\n"
}

/// All that is said about findings, as plain text.
fn texts(findings: &[&Finding]) -> String {
    findings.iter().map(|it| text(it)).collect::<Vec<_>>().join("\n\n")
}

fn text(finding: &Finding) -> String {
    let mut text = format!("{}: {}", finding.level.as_str(), printable(&finding.summary));
    let subject = finding.subject.as_ref().map(|it| format!("\n--> {it}"));
    let severity = finding.severity.map(|it| format!("\nseverity {}", it.as_str()));
    let rule = finding.source.as_ref().map(|it| format!("\nrule at {it}"));
    text.extend([subject, severity, rule].into_iter().flatten());
    for line in lines(&finding.explained()) {
        let indent = if line.text.is_empty() { "" } else { "  " };
        text.push_str(&format!("\n{indent}{}", line.text));
    }
    text
}

/// `text` between tags or inside an attribute's quotes. XML 1.0 cannot hold every character, not even escaped: those
/// are shown as [`printable`] shows what does not print.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\t' | '\n' => xml.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.extend(character.escape_unicode()),
            _ => xml.push(character),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, any_hostile_text, format, hostile, policy};
    use proptest::prelude::*;

    #[test]
    fn each_rule_is_a_test_case() {
        insta::assert_snapshot!(junit(&[policy()], Verdict::Failed), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="runtask: failed" tests="5" failures="2" errors="0" skipped="0">
          <testsuite name="policy" tests="5" failures="2" errors="0" skipped="0">
            <testcase classname="policy" name="public-s3-bucket">
              <failure message="Public S3 bucket: module.web.aws_s3_bucket.site[&quot;eu&quot;] (and 1 more)" type="public-s3-bucket">error: Public S3 bucket: module.web.aws_s3_bucket.site[&quot;eu&quot;]
        --&gt; module.web.aws_s3_bucket.site[&quot;eu&quot;]
        severity high
        rule at policies/public_s3_bucket.rego:12
          module.web.aws_s3_bucket.site[&quot;eu&quot;] is public.

          Attribute         Before   After
          ----------------  -------  -------------------
          acl               private  public-read|x
          policy.Statement           (known after apply)

          Fix: set `acl` to `private`.

        error: Public S3 bucket: aws_s3_bucket.b
        --&gt; aws_s3_bucket.b
        severity high
        rule at policies/public_s3_bucket.rego:12</failure>
            </testcase>
            <testcase classname="policy" name="required-tags">
              <failure message="aws_vpc.main has no tag owner" type="required-tags">error: aws_vpc.main has no tag owner
        --&gt; aws_vpc.main
        rule at policies/required_tags.rego:7</failure>
            </testcase>
            <testcase classname="policy" name="open-ingress">
              <system-out>warning: Open to all: aws_security_group.a
        --&gt; aws_security_group.a
        severity low
        rule at builtin:open-ingress:3</system-out>
            </testcase>
            <testcase classname="policy" name="destroy-guard"/>
            <testcase classname="policy" name="unused-exception">
              <system-out>info: An exception matched nothing</system-out>
            </testcase>
            <system-out>2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)</system-out>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_check_that_is_one_rule_has_a_case_for_each_finding() {
        let passed = CheckReport::new("plan-summary", "Plan: 1 to add", vec![]);
        insta::assert_snapshot!(junit(&[format(), passed], Verdict::Failed), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="runtask: failed" tests="2" failures="1" errors="0" skipped="0">
          <testsuite name="fmt" tests="1" failures="1" errors="0" skipped="0">
            <testcase classname="fmt" name="unformatted-file: net/main.tf" file="net/main.tf">
              <failure message="net/main.tf is not formatted" type="unformatted-file">error: net/main.tf is not formatted
        --&gt; net/main.tf:2
          Run `terraform fmt`.

          --- a/net/main.tf
          +++ b/net/main.tf
          @@ -1,2 +1,2 @@
           a = 1
          -b   = &quot;```&quot;
          +b = &quot;```&quot;</failure>
            </testcase>
            <system-out>1 of 2 files needs formatting: net/main.tf</system-out>
          </testsuite>
          <testsuite name="plan-summary" tests="1" failures="0" errors="0" skipped="0">
            <testcase classname="plan-summary" name="plan-summary"/>
            <system-out>Plan: 1 to add</system-out>
          </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_check_that_could_not_run_is_an_error_and_skipped_where_that_is_excused() {
        let reports = [CheckReport::unavailable("fmt", "it hangs")];
        let case = |verdict| {
            let xml = junit(&reports, verdict);
            xml.lines().skip(1).take(4).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(case(Verdict::Failed), @r#"
        <testsuites name="runtask: failed" tests="1" failures="0" errors="1" skipped="0">
          <testsuite name="fmt" tests="1" failures="0" errors="1" skipped="0">
            <testcase classname="fmt" name="check-unavailable">
              <error message="Check fmt could not run: it hangs" type="check-unavailable">error: Check fmt could not run: it hangs</error>
        "#);
        insta::assert_snapshot!(case(Verdict::Passed), @r#"
        <testsuites name="runtask: passed" tests="1" failures="0" errors="0" skipped="1">
          <testsuite name="fmt" tests="1" failures="0" errors="0" skipped="1">
            <testcase classname="fmt" name="check-unavailable">
              <skipped message="Check fmt could not run: it hangs">error: Check fmt could not run: it hangs</skipped>
        "#);
    }

    #[test]
    fn hostile_text_is_only_text() {
        insta::assert_snapshot!(junit(&[hostile(HOSTILE)], Verdict::Failed), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="runtask: failed" tests="1" failures="1" errors="0" skipped="0">
          <testsuite name="policy" tests="1" failures="1" errors="0" skipped="0">
            <testcase classname="policy" name="rule">
              <failure message="\u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t" type="rule">error: \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t
        --&gt; \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t:1
        severity critical
        rule at \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t:1
          \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; `@team` `[a](http://b)` {0} %0A::stop\t is `\u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; `|``` `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t```

          \u{1b}[31m\u{9b}\r
          ::error file=x::y
          ##[error]z
          &lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop	</failure>
              <system-out>warning: \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t
        --&gt; \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t
        severity critical
        rule at \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t:1
          \u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; `@team` `[a](http://b)` {0} %0A::stop\t is `\u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; `|``` `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t```

          \u{1b}[31m\u{9b}\r
          ::error file=x::y
          ##[error]z
          &lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop	</system-out>
            </testcase>
            <system-out>\u{1b}[31m\u{9b}\r\n::error file=x::y\n##[error]z\n&lt;/details&gt;&lt;/summary&gt;&lt;script&gt;]]&gt; | `` \u{202e}\0\u{ffff} &amp;amp; @team [a](http://b) {0} %0A::stop\t</system-out>
          </testsuite>
        </testsuites>
        "#);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_tag_or_a_character_that_xml_has_not(text in any_hostile_text()) {
            let tags = |xml: &str| xml.matches('<').count();
            let xml = junit(&[hostile(&text)], Verdict::Failed);
            prop_assert_eq!(tags(&xml), tags(&junit(&[hostile("x")], Verdict::Failed)));
            prop_assert!(!xml.contains("]]>"));
            let held = |it: char| matches!(it, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(xml.chars().all(held));
            for entity in xml.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;"];
                prop_assert!(known.iter().any(|it| entity.starts_with(it)));
            }
        }
    }
}
