//! Configurations as conftest reads them, and what it reads and is not here.

use super::*;
use crate::builtins::calls::{calls, fails};
use crate::{AskError, Documents, EvaluationError, Heap, Limits, Policies, parse_json};

#[test]
fn configurations_are_read_as_in_conftest() {
    calls(
        ALL,
        &[
            ("parse_config", r#"["json", "{\"a\": [1.50, true]}"]"#, r#"{"a": [1.50, true]}"#),
            ("parse_config", r#"["yaml", "a: yes\nb: [x, 010]"]"#, r#"{"a": true, "b": ["x", 8]}"#),
            ("parse_config", r#"["yaml", "a: 1\n---\nb: 2"]"#, r#"[{"a": 1}, {"b": 2}]"#),
            (
                "parse_config",
                r#"["toml", "a = 0x1F\nb.c = [1.0, 1e30, 'x']\n[[d]]\ne = 2024-01-01T00:00:00Z\n[[d]]\nf = true"]"#,
                r#"{"a": 31, "b": {"c": [1, 1e+30, "x"]}, "d": [{"e": "2024-01-01T00:00:00Z"}, {"f": true}]}"#,
            ),
        ],
    );
    for (operands, wanted) in [
        (r#"["json", "{"]"#, "json: line 1, column 2: a key in quotes should stand here"),
        (r#"["toml", "a = 1\nb"]"#, "toml: line 2: this is not valid TOML"),
        (r#"["toml", "a = inf"]"#, "toml: infinity and what is no number are no JSON"),
        (r#"["toml", "a = 99999999999999999999"]"#, "toml: an integer is too large"),
    ] {
        fails(ALL, "parse_config", operands, wanted);
    }
}

/// What a policy `policies/main.rego` makes of an expression, with two files beside it.
fn asked(expression: &str) -> Result<Option<String>, AskError> {
    let mut policies = Policies::new();
    policies.add("other.rego", "package other", None).expect("a policy");
    policies.add("policies/main.rego", &format!("package main\nx := {expression}"), None).expect("a policy");
    let mut compiled = policies.compile().expect("a policy");
    let query = compiled.prepare("data.main.x").expect("a query");
    let mut heap = Heap::new(1 << 20);
    let nothing = parse_json(&mut heap, b"{}").expect("JSON");
    let files = [("policies/a.yaml", "a: 1"), ("policies/b/c.json", "[1, 2]"), ("policies/d.yaml", "a: [")];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
    let documents = Documents::new(heap, None, nothing).expect("a heap").with_files(files.collect());
    let mut session = compiled.session(&documents, &Limits::default()).expect("a session");
    let answer = session.ask(&query)?;
    Ok(answer.value().map(|it| answer.heap().shown(it)))
}

#[test]
fn files_are_those_below_the_policys_own_directory() {
    for (expression, wanted) in [
        (r#"parse_config_file("a.yaml")"#, r#"{"a": 1}"#),
        (r#"parse_config_file("./b//c.json")"#, "[1, 2]"),
        (
            r#"parse_combined_config_files(["b/c.json", "a.yaml", "a.yaml"])"#,
            r#"[{"contents": {"a": 1}, "path": "policies/a.yaml"}, {"contents": 1, "path": "policies/b/c.json"}, {"contents": 2, "path": "policies/b/c.json"}]"#,
        ),
        ("parse_combined_config_files([])", "[]"),
    ] {
        assert_eq!(asked(expression).expect("files").as_deref(), Some(wanted), "{expression}");
    }
}

#[test]
fn what_must_not_pass_for_nothing_ends_the_evaluation() {
    for (expression, wanted) in [
        (r#"parse_config_file("policies/a.yaml")"#, NO_FILE),
        (r#"parse_config_file("../policies/a.yaml")"#, LEADS_OUT),
        (r#"parse_config_file("/etc/passwd")"#, LEADS_OUT),
        (r#"parse_config_file("main.tf")"#, NOT_HERE),
        (r#"parse_config_file("Dockerfile")"#, NOT_HERE),
        (r#"parse_config_file("a.exe")"#, NO_PARSER),
        (r#"parse_combined_config_files(["a.yaml", "b.yaml"])"#, NO_FILE),
        (r#"parse_config("hcl2", "")"#, NOT_HERE),
        (r#"parse_config("no-such-parser", "")"#, NO_PARSER),
        (r#"parse_config_file("d.yaml")"#, "yaml: line 2, column 1: this is not valid YAML"),
    ] {
        match asked(expression).map_err(|it| it.error) {
            Err(EvaluationError::Builtin { message, .. }) => assert_eq!(message, wanted, "{expression}"),
            other => panic!("{expression}: {other:?}"),
        }
    }
    // A text that comes from elsewhere and is none is undefined, as in conftest.
    assert_eq!(asked(r#"parse_config("yaml", "a: [")"#).expect("undefined"), None);
}
