//! Renders for HCP Terraform's page of a run.

use crate::groups::{Row, rows};
use crate::standing::Standing;
use runtask_findings::{CheckReport, Finding, Severity, Verdict};
use runtask_protocol as protocol;
use runtask_protocol::{DetailsUrl, Outcome, OutcomeId, Status, Tag, TaskResult, limits};
use std::collections::HashSet;

/// The result of a task: each headline is a line of the message, and so is each tally; each finding is an outcome.
///
/// An outcome's id is the finding's code. Its labels are:
///
/// | finding | `Status` | `Severity`, where the finding has none |
/// | --- | --- | --- |
/// | error | Failed (red) | High (red) |
/// | warning | Warning (yellow) | Medium (yellow) |
/// | info | Info (blue) | Low (blue) |
/// | `check-unavailable` | Not checked (red; yellow where the task passed all the same) | High or Medium, likewise |
///
/// A severity of the finding's own is red where it is critical or high, yellow where it is medium, blue where it is low.
///
/// HCP Terraform takes 250 outcomes. Where more was found, what was found most often is one row for all that one rule
/// says at one level, so that no rule is hidden by another; errors come first then.
///
/// Where HCP Terraform does not take outcomes (`capabilities.outcomes` of the request is false), the message goes
/// on with a line per finding.
#[must_use]
pub fn task_result(reports: &[CheckReport], verdict: Verdict, accepts_outcomes: bool) -> TaskResult {
    result(reports, verdict, accepts_outcomes, None)
}

/// The same, with a link to the page that [`page()`](crate::page()) makes of the reports; each outcome links to its place on
/// it.
#[must_use]
pub fn linked_task_result(
    reports: &[CheckReport],
    verdict: Verdict,
    accepts_outcomes: bool,
    page: &DetailsUrl,
) -> TaskResult {
    result(reports, verdict, accepts_outcomes, Some(page)).url(page.clone())
}

fn result(
    reports: &[CheckReport],
    verdict: Verdict,
    accepts_outcomes: bool,
    page: Option<&DetailsUrl>,
) -> TaskResult {
    let status = match verdict {
        Verdict::Passed => Status::Passed,
        Verdict::Failed => Status::Failed,
    };
    let mut lines: Vec<&str> = Vec::new();
    for report in reports {
        lines.push(&report.headline);
        lines.extend(report.tally.as_deref());
    }
    if accepts_outcomes {
        let rows = rows(reports, limits::OUTCOMES);
        let missing = rows.len().saturating_sub(limits::OUTCOMES);
        let shown = rows.iter().take(limits::OUTCOMES).map(|it| outcome(it, verdict, page)).collect();
        return TaskResult::new(status, &lines.join("\n")).outcomes(shown, missing);
    }
    // A check that could not run says the same in its headline.
    let headlines: HashSet<&str> = lines.iter().copied().collect();
    let summaries = reports.iter().flat_map(|it| &it.findings).map(|it| &*it.summary);
    let new: Vec<_> = summaries.filter(|it| !headlines.contains(it)).take(limits::MESSAGE).collect();
    lines.extend(new);
    TaskResult::new(status, &lines.join("\n"))
}

fn outcome(row: &Row<'_>, verdict: Verdict, page: Option<&DetailsUrl>) -> Outcome {
    let (finding, severity) = match row {
        Row::One(it) => (it.finding, it.finding.severity),
        Row::Many(group) => (group.first(), group.severity()),
    };
    let (status, severity) = labels(finding, severity, verdict);
    let id = OutcomeId::new(finding.code.as_str());
    let (outcome, anchor) = match row {
        Row::One(it) => (Outcome::new(id, &finding.summary).body(&finding.explained()), it.anchor()),
        Row::Many(group) => (Outcome::new(id, &group.summary()).body(&group.body()), group.anchor()),
    };
    let outcome = outcome.status(status).severity(severity);
    match page.and_then(|it| it.place(&anchor)) {
        Some(place) => outcome.url(place),
        None => outcome,
    }
}

