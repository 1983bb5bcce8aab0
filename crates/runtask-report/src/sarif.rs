//! Renders as SARIF 2.1.0, for code scanning and editors.
//!
//! One run for all checks, because GitHub takes one run of one tool in a file. Nothing is resolved here: a file is named
//! as the check names it.

use crate::standing::Standing;
use runtask_findings::{
    CheckReport, Code, Finding, Rule, Severity, Source, Subject, Verdict, codes, markdown_escaped, printable,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Component, Path};

/// The file in which a finding without a file is said to be.
///
/// GitHub refuses a whole upload for one result without a physical location, and takes one whose file it does not have.
/// The rule's own file would be a location as well, but one that is not wrong, and where a pull request does not show
/// the result unless it changes the rule.
const NO_FILE: &str = "terraform-run";

/// The reports as a SARIF 2.1.0 log.
///
/// - Each rule that was asked, and each other code that was found, is one of `tool.driver.rules`.
/// - Each finding is a result. In a file it has a `physicalLocation`, with line 1 where none is known, as GitHub asks for
///   a line. About a resource it has its address as a `logicalLocation`, and `terraform-run`, line 1, as a physical one.
///   Where the rule is written is one of `relatedLocations`.
/// - `level` is `error`, `warning` or `note`; `check-unavailable` is a `warning` where the task passed all the same, and
///   also a notification of the invocation, which then was no success.
/// - `partialFingerprints` are of code and subject, not of lines or texts: a finding that moves is still the same.
/// - `security-severity` of a rule, which GitHub shows, is that of its worst finding.
#[must_use]
pub fn sarif(reports: &[CheckReport], verdict: Verdict) -> Value {
    let findings = || reports.iter().flat_map(|it| &it.findings);
    let rules = Rules::of(reports);
    let mut seen: HashMap<String, usize> = HashMap::new();
    let results: Vec<_> = findings()
        .map(|finding| {
            let identity = identity(finding);
            let number = seen.entry(identity.clone()).and_modify(|it| *it += 1).or_insert(1);
            result(finding, verdict, rules.index(&finding.code), &format!("{identity}:{number}"))
        })
        .collect();
    let unavailable = findings().filter(|it| it.code.is_of_no_check());
    let notifications: Vec<_> = unavailable
        .map(|it| json!({ "level": "error", "message": { "text": message(&it.summary) } }))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "runtask",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.to_json(reports, verdict),
            } },
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": { "verdict": verdict },
        }],
    })
}

/// The rules in the order in which they are listed.
struct Rules<'a> {
    codes: Vec<&'a Code>,
    rules: HashMap<&'a Code, &'a Rule>,
    places: HashMap<&'a Code, usize>,
}

impl<'a> Rules<'a> {
    fn of(reports: &'a [CheckReport]) -> Self {
        let mut all = Self { codes: Vec::new(), rules: HashMap::new(), places: HashMap::new() };
        for rule in reports.iter().flat_map(|it| &it.rules) {
            all.add(&rule.code);
            all.rules.entry(&rule.code).or_insert(rule);
        }
        for finding in reports.iter().flat_map(|it| &it.findings) {
            all.add(&finding.code);
        }
        all
    }

    fn add(&mut self, code: &'a Code) {
        let next = self.codes.len();
        if *self.places.entry(code).or_insert(next) == next {
            self.codes.push(code);
        }
    }

    fn index(&self, code: &Code) -> Option<usize> {
        self.places.get(code).copied()
    }

    fn to_json(&self, reports: &[CheckReport], verdict: Verdict) -> Vec<Value> {
        let mut worst: HashMap<&Code, (Standing, Option<Severity>)> = HashMap::new();
        for finding in reports.iter().flat_map(|it| &it.findings) {
            let (standing, severity) = worst.entry(&finding.code).or_insert((Standing::Info, None));
            *standing = Standing::of(finding, verdict).min(*standing);
            *severity = finding.severity.into_iter().chain(*severity).min();
        }
        let rules = self.codes.iter().map(|code| {
            let rule = self.rules.get(code);
            let known = || codes().iter().find(|it| it.0 == **code).map(|it| it.1.to_owned());
            let title = rule.map(|it| it.title.clone()).or_else(known).unwrap_or_else(|| code.to_string());
            let title = message(&title);
            let mut json = json!({
                "id": printable(code.as_str()),
                "shortDescription": { "text": title },
                "fullDescription": { "text": title },
            });
            if let Some(rule) = rule {
                set(
                    &mut json,
                    "help",
                    json!({ "text": message(&format!("The rule is written at {}.", rule.source)) }),
                );
            }
            if let Some((standing, severity)) = worst.get(code) {
                set(&mut json, "defaultConfiguration", json!({ "level": level(*standing) }));
                if let Some(severity) = severity {
                    let score = score(*severity);
                    set(&mut json, "properties", json!({ "security-severity": score, "tags": ["security"] }));
                }
            }
            json
        });
        rules.collect()
    }
}

/// A number inside the range that GitHub shows as this severity; it looks at it only where a rule has the tag
/// `security`.
///
/// Source: GitHub, "SARIF support for code scanning", `security-severity`.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

