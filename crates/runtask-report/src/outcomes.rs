//! HCP Terraform's page of a run.

use runtask_checks::{CheckReport, Code, Finding, Level, Verdict};
use runtask_protocol as protocol;
use runtask_protocol::{Outcome, OutcomeId, Status, Tag, TaskResult, limits};

/// The result of a task: each headline is a line of the message, each finding an outcome.
///
/// An outcome's id is the finding's code. Its labels are:
///
/// | finding | `Status` | `Severity` |
/// | --- | --- | --- |
/// | error | Failed (red) | High (red) |
/// | warning | Warning (yellow) | Medium (yellow) |
/// | info | Info (blue) | Low (blue) |
/// | `check-unavailable` | Not checked (red; yellow where the task passed all the same) | High or Medium, likewise |
///
/// Where HCP Terraform does not take outcomes (`capabilities.outcomes` of the request is false), the message goes
/// on with a line per finding.
#[must_use]
pub fn task_result(reports: &[CheckReport], verdict: Verdict, accepts_outcomes: bool) -> TaskResult {
    let status = match verdict {
        Verdict::Passed => Status::Passed,
        Verdict::Failed => Status::Failed,
    };
    let mut lines: Vec<&str> = reports.iter().map(|it| &*it.headline).collect();
    let findings = || reports.iter().flat_map(|it| &it.findings);
    if accepts_outcomes {
        // A hostile configuration can make a hundred thousand findings, of which so many are shown.
        let shown = findings().take(limits::OUTCOMES).map(|it| outcome(it, verdict)).collect();
        let missing = findings().count().saturating_sub(limits::OUTCOMES);
        return TaskResult::new(status, &lines.join("\n")).outcomes(shown, missing);
    }
    // A check that could not run says the same in its headline.
    let headlines = lines.clone();
    let new = findings().map(|it| &*it.summary).filter(|it| !headlines.contains(it));
    lines.extend(new.take(limits::MESSAGE));
    TaskResult::new(status, &lines.join("\n"))
}