/// The labels `Status` and `Severity`.
fn labels(finding: &Finding, severity: Option<Severity>, verdict: Verdict) -> (Tag, Tag) {
    use protocol::Level as Colour;
    let standing = Standing::of(finding, verdict);
    let (word, colour) = match standing {
        Standing::Failed | Standing::NotChecked => ("High", Colour::Error),
        Standing::Excused | Standing::Warning => ("Medium", Colour::Warning),
        Standing::Info => ("Low", Colour::Info),
    };
    let severity = match severity {
        None => Tag::new(word, colour),
        Some(Severity::Critical) => Tag::new("Critical", Colour::Error),
        Some(Severity::High) => Tag::new("High", Colour::Error),
        Some(Severity::Medium) => Tag::new("Medium", Colour::Warning),
        Some(Severity::Low) => Tag::new("Low", Colour::Info),
    };
    (Tag::new(standing.label(), colour), severity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use runtask_findings::{Code, Level, OnError, Rule, Source, Subject, codes, verdict};
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

    /// F-06: the tally is a line of its own; a rule's severity is its label.
    #[test]
    fn a_policys_message_says_how_many_issues_there_are() {
        let result = task_result(&[crate::sample::policy()], Verdict::Failed, true);
        insta::assert_snapshot!(result.message(), @"
        2 of 4 rules failed: public-s3-bucket, required-tags (1 warning)
        Found 3 issues
        ");
        let body = body(&result);
        let rows = body["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
        let tag = |row: &Value, name: &str| {
            let tag = &row["attributes"]["tags"][name][0];
            format!("{} {}", tag["label"].as_str().unwrap(), tag["level"].as_str().unwrap())
        };
        let line = |row: &Value| {
            let id = row["attributes"]["outcome-id"].as_str().unwrap();
            format!("{id}: {}, {}", tag(row, "Status"), tag(row, "Severity"))
        };
        insta::assert_snapshot!(rows.iter().map(line).collect::<Vec<_>>().join("\n"), @"
        public-s3-bucket: Failed error, High error
        public-s3-bucket-2: Failed error, High error
        required-tags: Failed error, High error
        open-ingress: Warning warning, Low info
        unused-exception: Info info, Low info
        ");
    }

    #[test]
    fn each_severity_has_its_colour() {
        let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        let findings = severities.map(|it| {
            let finding = finding(Code::of_rule("x"), Level::Warning, "s", "");
            Finding { severity: Some(it), ..finding }
        });
        let labels = findings.iter().map(|it| labels(it, it.severity, Verdict::Passed).1);
        let labels: Vec<_> = labels.map(|it| serde_json::to_string(&it).unwrap()).collect();
        insta::assert_snapshot!(labels.join("\n"), @r#"
        {"label":"Critical","level":"error"}
        {"label":"High","level":"error"}
        {"label":"Medium","level":"warning"}
        {"label":"Low","level":"info"}
        "#);
    }

    /// P-17: a rule that found thousands does not hide one that found something else.
    #[test]
    fn what_was_found_too_often_is_one_row() {
        let address = |number: usize| Subject::Resource { address: format!("aws_s3_bucket.b[{number}]") };
        let many =
            (0..5000).map(|it| finding(Code::of_rule("many"), Level::Warning, "w", "").subject(address(it)));
        let few = (0..3).map(|it| finding(Code::of_rule("few"), Level::Error, "e", "b").subject(address(it)));
        let result = task_result(&[report("h", many.chain(few).collect())], Verdict::Failed, true);
        let body = body(&result);
        let rows = body["data"]["relationships"]["outcomes"]["data"].as_array().unwrap();
        let described = |it: &Value| it["attributes"]["description"].as_str().unwrap().to_owned();
        assert_eq!(rows.iter().map(described).collect::<Vec<_>>(), ["e", "e", "e", "many: 5000 warnings"]);
    }

    #[test]
    fn hostile_text_stays_in_its_place() {
        let hostile = task_result(&[crate::sample::hostile(crate::sample::HOSTILE)], Verdict::Failed, true);
        let body = body(&hostile);
        let row = &body["data"]["relationships"]["outcomes"]["data"][0]["attributes"];
        assert!(!row["description"].as_str().unwrap().chars().any(char::is_control));
    }

    fn any_finding() -> impl Strategy<Value = Finding> {
        let level = prop::sample::select(vec![Level::Error, Level::Warning, Level::Info]);
        let code = prop::sample::select(codes().iter().map(|it| it.0.clone()).collect::<Vec<_>>());
        let severity = prop::option::of(prop::sample::select(vec![Severity::Critical, Severity::Low]));
        let body = ("(````?diff\n|```\n|\n|ä|\\PC|\u{0}){0,200}", 0usize..120);
        let rule = prop::option::of("rule-[a-c]{1,2}");
        let whats = (code, rule, level, severity);
        (whats, ".{0,1100}", body).prop_map(|((code, rule, level, severity), summary, (body, times))| {
            let subject = Subject::Resource { address: summary.clone() };
            let code = rule.map_or(code, |it| Code::of_rule(&it));
            let source = Some(Source { file: summary.clone(), line: 7 });
            let finding = Finding::new(code, level, summary).body(body.repeat(times)).subject(subject);
            Finding { severity, source, ..finding }
        })
    }

    fn any_report() -> impl Strategy<Value = CheckReport> {
        let tally = prop::option::of(".{0,700}");
        (".{0,700}", tally, prop::collection::vec(any_finding(), 0..160)).prop_map(
            |(headline, tally, findings)| {
                let source = Source { file: headline.clone(), line: 1 };
                let rule = |it: &Finding| Rule {
                    code: it.code.clone(),
                    title: headline.clone(),
                    source: source.clone(),
                };
                let rules = findings.iter().take(9).map(rule).collect();
                CheckReport { tally, rules, ..report(&headline, findings) }
            },
        )
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
            let findings = || reports.iter().flat_map(|it| &it.findings);
            if findings().count() <= limits::OUTCOMES {
                prop_assert_eq!(rows.len(), if accepts_outcomes { findings().count() } else { 0 });
            } else if accepts_outcomes {
                // No more different codes are made here than there are rows: each code stays visible.
                prop_assert!((1..=limits::OUTCOMES).contains(&rows.len()));
                let numbered = |it: &str| it.strip_prefix('-').is_some_and(|it| it.parse::<usize>().is_ok());
                let is_shown = |it: &Finding| {
                    let ids = rows.iter().filter_map(|row| row["attributes"]["outcome-id"].as_str());
                    let mut rests = ids.filter_map(|id| id.strip_prefix(it.code.as_str()));
                    rests.any(|it| it.is_empty() || numbered(it))
                };
                prop_assert!(findings().all(is_shown));
            }
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