const fn level(standing: Standing) -> &'static str {
    match standing {
        Standing::Failed | Standing::NotChecked => "error",
        Standing::Excused | Standing::Warning => "warning",
        Standing::Info => "note",
    }
}

fn result(finding: &Finding, verdict: Verdict, index: Option<usize>, fingerprint: &str) -> Value {
    let (uri, line) = match &finding.subject {
        Some(Subject::File { path, line }) => (uri(path), *line),
        Some(Subject::Resource { .. }) | None => (NO_FILE.to_owned(), None),
    };
    let mut location = physical(&uri, line.unwrap_or(1));
    if let Some(Subject::Resource { address }) = &finding.subject {
        let logical = json!([{ "fullyQualifiedName": printable(address), "kind": "resource" }]);
        set(&mut location, "logicalLocations", logical);
    }
    let text = message(&finding.summary);
    let markdown = format!("{}\n\n{}", markdown_escaped(&finding.summary), finding.body);
    let mut result = json!({
        "ruleId": printable(finding.code.as_str()),
        "level": level(Standing::of(finding, verdict)),
        "message": { "text": text, "markdown": markdown.trim_end() },
        "locations": [location],
        // The one name that GitHub looks at.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
    });
    if let Some(index) = index {
        set(&mut result, "ruleIndex", json!(index));
    }
    if let Some(source) = finding.source.as_ref().filter(|it| is_file(it)) {
        let mut related = physical(&uri_of(&source.file), source.line);
        set(&mut related, "message", json!({ "text": "The rule" }));
        set(&mut result, "relatedLocations", json!([related]));
    }
    if let Some(severity) = finding.severity {
        set(&mut result, "properties", json!({ "severity": severity }));
    }
    result
}

/// Whether a rule is in a file, and not one that is shipped.
fn is_file(source: &Source) -> bool {
    !source.file.starts_with("builtin:")
}

fn physical(uri: &str, line: u32) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri },
        "region": { "startLine": line.max(1) },
    } })
}

