//! Tests what is said of policies and plans.

use super::*;
use crate::evaluation::Evaluation;
use crate::message::Violation;
use crate::room::MAX_VIOLATION_BYTES;
use crate::test_util::{self, said};
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(10);

/// What one policy says about a plan.
pub(super) fn asked(rego: &str, plan: &serde_json::Value) -> Vec<Event> {
    asked_with(&[("policies/p.rego", rego)], &json!({}), plan, Purpose::Judge)
}

pub(super) fn asked_with(
    files: &[(&str, &str)],
    data: &serde_json::Value,
    plan: &serde_json::Value,
    purpose: Purpose,
) -> Vec<Event> {
    asked_within(files, data, &plan.to_string(), purpose, LIMIT)
}

fn asked_within(
    files: &[(&str, &str)],
    data: &serde_json::Value,
    plan: &str,
    purpose: Purpose,
    limit: Duration,
) -> Vec<Event> {
    let time_limit_ms = u64::try_from(limit.as_millis()).unwrap();
    asked_as(&Request { time_limit_ms, ..request(files, data, purpose) }, plan)
}

/// A question to files, with the library beside them, about a run of which something is known.
pub(crate) fn request(files: &[(&str, &str)], data: &serde_json::Value, purpose: Purpose) -> Request {
    Request {
        data: data.clone(),
        run: json!({ "workspace": "net-prod", "speculative": true }),
        params: json!({ "size": 3 }),
        ..test_util::request(files, purpose)
    }
}

pub(crate) fn asked_as(request: &Request, plan: &str) -> Vec<Event> {
    said(request, &OnceLock::new(), plan.as_bytes())
}

/// `rule: message` for everything that rules object to, and `rule! why` for those that could not be asked.
pub(super) fn messages(events: &[Event]) -> Vec<String> {
    let mut rules = Vec::new();
    let mut found = Vec::new();
    for event in events {
        match event {
            Event::Rules(these) => rules.clone_from(these),
            Event::Answer(answer) => {
                let path = &rules[answer.index].path;
                let excepted = if answer.excepted { " (excepted)" } else { "" };
                found.extend(answer.violations.iter().map(|it| format!("{path}: {}{excepted}", it.message)));
                found.extend(answer.trouble.iter().map(|it| format!("{path}! {}", it.summary)));
            }
            Event::Refused(refusal) => {
                found.extend(refusal.errors.iter().map(|it| format!("{:?}! {}", refusal.cause, it.summary)));
            }
            Event::Warnings(_) | Event::Plan(_) | Event::Seen(_) | Event::Solutions(_) | Event::Done => {}
        }
    }
    found
}

pub(super) fn plan() -> serde_json::Value {
    json!({ "format_version": "1.2", "resource_changes": [
        { "address": "aws_s3_bucket.a", "type": "aws_s3_bucket", "change": {
            "actions": ["update"],
            "before": { "acl": "private", "tags": { "a/b": 1 } }, "before_sensitive": {},
            "after": { "acl": "public-read", "password": "fixture-password-1", "list": [{ "x": 1 }] },
            "after_unknown": { "arn": true, "list": [{ "y": true }] },
            "after_sensitive": { "password": true },
        } },
    ] })
}

/// F-05 and the rules' names in conftest: `deny`, `violation`, `warn`, each with a suffix or without, texts or objects.
#[test]
fn rules_are_those_that_conftest_asks() {
    let rego = r#"
package main
import rego.v1
deny contains "one" if input.resource_changes
deny_two contains {"msg": "two", "metadata": {"x": 1}} if true
violation contains {"msg": "three"} if true
violation_four := ["four"]
warn contains "five" if data.run.speculative
warn_six contains sprintf("six %v", [data.params.size]) if data.run.workspace == "net-prod"
deny_never contains "never" if input.nothing
deny_ contains "no rule by its name" if true
denied contains "no rule by its name" if true
deny_f(x) := x
helper := "deny"
"#;
    assert_eq!(
        messages(&asked(rego, &plan())),
        [
            "data.main.deny: one",
            "data.main.deny_two: two",
            "data.main.violation: three",
            "data.main.violation_four: four",
            "data.main.warn: five",
            "data.main.warn_six: six 3",
        ]
    );
}

