//! Tests where policies differ from conftest and OPA: docs/policies.md lists these tests.

use super::tests::{asked, asked_as, asked_with, messages, plan, request};
use crate::message::{Purpose, Request};
use crate::source_file::SourceFile;
use serde_json::json;

/// What rules say in a package `main`, of Rego v1.
fn said(rules: &str) -> Vec<String> {
    messages(&asked(&format!("package main\nimport rego.v1\n{rules}\n"), &plan()))
}

/// Conftest asks `main` unless told otherwise.
#[test]
fn every_package_is_asked_unless_settings_name_some() {
    let files = [
        ("a.rego", "package main\nimport rego.v1\ndeny contains \"a\" if true\n"),
        ("b.rego", "package team.web\nimport rego.v1\ndeny contains \"b\" if true\n"),
    ];
    let events = asked_with(&files, &json!({}), &plan(), Purpose::Judge);
    assert_eq!(messages(&events), ["data.main.deny: a", "data.team.web.deny: b"]);
}

/// Conftest asks it. Here tests are no part of what is asked, so it would be passed over.
#[test]
fn a_rule_in_a_file_of_tests_is_refused() {
    let rule = "package main\nimport rego.v1\ndeny contains \"x\" if true\n";
    let files = [("a.rego", rule), ("a_test.rego", rule), ("b_test.rego", "package b_test\ntest_x {\n")];
    let said = |files: &[(&str, &str)], purpose| messages(&asked_with(files, &json!({}), &plan(), purpose));
    let expected = "Policies! a_test.rego:3: `deny` is never asked, because files that end in _test.rego are tests: \
                    put it into another file";
    assert_eq!(said(&files, Purpose::List), [expected]);
    assert_eq!(said(&files, Purpose::Judge), [expected]);
    // A mistake in a test is nobody's but the test's.
    assert_eq!(said(&[files[0], files[2]], Purpose::List), [""; 0]);
    assert_eq!(said(&[files[0], files[2]], Purpose::Judge), ["data.main.deny: x"]);
}

/// Conftest takes an empty message for none.
#[test]
fn an_empty_message_is_a_finding() {
    assert_eq!(said("deny contains \"\" if true"), ["data.main.deny: "]);
}

/// Conftest reads any file. Here a policy reads what was read with it, and what is not there does not pass for nothing.
#[test]
fn a_policy_reads_files_below_its_own_directory() {
    let said = |path: &str| {
        let rego = format!(
            "package main\nimport rego.v1\ndeny contains name if some name in parse_config_file(\"{path}\").names\n"
        );
        let config = SourceFile { name: "policy/names.toml".into(), text: "names = ['a', 'b']".into() };
        let asked = request(&[("policy/p.rego", &rego)], &json!({}), Purpose::Judge);
        messages(&asked_as(&Request { configs: vec![config], ..asked }, &plan().to_string()))
    };
    assert_eq!(said("names.toml"), ["data.main.deny: a", "data.main.deny: b"]);
    for (path, why) in
        [("gone.toml", "there is no such file"), ("../x.toml", "leads out"), ("a.tf", "json, toml and yaml")]
    {
        let said = said(path);
        assert!(
            matches!(&said[..], [only] if only.starts_with("data.main.deny! ") && only.contains(why)),
            "{said:?}"
        );
    }
}

/// OPA reads certificates. Here a rule that calls for it cannot be asked, and no policy is asked that calls what OPA does not
/// have either.
#[test]
fn functions_that_are_not_there_are_named() {
    for call in
        ["graphql.is_valid(\"\", \"\")", "crypto.x509.parse_certificates(\"\")", "no.such_function(1)"]
    {
        let name = call.split('(').next().unwrap();
        let said = said(&format!("deny contains \"x\" if {call}\nwarn contains \"w\" if true"));
        assert!(said.iter().any(|it| it.contains(name)), "{said:?}");
        assert!(!said.iter().any(|it| it == "data.main.deny: x"), "{said:?}");
    }
}

/// A rule's own name will do, as in OPA.
#[test]
fn with_takes_the_name_of_a_rule_of_the_package() {
    let rego = "package main\nimport rego.v1\nlimit := 1\nis_low if limit < 5\ntest_high if not is_low with limit as 7\n";
    assert_eq!(
        messages(&asked_with(&[("p_test.rego", rego)], &json!({}), &json!(null), Purpose::Test)),
        [""; 0]
    );
}

/// What it prints is not shown: it may be anything that the plan holds.
#[test]
fn what_a_policy_prints_is_not_shown() {
    assert_eq!(said("deny contains \"x\" if { print(\"hello\"); trace(\"hello\") }"), ["data.main.deny: x"]);
}

/// Conftest says there which file is being judged.
#[test]
fn there_is_no_file_to_know_of() {
    assert_eq!(said("deny contains \"x\" if data.conftest.file.name"), [""; 0]);
}

/// As in OPA: whatever is wrong with its arguments, `sprintf` yields a text, and the rule denies.
#[test]
fn a_message_that_cannot_be_formatted_denies_all_the_same() {
    let rules = r#"
deny contains sprintf("%s is %t", ["a"]) if true
deny contains sprintf("%d of %.1f%%", ["b", 50, "more"]) if true
deny contains msg if sprintf("%5s|", ["c"], msg)
"#;
    assert_eq!(
        said(rules),
        [
            "data.main.deny:     c|",
            "data.main.deny: %!d(string=b) of %!f(int=50)%%!(EXTRA string=more)",
            "data.main.deny: a is %!t(MISSING)"
        ]
    );
}

/// Functions that OPA has taken away, and that old policies call.
#[test]
fn functions_of_older_versions_are_there() {
    let older = r#"
package main
deny["match"] { re_match(`^a+$`, "aa"); not re_match(`^a+$`, "b") }
deny["any"] { any([false, true]); not any([false]); not any([]) }
deny["all"] { all([true, true]); not all({false, true}); all([]) }
deny["cidr"] { net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16") }
"#;
    assert_eq!(
        messages(&asked(older, &plan())),
        ["data.main.deny: all", "data.main.deny: any", "data.main.deny: cidr", "data.main.deny: match"]
    );
}

/// As in OPA: what is worked out of a package is what is asked of it.
#[test]
fn packages_below_one_that_they_import_work() {
    let files = [
        ("s3.rego", "package s3\nbuckets[x] { x := input.resource_changes[_].address }\n"),
        ("a.rego", "package s3.a\nimport data.s3\nbad[x] { x := s3.buckets[_] }\n"),
        ("b.rego", "package s3.b\nimport data.s3\nbad[x] { x := s3.buckets[_] }\n"),
        ("main.rego", "package main\nimport data.s3.a\nimport data.s3.b.bad\ndeny[x] { a.bad[x]; bad[x] }\n"),
    ];
    let events = asked_with(&files, &json!({}), &plan(), Purpose::Judge);
    assert_eq!(messages(&events), ["data.main.deny: aws_s3_bucket.a"]);
}
