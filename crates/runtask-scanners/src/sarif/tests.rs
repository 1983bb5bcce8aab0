//! What a reader should get of each file of `tests/fixtures`.

use super::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(path).unwrap()
}

fn read_with(name: &str, thresholds: Thresholds) -> Result<Scan, ReadError> {
    let tree = Tree::new(Path::new("/tmp/example"), Path::new("/tmp/example"));
    read_sarif(&fixture(name), Reading { thresholds, tree: &tree, honor_suppressions: true })
}

fn read(name: &str) -> Result<Scan, ReadError> {
    read_with(name, Thresholds::default())
}

/// Errors, warnings, infos, and what is suppressed.
fn counts(name: &str) -> [usize; 4] {
    counts_of(&read(name).unwrap())
}

fn counts_of(scan: &Scan) -> [usize; 4] {
    let level = |level| scan.issues.iter().filter(|it| it.level == level).map(|it| it.count).sum();
    [level(Level::Error), level(Level::Warning), level(Level::Info), scan.suppressed_count]
}

#[test]
fn each_tool_is_read_as_it_means_it() {
    assert_eq!(counts("checkov/directory.sarif"), [5, 0, 0, 1]);
    assert_eq!(counts("checkov/plan.sarif"), [7, 0, 0, 0]);
    assert_eq!(counts("checkov/broken.sarif"), [0; 4]);
    assert_eq!(counts("trivy/directory.sarif"), [10, 0, 0, 0]);
    assert_eq!(counts("trivy/broken.sarif"), [0; 4]);
    assert_eq!(counts("semgrep/directory.sarif"), [1, 1, 1, 0]);
    assert_eq!(counts("semgrep/suppressed.sarif"), [0, 0, 0, 1]);
    assert_eq!(counts("by-hand/tflint.sarif"), [1, 4, 1, 0]);
    assert_eq!(counts("by-hand/kics.sarif"), [1, 0, 1, 0]);
    assert_eq!(counts("by-hand/terrascan.sarif"), [2, 0, 0, 0]);
    assert_eq!(counts("by-hand/snyk-iac.sarif"), [1, 0, 1, 0]);
}

/// What nobody has graded is as bad as somebody says.
#[test]
fn the_levels_of_checkov_say_nothing() {
    let mild = Thresholds { unknown: runtask_findings::Severity::Low, ..Thresholds::default() };
    assert_eq!(counts_of(&read_with("checkov/directory.sarif", mild).unwrap()), [0, 5, 0, 1]);
    assert_eq!(counts_of(&read_with("trivy/directory.sarif", mild).unwrap()), [10, 0, 0, 0]);
}

#[test]
fn what_a_tool_says_of_itself_is_no_pass() {
    let error = |name| read(name).unwrap_err().to_string();
    assert_eq!(
        error("semgrep/bad-rules.sarif"),
        "could not check: One of these properties is missing: 'message'; invalid configuration file found (1 configs were invalid)"
    );
    assert_eq!(
        error("by-hand/tflint-errors.sarif"),
        "could not check: There is no closing brace for this block before the end of the file. This may be caused by \
         incorrect brace nesting elsewhere in this file.; Failed to load configurations; main.tf:1,14-15: Unclosed configuration block"
    );
}

/// A line for each: how bad, how often, rule, place, title.
fn lines(scan: &Scan) -> Vec<String> {
    let line = |it: &Issue| {
        let severity = it.severity.map_or("-", Severity::as_str);
        let place = it.subject.as_ref().map_or("-".to_owned(), ToString::to_string);
        format!(
            "{} {severity} {}x {} {place}: {} | {}",
            it.level.as_str(),
            it.count,
            it.rule,
            it.title,
            it.message
        )
    };
    scan.issues.iter().map(line).collect()
}

#[test]
fn the_rarer_parts_of_the_format_are_read() {
    let scan = read("by-hand/everything.sarif").unwrap();
    let expected = [
        "error high 1x EX1 input/main.tf:19: Port 22 is open to everybody; write {literal} braces",
        "error high 1x EX1/ssh input/main copy.tf: By a hierarchical id, here and there.",
        "error high 1x EX2 -: Shared text about tags",
        "error high 1x EX1 -: Not suppressed yet.",
        "error high 1x EX1 -: Not suppressed.",
        "error high 1x EX1 -: Outside.",
        "error high 1x EX1 -: In a loop.",
        "error high 1x EX1 -: Windows.",
        "error high 1x EX1 aws_s3_bucket.logs: A resource.",
        "warning medium 1x EX3 -: No level anywhere: warning.",
        "warning medium 1x unlisted -: No such rule: warning.",
        "info low 1x PL1 input/modules/web/main.tf:5: Of an extension's rule.",
        "info low 1x EX2 -: The override does not count here: note.",
        "info - 1x EX1 -: A person should look: level none.",
        "info - 1x EX1 -: No severity.",
    ];
    let lines: Vec<String> =
        lines(&scan).iter().map(|it| it.split(" | ").next().unwrap().to_owned()).collect();
    assert_eq!(lines, expected);
    let suppressed =
        [Suppressed { rule: "EX1".to_owned(), subject: None, reason: Some("Agreed.".to_owned()) }];
    assert_eq!((&*scan.suppressed, scan.suppressed_count), (&suppressed[..], 1));
    assert_eq!(scan.issues[11].link.as_deref(), Some("https://example.com/PL1"));
}