#[test]
fn policies_in_the_older_syntax_work_unchanged() {
    let older = "package main\n\nis_public(acl) { acl == \"public-read\" }\n\ndeny[msg] {\n  r := input.resource_changes[_]\n  is_public(r.change.after.acl)\n  msg = sprintf(\"%s is public\", [r.address])\n}\n";
    let newer = "package newer\nimport rego.v1\ndeny contains \"new\" if true\n";
    let events = asked_with(&[("a.rego", older), ("b.rego", newer)], &json!({}), &plan(), Purpose::Judge);
    assert_eq!(messages(&events), ["data.main.deny: aws_s3_bucket.a is public", "data.newer.deny: new"]);
}

/// U-04: of a file that mixes the two, the engine would take `contains` for a name.
#[test]
fn a_file_has_one_syntax() {
    let older = "deny[msg] {\n  msg := \"old\"\n}\n";
    let newer = "deny contains msg if {\n  msg := \"new\"\n}\n";
    let said = messages(&asked(&format!("package main\n{older}{newer}"), &plan()));
    assert!(said[0].starts_with("Policies! policies/p.rego:2:1: `contains` is required"), "{said:?}");
    let with_keywords = format!("package main\nimport future.keywords\n{older}{newer}");
    assert_eq!(messages(&asked(&with_keywords, &plan())), ["data.main.deny: new", "data.main.deny: old"]);
    let head = "package main\nimport rego.v1\n";
    let (objects, lists) = (format!("{head}deny[msg] if {{ msg := \"x\" }}\n"), format!("{head}{newer}"));
    let files = [("a.rego", &*objects), ("b.rego", &*lists)];
    let said = messages(&asked_with(&files, &json!({}), &plan(), Purpose::Judge));
    assert!(said[0].contains("data.main.deny is defined as two kinds of rule"), "{said:?}");
}

#[test]
fn exceptions_of_a_package_except_by_name() {
    let rego = r#"
package main
import rego.v1
deny contains "plain" if true
deny_other contains "other" if true
exception contains rules if {
    input.resource_changes
    rules := ["other", "nothing"]
}
"#;
    assert_eq!(
        messages(&asked(rego, &plan())),
        ["data.main.deny: plain", "data.main.deny_other: other (excepted)"]
    );
    let all =
        "package main\nimport rego.v1\ndeny contains \"plain\" if true\nexception contains [\"\"] if true\n";
    assert_eq!(messages(&asked(all, &plan())), ["data.main.deny: plain (excepted)"]);
}

#[test]
fn what_cannot_be_compiled_is_said_with_its_place() {
    let head = "package main\nimport rego.v1\n";
    let mistakes = [
        "package main\ndeny[msg] {\n  msg = \"a\"\n".to_owned(),
        format!("{head}deny contains x if y\n"),
        "no package".to_owned(),
        format!("{head}deny contains \"a\" if p\np if q\nq if p\n"),
        format!(
            "{head}deny contains \"a\" if startswith(input.x)\nwarn contains \"b\" if contains(input.x, 1)\n"
        ),
        format!("{head}deny contains \"a\" if {{\n\tx := \n}}\nwarn contains if {{ }}\n"),
    ];
    let said = mistakes.map(|it| messages(&asked(&it, &plan())).join("\n"));
    insta::assert_snapshot!(said.join("\n"), @"
    Policies! policies/p.rego:4:1: expected the end of the line, `;` or `}` for the `{` of line 2, found the end of the text
    Policies! policies/p.rego:3:20: rego_unsafe_var_error: nothing gives `y` its value
    Policies! policies/p.rego:3:1: rego_unsafe_var_error: nothing gives `x` its value
    Policies! policies/p.rego:1:1: expected `package`, found `no` (a file begins with its package, as `package main`)
    Policies! policies/p.rego:1:4: expected `:=` and a value, or `if` and a body, found the keyword `package`
    Policies! policies/p.rego:5:1: rego_recursion_error: data.main.q needs itself
    Policies! policies/p.rego:3:22: rego_type_error: startswith takes 2 operands, and has 1
    Policies! policies/p.rego:5:1: expected a term, found `}`
    Policies! policies/p.rego:6:15: expected a term, found the keyword `if`
    ");
}

/// What could reach out is not there.
#[test]
fn policies_cannot_reach_the_network_or_the_environment() {
    for (call, function) in [
        ("http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"})", "http.send"),
        ("net.lookup_ip_addr(\"localhost\")", "net.lookup_ip_addr"),
    ] {
        let rego = format!("package main\nimport rego.v1\ndeny contains x if {{ x := {call} }}\n");
        let said = messages(&asked(&rego, &plan()));
        assert!(said[0].contains(&format!("{function} is not there")), "{said:?}");
    }
    let rego = "package main\nimport rego.v1\ndeny contains sprintf(\"%v\", [opa.runtime().env]) if true\n";
    assert_eq!(messages(&asked(rego, &plan())), ["data.main.deny: {}"]);
}