fn outcome(finding: &Finding, verdict: Verdict) -> Outcome {
    use protocol::Level as Colour;
    let excused = finding.code == Code::CHECK_UNAVAILABLE && verdict == Verdict::Passed;
    let (status, severity, colour) = match finding.level {
        Level::Error if excused => ("Failed", "Medium", Colour::Warning),
        Level::Error => ("Failed", "High", Colour::Error),
        Level::Warning => ("Warning", "Medium", Colour::Warning),
        Level::Info => ("Info", "Low", Colour::Info),
    };
    let status = if finding.code == Code::CHECK_UNAVAILABLE { "Not checked" } else { status };
    Outcome::new(OutcomeId::new(finding.code.as_str()), &finding.summary)
        .status(Tag::new(status, colour))
        .severity(Tag::new(severity, colour))
        .body(&finding.body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use runtask_checks::{OnError, Subject, codes, verdict};
    use serde_json::Value;
    use std::collections::HashSet;

    fn body(result: &TaskResult) -> Value {
        serde_json::from_slice(&result.to_json()).unwrap()
    }

    fn finding(code: Code, level: Level, summary: &str, body: &str) -> Finding {
        Finding::new(code, level, summary).body(body)
    }

    fn report(headline: &str, findings: Vec<Finding>) -> CheckReport {
        CheckReport::new("fmt", headline, findings)
    }

    /// R-13: a passed run is the message and nothing else.
    #[test]
    fn a_passed_run_without_findings_has_no_outcomes() {
        let result = task_result(&[report("Format check passed", vec![])], Verdict::Passed, true);
        insta::assert_snapshot!(body(&result), @r#"{"data":{"attributes":{"message":"Format check passed","status":"passed"},"type":"task-results"}}"#);
    }

    #[test]
    fn each_finding_is_an_outcome() {
        let reports = [
            report(
                "2 of 3 files need formatting: a.tf, b.tf",
                vec![
                    finding(
                        Code::UNFORMATTED_FILE,
                        Level::Error,
                        "a.tf is not formatted",
                        "```diff\n+a\n```\n",
                    ),
                    finding(Code::UNFORMATTED_FILE, Level::Error, "b.tf is not formatted", ""),
                ],
            ),
            report("Plan: 1 to add", vec![finding(Code::PLAN_SUMMARY, Level::Info, "Plan: 1 to add", "")]),
        ];
        let result = task_result(&reports, Verdict::Failed, true);
        insta::assert_snapshot!(serde_json::to_string_pretty(&body(&result)).unwrap(), @r#"
        {
          "data": {
            "attributes": {
              "message": "2 of 3 files need formatting: a.tf, b.tf\nPlan: 1 to add",
              "status": "failed"
            },
            "relationships": {
              "outcomes": {
                "data": [
                  {
                    "attributes": {
                      "body": "```diff\n+a\n```\n",
                      "description": "a.tf is not formatted",
                      "outcome-id": "unformatted-file",
                      "tags": {
                        "Severity": [
                          {
                            "label": "High",
                            "level": "error"
                          }
                        ],
                        "Status": [
                          {
                            "label": "Failed",
                            "level": "error"
                          }
                        ]
                      }
                    },
                    "type": "task-result-outcomes"
                  },
                  {
                    "attributes": {
                      "description": "b.tf is not formatted",
                      "outcome-id": "unformatted-file-2",
                      "tags": {
                        "Severity": [
                          {
                            "label": "High",
                            "level": "error"
                          }
                        ],
                        "Status": [
                          {
                            "label": "Failed",
                            "level": "error"
                          }
                        ]
                      }
                    },
                    "type": "task-result-outcomes"
                  },
                  {
                    "attributes": {
                      "description": "Plan: 1 to add",
                      "outcome-id": "plan-summary",
                      "tags": {
                        "Severity": [
                          {
                            "label": "Low",
                            "level": "info"
                          }
                        ],
                        "Status": [
                          {
                            "label": "Info",
                            "level": "info"
                          }
                        ]
                      }
                    },
                    "type": "task-result-outcomes"
                  }
                ]
              }
            },
            "type": "task-results"
          }
        }
        "#);
    }

    /// P-18: where outcomes are not taken, the message says what they would.
    #[test]
    fn without_outcomes_findings_are_lines_of_the_message() {
        let findings = vec![
            finding(Code::UNPARSABLE_FILE, Level::Error, "bad.tf cannot be parsed: Invalid expression", "x"),
            finding(Code::UNFORMATTED_FILE, Level::Error, "a.tf is not formatted", "x"),
        ];
        let reports =
            [report("1 of 2 files", findings), CheckReport::unavailable("policy", "it did not start")];
        let result = task_result(&reports, Verdict::Failed, false);
        assert_eq!(result.outcome_count(), 0);
        assert!(body(&result)["data"]["relationships"].is_null());
        insta::assert_snapshot!(result.message(), @"
        1 of 2 files
        Check policy could not run: it did not start
        bad.tf cannot be parsed: Invalid expression
        a.tf is not formatted
        ");
    }

    #[test]
    fn an_unavailable_check_is_red_only_where_it_fails_the_task() {
        let reports = [CheckReport::unavailable("fmt", "terraform did not finish within 60 s")];
        let tags = |verdict| {
            let body = body(&task_result(&reports, verdict, true));
            body["data"]["relationships"]["outcomes"]["data"][0]["attributes"]["tags"].to_string()
        };
        insta::assert_snapshot!(tags(Verdict::Failed), @r#"{"Severity":[{"label":"High","level":"error"}],"Status":[{"label":"Not checked","level":"error"}]}"#);
        insta::assert_snapshot!(tags(Verdict::Passed), @r#"{"Severity":[{"label":"Medium","level":"warning"}],"Status":[{"label":"Not checked","level":"warning"}]}"#);
    }

    fn any_finding() -> impl Strategy<Value = Finding> {
        let level = prop::sample::select(vec![Level::Error, Level::Warning, Level::Info]);
        let code = prop::sample::select(codes().iter().map(|it| it.0.clone()).collect::<Vec<_>>());
        let body = ("(````?diff\n|```\n|\n|ä|\\PC|\u{0}){0,200}", 0usize..120);
        (code, level, ".{0,1100}", body).prop_map(|(code, level, summary, (body, times))| {
            let subject = Subject::Resource { address: summary.clone() };
            Finding::new(code, level, summary).body(body.repeat(times)).subject(subject)
        })
    }

    fn any_report() -> impl Strategy<Value = CheckReport> {
        (".{0,700}", prop::collection::vec(any_finding(), 0..160)).prop_map(|it| report(&it.0, it.1))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        /// P-17: whatever was found, every limit holds for what is sent.
        #[test]
        fn any_findings_are_inside_every_limit(
            reports in prop::collection::vec(any_report(), 0..4),
            accepts_outcomes: bool,
        ) {
            let verdict = verdict(&reports, OnError::Failed);
            let result = task_result(&reports, verdict, accepts_outcomes);
            let bytes = result.to_json();
            prop_assert!(bytes.len() <= limits::RESULT_BYTES, "{} bytes", bytes.len());
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(body["data"]["attributes"]["status"].as_str(), Some(verdict.as_str()));
            let length = |it: &Value| it.as_str().unwrap().chars().count();
            prop_assert!((1..=limits::MESSAGE).contains(&length(&body["data"]["attributes"]["message"])));
            let rows = body["data"]["relationships"]["outcomes"]["data"].as_array().cloned().unwrap_or_default();
            let findings: usize = reports.iter().map(|it| it.findings.len()).sum();
            prop_assert_eq!(rows.len(), if accepts_outcomes { findings.min(limits::OUTCOMES) } else { 0 });
            let mut ids = HashSet::new();
            for row in rows {
                let row = &row["attributes"];
                prop_assert!((1..=limits::OUTCOME_ID).contains(&length(&row["outcome-id"])));
                prop_assert!(ids.insert(row["outcome-id"].clone()));
                prop_assert!((1..=limits::DESCRIPTION).contains(&length(&row["description"])));
                if !row["body"].is_null() {
                    prop_assert!((1..=limits::BODY).contains(&length(&row["body"])));
                }
            }
        }
    }
}
