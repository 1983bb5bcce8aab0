//! A script's view.

use runtask_checks::{CheckReport, Verdict};
use serde_json::Value;

/// The reports as JSON. Keys are only ever added.
///
/// ```json
/// {
///   "verdict": "failed",
///   "checks": [{
///     "check": "fmt",
///     "headline": "1 of 1 file needs formatting: main.tf",
///     "findings": [{
///       "code": "unformatted-file",
///       "level": "error",
///       "summary": "main.tf is not formatted",
///       "body": "Markdown; may be empty",
///       "subject": { "file": "main.tf", "line": 1 }
///     }]
///   }]
/// }
/// ```
///
/// `verdict` is `passed` or `failed`; `level` is `error`, `warning` or `info`.
/// `subject` is missing, or has `file` and perhaps `line` (from 1), or has `resource`, an address in a plan.
#[must_use]
pub fn json(reports: &[CheckReport], verdict: Verdict) -> Value {
    serde_json::json!({ "verdict": verdict, "checks": reports })
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_checks::{Code, Finding, Level, Subject};

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
}