fn set(json: &mut Value, key: &str, value: Value) {
    if let Some(object) = json.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

/// A message is a line of text in which `[text](target)` would be a link.
fn message(text: &str) -> String {
    printable(text).replace("](", "] (")
}

/// The path as a relative reference: every byte that is not plain is percent-encoded.
fn uri(path: &Path) -> String {
    let parts = path.components().filter_map(|it| match it {
        Component::Normal(part) => Some(encoded(part.as_encoded_bytes())),
        Component::ParentDir => Some("..".to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    let parts = parts.collect::<Vec<_>>().join("/");
    let root = if path.has_root() { "file:///" } else { "" };
    if parts.is_empty() && root.is_empty() { NO_FILE.to_owned() } else { format!("{root}{parts}") }
}

fn uri_of(file: &str) -> String {
    uri(Path::new(file))
}

fn encoded(bytes: &[u8]) -> String {
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_' | b'~');
    let shown = |it: &u8| if plain(*it) { char::from(*it).to_string() } else { format!("%{it:02X}") };
    bytes.iter().map(shown).collect()
}

/// The identity of a finding, the same in a later run.
pub(crate) fn identity(finding: &Finding) -> String {
    let (kind, subject) = match &finding.subject {
        Some(Subject::File { path, .. }) => ("file", uri(path)),
        Some(Subject::Resource { address }) => ("resource", address.clone()),
        None => ("none", String::new()),
    };
    // Neither a code nor a kind holds the separator, so no two identities share their text.
    let text = format!("{}\0{kind}\0{subject}", finding.code);
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(digest.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, format, hostile, policy};
    use std::collections::HashSet;

    fn results(reports: &[CheckReport], verdict: Verdict) -> Vec<Value> {
        sarif(reports, verdict)["runs"][0]["results"].as_array().unwrap().clone()
    }

    #[test]
    fn a_policys_report_is_a_log_of_one_run() {
        let mut report = policy();
        report.findings = vec![report.findings.remove(1)];
        report.rules.truncate(2);
        let mut log = sarif(&[report], Verdict::Failed);
        log["runs"][0]["tool"]["driver"]["semanticVersion"] = "[version]".into();
        insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap(), @r#"
        {
          "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
          "runs": [
            {
              "columnKind": "unicodeCodePoints",
              "invocations": [
                {
                  "executionSuccessful": true,
                  "toolExecutionNotifications": []
                }
              ],
              "properties": {
                "verdict": "failed"
              },
              "results": [
                {
                  "level": "error",
                  "locations": [
                    {
                      "logicalLocations": [
                        {
                          "fullyQualifiedName": "aws_s3_bucket.b",
                          "kind": "resource"
                        }
                      ],
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "terraform-run"
                        },
                        "region": {
                          "startLine": 1
                        }
                      }
                    }
                  ],
                  "message": {
                    "markdown": "Public S3 bucket: aws_s3_bucket.b",
                    "text": "Public S3 bucket: aws_s3_bucket.b"
                  },
                  "partialFingerprints": {
                    "primaryLocationLineHash": "66c1f6429da8bf65368acc688f6375d4:1"
                  },
                  "properties": {
                    "severity": "high"
                  },
                  "relatedLocations": [
                    {
                      "message": {
                        "text": "The rule"
                      },
                      "physicalLocation": {
                        "artifactLocation": {
                          "uri": "policies/public_s3_bucket.rego"
                        },
                        "region": {
                          "startLine": 12
                        }
                      }
                    }
                  ],
                  "ruleId": "public-s3-bucket",
                  "ruleIndex": 0
                }
              ],
              "tool": {
                "driver": {
                  "name": "runtask",
                  "rules": [
                    {
                      "defaultConfiguration": {
                        "level": "error"
                      },
                      "fullDescription": {
                        "text": "S3 buckets are not public"
                      },
                      "help": {
                        "text": "The rule is written at policies/public_s3_bucket.rego:12."
                      },
                      "id": "public-s3-bucket",
                      "properties": {
                        "security-severity": "8.0",
                        "tags": [
                          "security"
                        ]
                      },
                      "shortDescription": {
                        "text": "S3 buckets are not public"
                      }
                    },
                    {
                      "fullDescription": {
                        "text": "Resources have the tags that we ask for"
                      },
                      "help": {
                        "text": "The rule is written at policies/required_tags.rego:7."
                      },
                      "id": "required-tags",
                      "shortDescription": {
                        "text": "Resources have the tags that we ask for"
                      }
                    }
                  ],
                  "semanticVersion": "[version]"
                }
              }
            }
          ],
          "version": "2.1.0"
        }
        "#);
    }

    #[test]
    fn a_file_is_where_its_finding_is() {
        let result = &results(&[format()], Verdict::Failed)[0];
        let location = &result["locations"][0];
        assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "net/main.tf");
        assert_eq!(location["physicalLocation"]["region"]["startLine"], 2);
        assert!(location["logicalLocations"].is_null());
        assert!(result["relatedLocations"].is_null());
    }

    #[test]
    fn paths_are_relative_references() {
        for (path, expected) in [
            ("a b/ü:[x].tf", "a%20b/%C3%BC%3A%5Bx%5D.tf"),
            ("./../a%2F", "../a%252F"),
            ("/etc/x", "file:///etc/x"),
            ("http://x", "http%3A/x"),
            ("", NO_FILE),
            ("\n", "%0A"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }

    #[test]
    fn levels_tell_findings_apart() {
        let unavailable = CheckReport::unavailable("x", "it hangs");
        let levels = |verdict| {
            let results = results(&[policy(), unavailable.clone()], verdict);
            results.iter().map(|it| it["level"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(levels(Verdict::Failed), "error error error warning note error");
        assert_eq!(levels(Verdict::Passed), "error error error warning note warning");
        let log = sarif(&[unavailable], Verdict::Passed);
        insta::assert_snapshot!(log["runs"][0]["invocations"], @r#"[{"executionSuccessful":false,"toolExecutionNotifications":[{"level":"error","message":{"text":"Check x could not run: it hangs"}}]}]"#);
    }

    /// A finding keeps its fingerprint when it moves, and no two findings share one.
    #[test]
    fn fingerprints_are_stable_and_distinct() {
        let fingerprint =
            |it: &Value| it["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned();
        let before: Vec<_> =
            results(&[format(), policy(), policy()], Verdict::Failed).iter().map(fingerprint).collect();
        assert_eq!(before.iter().collect::<HashSet<_>>().len(), before.len());

        let mut moved = format();
        moved.findings[0].subject = Some(Subject::File { path: "net/main.tf".into(), line: Some(99) });
        moved.findings[0].summary = "other words".into();
        assert_eq!(fingerprint(&results(&[moved], Verdict::Passed)[0]), before[0]);
        insta::assert_snapshot!(before[0], @"b624e3c1f02fae2d63da879f1d631d10:1");
    }

    #[test]
    fn every_result_names_its_rule() {
        let log = sarif(&[format(), policy()], Verdict::Failed);
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn hostile_text_is_only_text() {
        let results = results(&[hostile(HOSTILE)], Verdict::Failed);
        for result in &results {
            let text = result["message"]["text"].as_str().unwrap();
            assert!(!text.contains("](") && !text.chars().any(char::is_control), "{text}");
        }
        let places =
            |it: &Value| it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].to_string();
        insta::assert_snapshot!(places(&results[0]), @r#""%1B%5B31m%C2%9B%0D%0A%3A%3Aerror%20file%3Dx%3A%3Ay%0A%23%23%5Berror%5Dz%0A%3C/details%3E%3C/summary%3E%3Cscript%3E%5D%5D%3E%20%7C%20%60%60%20%E2%80%AE%00%EF%BF%BF%20%26amp%3B%20%40team%20%5Ba%5D%28http%3A/b%29%20%7B0%7D%20%250A%3A%3Astop%09""#);
        let address = &results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
        assert!(!address.as_str().unwrap().chars().any(char::is_control));
    }
}