/// Policies for conftest are full of these. As in OPA, `\d`, `\w` and `\s` know ASCII.
#[test]
fn regular_expressions_know_classes_of_characters() {
    for (pattern, matches) in [
        (r"^\d{12}$", &["123456789012"][..]),
        (r"^[\w+=,.@-]+$", &["123456789012", "a@b"]),
        (r"\s", &["a b"]),
        (r"(?i)^É$", &["é"]),
        (r"^\p{Greek}$", &["Δ"]),
    ] {
        let texts = r#"["123456789012", "a@b", "a b", "é", "Δ"]"#;
        let rule = format!("deny contains x if {{ some x in {texts}; regex.match(`{pattern}`, x) }}");
        let expected: Vec<_> = matches.iter().map(|it| format!("data.main.deny: {it}")).collect();
        let rego = format!("package main\nimport rego.v1\n{rule}\n");
        assert_eq!(messages(&asked(&rego, &plan())), expected, "{pattern}");
    }
}

/// Expressions take memory, and no expression takes all of it: one that is too large is undefined, as one is that OPA does
/// not take.
#[test]
fn a_regular_expression_may_not_be_too_large() {
    let rego = "package main\nimport rego.v1\ndeny contains \"x\" if regex.match(`(\\w{1000}){1000}`, \"a\")\nwarn contains \"w\" if true\n";
    assert_eq!(messages(&asked(rego, &plan())), ["data.main.warn: w"]);
}

#[test]
fn a_builtin_that_fails_is_undefined_as_in_opa() {
    let rego = "package main\nimport rego.v1\ndeny contains \"a\" if to_number(\"x\") > 1\ndeny contains \"b\" if not json.unmarshal(\"{\")\n";
    assert_eq!(messages(&asked(rego, &plan())), ["data.main.deny: b"]);
}

#[test]
fn what_a_rule_yields_must_be_a_message() {
    for yields in ["1", "{\"message\": \"m\"}", "{\"msg\": 1}", "[\"a\"]"] {
        let rego = format!(
            "package main\nimport rego.v1\ndeny contains {yields} if true\nwarn contains \"w\" if true"
        );
        let said = messages(&asked(&rego, &plan()));
        assert!(said[0].starts_with("data.main.deny! it yields "), "{said:?}");
        assert_eq!(said[1], "data.main.warn: w");
    }
}

/// V-10: what is no message takes nothing of what is one.
#[test]
fn what_a_rule_has_found_stays_where_something_else_of_it_is_broken() {
    let head = "package main\nimport rego.v1\ndeny contains \"public\" if true\n";
    let said = |more: &str| messages(&asked(&format!("{head}{more}\n"), &plan()));
    assert_eq!(
        said("deny contains 7 if true"),
        [
            "data.main.deny: public",
            "data.main.deny! it yields something else than texts, or objects with `msg`"
        ]
    );
    let said = said("exception contains x if x := http.send({})");
    assert!(said[0] == "data.main.deny: public" && said[1].starts_with("data.main.deny! "), "{said:?}");
}