#[test]
fn one_defect_costs_the_field_that_has_it() {
    for (name, expected) in [
        ("level-empty", "warning medium 1x r -: m | m"),
        ("severity-number", "error critical 1x r -: m | m"),
        ("line-zero", "warning medium 1x r a: m | m"),
        ("line-negative", "warning medium 1x r a: m | m"),
        ("line-huge", "warning medium 1x r a: m | m"),
        ("line-float", "warning medium 1x r a:3: m | m"),
        ("no-message", "warning medium 1x r -: r | "),
        ("no-driver-name", "warning medium 1x r -: m | m"),
        ("invocation-without-success", "warning medium 1x r -: m | m"),
        ("unknown-key", "warning medium 1x r -: m | m"),
        ("rule-index-huge", "warning medium 1x r -: m | m"),
        ("bom", "warning medium 1x r -: m | m"),
    ] {
        assert_eq!(lines(&read(&format!("odd/{name}.sarif")).unwrap()), [expected], "{name}");
    }
    for name in ["results-null", "results-absent"] {
        let error = read(&format!("odd/{name}.sarif")).unwrap_err();
        assert_eq!(error.to_string(), "could not check: it has no list of results, so it never began");
    }
    let error = read("odd/version-2.0.0.sarif").unwrap_err();
    assert_eq!(error.to_string(), "wrote JSON that is not SARIF 2.1.0: its version is not 2.1.0");
}

fn run(results: &str) -> String {
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"t","rules":[{{"id":"r"}},7,{{"id":"s"}}]}}}},"results":[{results}]}}]}}"#
    )
}

fn read_text(text: &str) -> Result<Scan, ReadError> {
    let tree = Tree::new(Path::new("/tmp/example"), Path::new("/tmp/example"));
    read_sarif(
        text.as_bytes(),
        Reading { thresholds: Thresholds::default(), tree: &tree, honor_suppressions: true },
    )
}

#[test]
fn a_result_that_cannot_be_read_is_of_unknown_severity() {
    let odd = r#"7, {"ruleId":"a","ruleId":"b"}, {"ruleId":"s","ruleIndex":2}, {"ruleId":"\ud800"}, null"#;
    let lines = lines(&read_text(&run(odd)).unwrap());
    assert_eq!(
        lines,
        [
            "error high 4x unreadable-result -: A result in the scanner's output cannot be read, so nobody knows how bad it is | ",
            "warning medium 1x s -: s | ",
        ]
    );
}

#[test]
fn what_is_no_report_is_an_error() {
    let check =
        |text: &str, expected: &str| assert_eq!(read_text(text).unwrap_err().to_string(), expected, "{text}");
    check("", "wrote no output");
    check(" \n", "wrote no output");
    check("{", "wrote what is not JSON (line 1, column 1)");
    check("[]", "wrote JSON that is not SARIF 2.1.0: it is no object");
    check("{}", "wrote JSON that is not SARIF 2.1.0: it has no version");
    check(r#"{"version":"2.1.0"}"#, "wrote JSON that is not SARIF 2.1.0: it has no run");
    check(r#"{"version":"2.1.0","runs":[]}"#, "wrote JSON that is not SARIF 2.1.0: it has no run");
    check(r#"{"version":"2.1.0","runs":[7]}"#, "wrote JSON that is not SARIF 2.1.0: one of its runs is none");
    check(
        r#"{"version":"2.1.0","runs":[{"results":{}}]}"#,
        "could not check: it has no list of results, so it never began",
    );
    check(
        r#"{"version":"2.1.0","runs":[{"results":[],"invocations":[{"executionSuccessful":false}]}]}"#,
        "could not check: it says that it failed",
    );
    check(
        r#"{"version":"2.1.0","runs":[{"results":[],"externalPropertyFileReferences":{}}]}"#,
        "wrote a report whose results are in other files, which are not read: have it write one file",
    );
    assert_eq!(
        read_sarif(
            b"\"\xff\"",
            Reading { thresholds: Thresholds::default(), tree: &Tree::default(), honor_suppressions: true }
        )
        .unwrap_err(),
        ReadError::NotJson { line: 1, column: 2 }
    );
}

#[test]
fn suppressions_count_only_where_somebody_lets_them() {
    let text = run(r#"{"ruleId":"r","suppressions":[{"kind":"inSource"}]}"#);
    assert_eq!(counts_of(&read_text(&text).unwrap()), [0, 0, 0, 1]);
    let tree = Tree::default();
    let deaf = Reading { thresholds: Thresholds::default(), tree: &tree, honor_suppressions: false };
    assert_eq!(counts_of(&read_sarif(text.as_bytes(), deaf).unwrap()), [0, 1, 0, 1]);
}

/// Whatever place a file names, it is in the tree; and there are as many results as there are.
#[test]
fn no_path_of_any_fixture_leaves_the_tree() {
    let mut seen: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for directory in ["checkov", "trivy", "semgrep", "by-hand", "odd"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(directory);
        for entry in std::fs::read_dir(path).unwrap() {
            let name = format!("{directory}/{}", entry.unwrap().file_name().to_str().unwrap());
            for issue in read(&name).map(|it| it.issues).unwrap_or_default() {
                if let Some(Subject::File { path, .. }) = issue.subject {
                    assert!(path.is_relative() && !path.starts_with(".."), "{}", path.display());
                    *seen.entry(path).or_default() += 1;
                }
            }
        }
    }
    assert!(seen.len() > 3, "{seen:?}");
}
