//! Renders as JSON, for scripts.

use runtask_findings::{CheckReport, Verdict};
use serde_json::Value;

/// The reports as JSON. Keys are only ever added.
///
/// ```json
/// {
///   "verdict": "failed",
///   "checks": [{
///     "check": "policy",
///     "headline": "1 of 1 rule failed: public-s3-bucket",
///     "tally": "Found 1 issue",
///     "rules": [{
///       "code": "public-s3-bucket",
///       "title": "S3 buckets are not public",
///       "source": { "file": "policies/s3.rego", "line": 12 }
///     }],
///     "findings": [{
///       "code": "public-s3-bucket",
///       "level": "error",
///       "severity": "high",
///       "summary": "Public S3 bucket: aws_s3_bucket.site",
///       "body": "Markdown; may be empty",
///       "subject": { "resource": "aws_s3_bucket.site" },
///       "source": { "file": "policies/s3.rego", "line": 12 }
///     }]
///   }]
/// }
/// ```
///
/// `verdict` is `passed` or `failed`; `level` is `error`, `warning` or `info`.
/// `excepted` is missing, or is true where somebody has allowed what was found: then it is an `info`, and `body` says why.
/// `severity` is missing, or is `critical`, `high`, `medium` or `low`.
/// `subject` is missing, or has `file` and perhaps `line` (from 1), or has `resource`, an address in a plan.
/// `source` is where the rule is written: `file` (`builtin:NAME` for one that is shipped) and `line` (from 1); it is
/// missing where the rule cannot be read.
/// `tally` is missing where a check has none. `rules` are those that were asked, whether they found anything or not, in
/// the order to show them; it is missing for a check that is one rule itself.
#[must_use]
pub fn json(reports: &[CheckReport], verdict: Verdict) -> Value {
    serde_json::json!({ "verdict": verdict, "checks": reports })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, hostile};
    use runtask_findings::{Code, Finding, Level, Rule, Severity, Source, Subject};

    #[test]
    fn the_shape_is_the_documented_one() {
        let finding =
            |level, subject| Finding::new(Code::UNFORMATTED_FILE, level, "s").body("b").subject(subject);
        let findings = vec![
            finding(Level::Error, Some(Subject::File { path: "a/main.tf".into(), line: Some(1) })),
            finding(Level::Warning, Some(Subject::Resource { address: "aws_vpc.main".into() })),
            finding(Level::Info, None),
        ];
        let report = CheckReport::new("fmt", "h", findings);
        let text = serde_json::to_string_pretty(&json(&[report], Verdict::Failed)).unwrap();
        insta::assert_snapshot!(text, @r#"
        {
          "checks": [
            {
              "check": "fmt",
              "findings": [
                {
                  "body": "b",
                  "code": "unformatted-file",
                  "level": "error",
                  "subject": {
                    "file": "a/main.tf",
                    "line": 1
                  },
                  "summary": "s"
                },
                {
                  "body": "b",
                  "code": "unformatted-file",
                  "level": "warning",
                  "subject": {
                    "resource": "aws_vpc.main"
                  },
                  "summary": "s"
                },
                {
                  "body": "b",
                  "code": "unformatted-file",
                  "level": "info",
                  "summary": "s"
                }
              ],
              "headline": "h"
            }
          ],
          "verdict": "failed"
        }
        "#);
        assert_eq!(json(&[], Verdict::Passed).to_string(), r#"{"checks":[],"verdict":"passed"}"#);
    }

    #[test]
    fn rules_and_what_they_say_have_the_documented_shape() {
        let source = Source { file: "policies/s3.rego".into(), line: 12 };
        let code = Code::new("public-s3-bucket");
        let finding = Finding {
            severity: Some(Severity::High),
            source: Some(source.clone()),
            ..Finding::new(code.clone(), Level::Error, "s")
        };
        let report = CheckReport {
            tally: Some("Found 1 issue".into()),
            rules: vec![Rule { code, title: "t".into(), source }],
            ..CheckReport::new("policy", "h", vec![finding])
        };
        let text = serde_json::to_string_pretty(&json(&[report], Verdict::Failed)).unwrap();
        insta::assert_snapshot!(text, @r#"
        {
          "checks": [
            {
              "check": "policy",
              "findings": [
                {
                  "body": "",
                  "code": "public-s3-bucket",
                  "level": "error",
                  "severity": "high",
                  "source": {
                    "file": "policies/s3.rego",
                    "line": 12
                  },
                  "summary": "s"
                }
              ],
              "headline": "h",
              "rules": [
                {
                  "code": "public-s3-bucket",
                  "source": {
                    "file": "policies/s3.rego",
                    "line": 12
                  },
                  "title": "t"
                }
              ],
              "tally": "Found 1 issue"
            }
          ],
          "verdict": "failed"
        }
        "#);
    }

    /// JSON says what there is, as data; only a path is made printable, as it need not be text.
    #[test]
    fn hostile_text_is_data() {
        let finding = &json(&[hostile(HOSTILE)], Verdict::Failed)["checks"][0]["findings"][1];
        assert_eq!(finding["summary"], HOSTILE);
        assert_eq!(finding["subject"]["resource"], HOSTILE);
    }
}