/// Whoever writes it means it to deny.
#[test]
fn a_rule_without_messages_is_not_a_rule_that_passed() {
    for rule in [
        "deny if true",
        "deny := \"public\"",
        "deny := 1",
        "deny := null",
        "deny := {\"msg\": \"public\"}",
        "deny[address] := \"public\" if address := \"a.b\"",
        "deny.public contains \"public\" if true",
    ] {
        let said = messages(&asked(&format!("package main\nimport rego.v1\n{rule}\n"), &plan()));
        assert_eq!(
            said,
            [
                "data.main.deny! it yields no list of messages: a rule begins with `deny contains \"what is wrong\" if`"
            ]
        );
    }
    for rule in ["deny if false", "deny := false", "deny[k] := v if some k, v in input.nothing"] {
        let said = messages(&asked(&format!("package main\nimport rego.v1\n{rule}\n"), &plan()));
        assert_eq!(said, [""; 0], "{rule}");
    }
}

#[test]
fn an_endless_rule_is_stopped_and_the_others_are_asked() {
    let rego = "package main\nimport rego.v1\nn := numbers.range(1, 1000)\ndeny contains \"x\" if { some a in n; some b in n; some c in n; a + b + c < 0 }\nwarn contains \"w\" if true\n";
    let limit = Duration::from_millis(50);
    let events = asked_within(&[("p.rego", rego)], &json!({}), &plan().to_string(), Purpose::Judge, limit);
    assert_eq!(messages(&events), ["data.main.deny! it did not finish within 0.05 s", "data.main.warn: w"]);
}

/// Whoever reads the answers makes a text of each, and has not much memory in a function.
#[test]
fn of_many_things_that_rules_object_to_the_last_are_counted() {
    let rego = "package main\nimport rego.v1\ndeny contains sprintf(\"%d\", [n]) if some n in numbers.range(1, 6000)\nwarn contains {\"msg\": sprintf(\"%d\", [n])} if some n in numbers.range(1, 20)\n";
    let events = asked(rego, &plan());
    let mut evaluation = Evaluation::default();
    events.into_iter().for_each(|it| drop(evaluation.hear(it)));
    evaluation.finish("it was not asked");
    let told: Vec<_> = evaluation.answers.iter().map(|it| (it.violations.len(), it.more)).collect();
    assert_eq!(told, [(5000, 1000), (10, 10)]);
    let long = "package main\nimport rego.v1\nlong := concat(\"\", [\"€\" | some _ in numbers.range(1, 3000)])\ndeny contains {\"msg\": sprintf(\"%d %s\", [n, long])} if some n in numbers.range(1, 3000)\n";
    let events = asked(long, &plan());
    let Some(Event::Answer(answer)) = events.iter().find(|it| matches!(it, Event::Answer(_))) else {
        panic!()
    };
    assert_eq!(answer.violations.len() + answer.more, 3000);
    let bytes: usize = answer.violations.iter().map(Violation::bytes).sum();
    assert!(bytes > MAX_VIOLATION_BYTES && bytes < MAX_VIOLATION_BYTES + 10_000, "{bytes}");
}

/// The object that people know by an address is the one that the table is about.
#[test]
fn a_deposed_object_is_not_shown() {
    let change = |before: &str, after: &str| json!({ "actions": ["update"], "before": { "acl": before }, "after": { "acl": after } });
    let plan = json!({ "format_version": "1.2", "resource_changes": [
        { "address": "a.b", "change": change("private", "public-read") },
        { "address": "a.b", "deposed": "00000001", "change": change("log", "gone") },
    ] });
    let rego = "package main\nimport rego.v1\ndeny contains {\"msg\": \"x\", \"address\": \"a.b\", \"attribute\": \"acl\"} if true\n";
    let events = asked(rego, &plan);
    let Some(Event::Answer(answer)) = events.iter().find(|it| matches!(it, Event::Answer(_))) else {
        panic!()
    };
    assert_eq!(answer.violations[0].change, Some(("\"private\"".into(), "\"public-read\"".into())));
}

/// What an attribute was and becomes; what is unknown, sensitive or not there is said so.
#[test]
fn the_change_of_an_attribute_is_looked_up_in_the_plan() {
    let rego = r#"
package main
import rego.v1
attributes := [["acl"], ["password"], ["arn"], ["list", 0, "x"], ["list", 0, "y"], ["tags", "a/b"], ["no", 7]]
deny contains {"msg": sprintf("%d", [i]), "address": "aws_s3_bucket.a", "attribute": attribute} if {
    some i, attribute in attributes
}
deny contains {"msg": "7", "resource": {"address": "aws_s3_bucket.a"}, "attribute": "acl", "unknown": true, "severity": "low", "fix": "so"} if true
deny contains {"msg": "8", "details": {"resource": "aws_s3_bucket.none", "attribute": "acl"}} if true
"#;
    let events = asked(rego, &plan());
    let Some(Event::Answer(answer)) = events.iter().find(|it| matches!(it, Event::Answer(_))) else {
        panic!()
    };
    let lines: Vec<_> = answer
        .violations
        .iter()
        .map(|it| {
            let (before, after) = it.change.clone().unwrap_or_default();
            let address = it.address.as_deref().unwrap_or_default();
            format!(
                "{} {address} {}: {before} -> {after} {} {:?} {:?}",
                it.message,
                it.attribute.as_deref().unwrap_or_default(),
                it.unknown,
                it.severity,
                it.fix
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0 aws_s3_bucket.a acl: "private" -> "public-read" false None None
    2 aws_s3_bucket.a arn: – -> (known after apply) false None None
    3 aws_s3_bucket.a list[0].x: – -> 1 false None None
    4 aws_s3_bucket.a list[0].y: – -> (known after apply) false None None
    6 aws_s3_bucket.a no[7]: – -> – false None None
    1 aws_s3_bucket.a password: – -> (sensitive value) false None None
    5 aws_s3_bucket.a tags["a/b"]: 1 -> – false None None
    7 aws_s3_bucket.a acl: "private" -> "public-read" true Some("low") Some("so")
    8 aws_s3_bucket.none acl:  ->  false None None
    "#);
}

/// Whatever a policy writes, what the plan marks stays inside; addresses stay readable.
#[test]
fn sensitive_values_do_not_leave() {
    let rego = r#"
package main
import rego.v1
secret := input.resource_changes[0].change.after.password
deny contains sprintf("%v in %v", [secret, input]) if true
deny contains {"msg": upper(secret), "address": secret, "attribute": [secret], "fix": secret} if true
deny contains base64.encode(secret) if true
warn contains {"no": secret} if true
"#;
    let events = format!("{:?}", asked(rego, &plan()));
    for leak in ["fixture-password-1", "FIXTURE-PASSWORD-1", "Zml4dHVyZS1wYXNzd29yZC0x"] {
        assert!(!events.contains(leak), "{events}");
    }
    assert!(events.contains("(sensitive value) in "), "{events}");
}

/// What is too long is cut, and a sensitive value at that place is not half of one.
#[test]
fn a_message_is_cut_after_sensitive_values_are_gone() {
    let rego = r#"
package main
import rego.v1
secret := input.resource_changes[0].change.after.password
dots(n) := concat("", ["." | some _ in numbers.range(1, n)])
deny contains concat("", [dots(n), secret]) if some n in numbers.range(1983, 2000)
"#;
    let said = messages(&asked(rego, &plan()));
    assert_eq!(said.len(), 18);
    assert!(said.iter().all(|it| !it.contains("fix")), "{said:?}");
}

/// Hostile plans: each has a clear answer, and no value of it in the answer.
#[test]
fn a_plan_that_cannot_be_read_is_refused_without_its_values() {
    let deep = format!("{{\"format_version\": \"1.2\", \"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let plans = [
        "",
        "secret",
        "[\"secret\"]",
        "\"secret\"",
        "{\"secret\": 1}",
        "{\"format_version\": \"1.2\", \"resource_changes\": [secret]}",
        "{\"format_version\": \"1.0\", \"values\": {}}",
        "{\"format_version\": \"1.2\"} secret",
        "{\"format_version\": \"1.2\", \"x\": 1e999999}",
        &deep,
    ];
    let rego = "package main\nimport rego.v1\ndeny contains \"x\" if false\n";
    let said = plans.map(|plan| {
        let events = asked_within(&[("p.rego", rego)], &json!({}), plan, Purpose::Judge, LIMIT);
        let said = messages(&events).join("; ");
        assert!(!said.contains("secret"));
        said
    });
    insta::assert_snapshot!(said.join("\n"), @"
    Plan! the plan is not JSON: a value should stand here (line 1, column 1)
    Plan! the plan is not JSON: a value should stand here (line 1, column 1)
    Plan! the plan is not what `terraform show -json` prints
    Plan! the plan is not what `terraform show -json` prints
    Plan! the plan is not what `terraform show -json` prints
    Plan! the plan is not JSON: a value should stand here (line 1, column 48)
    Plan! this is a state and not a plan: save one with `terraform plan -out=FILE`
    Plan! the plan is not JSON: the text should end here (line 1, column 27)

    Plan! the plan cannot be read: a value is nested more than 127 deep
    ");
}

/// A number past 64 bits is exact; of two values of one key the last counts.
#[test]
fn odd_plans_are_judged_as_they_are() {
    let rego = r#"
package main
import rego.v1
deny contains sprintf("%v %v", [input.big, input.twice]) if true
deny contains "list" if some r in input.resource_changes
"#;
    let plan = r#"{"format_version": 7, "big": 123456789012345678901234567890, "twice": 1, "twice": 2, "resource_changes": {"a": null}}"#;
    let events = asked_within(&[("p.rego", rego)], &json!({}), plan, Purpose::Judge, LIMIT);
    assert_eq!(
        messages(&events),
        ["data.main.deny: 123456789012345678901234567890 2", "data.main.deny: list"]
    );
}

#[test]
fn data_is_there_and_may_not_take_our_names() {
    let rego = "package main\nimport rego.v1\ndeny contains x if some x in data.net.names\n";
    let files = [("p.rego", rego)];
    let data = json!({ "net": { "names": ["a", "b"] } });
    let events = asked_with(&files, &data, &plan(), Purpose::Judge);
    assert_eq!(messages(&events), ["data.main.deny: a", "data.main.deny: b"]);
    let events = asked_with(&files, &json!({ "run": 1 }), &plan(), Purpose::Judge);
    insta::assert_snapshot!(messages(&events).join("\n"), @"Policies! the data for policies has a document `run`, which the run task sets itself");
}

/// The engine would take the data, and the rule would find nothing.
#[test]
fn data_in_the_place_of_a_rule_is_refused() {
    let rego = "package tags.names\nimport rego.v1\ndeny contains \"x\" if limit > 1\nlimit := 7\nf(x) := x\ndefault other := 1\n";
    let said = |data: serde_json::Value| {
        messages(&asked_with(&[("p.rego", rego)], &data, &plan(), Purpose::Judge)).join("\n")
    };
    let refused = |path: &str| format!("Policies! the data for policies has `{path}`, where ");
    for (data, path) in [
        (json!({ "tags": { "names": { "deny": [] } } }), "tags.names.deny"),
        (json!({ "tags": { "names": { "limit": null } } }), "tags.names.limit"),
        (json!({ "tags": { "names": { "f": 1 } } }), "tags.names.f"),
        (json!({ "tags": { "names": { "other": {} } } }), "tags.names.other"),
        (json!({ "tags": { "names": ["owner"] } }), "tags.names.deny"),
        (json!({ "tags": null }), "tags.names"),
        (json!({ "runtask": { "plan": { "changes": [] } } }), "runtask.plan.changes"),
    ] {
        let said = said(data);
        assert!(said.starts_with(&refused(path)), "{said}");
    }
    assert_eq!(
        said(json!({ "tags": { "names": { "list": [] }, "deny": 1 }, "names": 7 })),
        "data.tags.names.deny: x"
    );
}

#[test]
fn tests_pass_where_they_are_true() {
    let rego = r#"
package main
import rego.v1
deny contains "x" if input.x
test_denies if deny["x"] with input as {"x": true}
test_allows if count(deny) == 0
test_wrong if count(deny) == 1
test_false := false
testing := false
"#;
    let events = asked_with(&[("p_test.rego", rego)], &json!({}), &json!(null), Purpose::Test);
    assert_eq!(
        messages(&events),
        [
            "data.main.test_wrong! line 7 does not hold: test_wrong if count(deny) == 1",
            "data.main.test_false! it is false"
        ]
    );
    let ends = events.iter().filter(|it| matches!(it, Event::Answer(_))).count();
    assert_eq!(ends, 4);
}

#[test]
fn packages_with_odd_names_are_asked_too() {
    let rego = "package policies[\"1.0\"].x\nimport rego.v1\ndeny contains \"m\" if true\n";
    assert_eq!(messages(&asked(rego, &plan())), ["data.policies[\"1.0\"].x.deny: m"]);
}
