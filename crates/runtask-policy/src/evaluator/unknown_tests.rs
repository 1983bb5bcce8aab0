//! Tests what becomes of values that are known only after apply.

use super::tests::{asked, asked_as, messages, request};
use crate::message::{Event, Purpose, Violation};
use serde_json::{Value, json};

fn resource(name: &str, after: Value, after_unknown: Value) -> Value {
    json!({ "address": format!("a.{name}"), "type": "a", "mode": "managed", "change": {
        "actions": ["create"], "before": null, "after": after, "after_unknown": after_unknown,
    } })
}

fn plan() -> Value {
    json!({ "format_version": "1.2", "resource_changes": [
        resource("open", json!({ "tags": {} }), json!({ "acl": true, "id": true, "tags": { "owner": true } })),
        resource("bad", json!({ "acl": "public" }), json!({ "id": true })),
        resource("good", json!({ "acl": "private", "tags": { "owner": "x" } }), json!({ "id": true })),
    ], "output_changes": { "o": { "after_unknown": true } } })
}

fn violations(events: &[Event]) -> Vec<&Violation> {
    let answers =
        events.iter().filter_map(|it| if let Event::Answer(answer) = it { Some(answer) } else { None });
    answers.flat_map(|it| &it.violations).collect()
}

/// What rules for conftest say: `?` stands before what hangs on unknowns, and they behind it.
fn said(rules: &str) -> Vec<String> {
    let rego = format!("package main\n{rules}\n");
    let events = asked(&rego, &plan());
    let troubles = messages(&events).into_iter().filter(|it| it.contains('!'));
    let tell = |it: &Violation| {
        let hangs_on: Vec<String> =
            it.hangs_on.iter().map(|(address, attribute)| format!("{address} {attribute}")).collect();
        let mark = if it.unknown { "? " } else { "" };
        let hangs_on =
            if hangs_on.is_empty() { String::new() } else { format!(" [{}]", hangs_on.join(", ")) };
        format!("{mark}{}{hangs_on}", it.message)
    };
    violations(&events).into_iter().map(tell).chain(troubles).collect()
}

#[test]
fn a_policy_for_conftest_tells_what_it_cannot_know() {
    for (rule, expected) in [
        (
            r#"deny[msg] { r := input.resource_changes[_]; r.change.after.acl == "public"; msg := r.address }"#,
            &["? a.open [a.open acl]", "a.bad"][..],
        ),
        (
            r#"deny[msg] { r := input.resource_changes[_]; r.change.after.acl != "private"; msg := sprintf("%s is %s", [r.address, r.change.after.acl]) }"#,
            &["? a.open is (known after apply) [a.open acl]", "a.bad is public"],
        ),
        (
            r#"deny[msg] { r := input.resource_changes[_]; not r.change.after.tags.owner; msg := r.address }"#,
            &["? a.open [a.open tags.owner]", "a.bad"],
        ),
        (
            r#"deny[{"msg": "m", "resource": r.address}] { r := input.resource_changes[_]; startswith(r.change.after.acl, "pub") }"#,
            &["? m [a.open acl]", "m"],
        ),
        // What is certain is told as certain, whatever else is not known.
        (
            r#"deny[msg] { r := input.resource_changes[_]; r.change.after.acl == "public"; msg := sprintf("%v", [r.change]) }"#,
            &[
                r#"? {"actions": ["create"], "after": {"acl": "(known after apply)", "id": "(known after apply)", "tags": {"owner": "(known after apply)"}}, "after_unknown": {"acl": true, "id": true, "tags": {"owner": true}}, "before": null} [a.open acl]"#,
                r#"{"actions": ["create"], "after": {"acl": "public", "id": "(known after apply)"}, "after_unknown": {"id": true}, "before": null}"#,
            ],
        ),
        (
            r#"changed[r] { r := input.resource_changes[_] } deny[msg] { n := count(changed); n > 2; msg := sprintf("%d of %d", [n, count(changed)]) }"#,
            &["3 of 3"],
        ),
        (
            r#"problems[r.address] := "public" { r := input.resource_changes[_]; r.change.after.acl == "public" } deny[msg] { what := problems[address]; msg := sprintf("%s is %s", [address, what]) }"#,
            &["? a.open is public [a.open acl]", "a.bad is public"],
        ),
        (
            r#"bad[r.address] { r := input.resource_changes[_]; r.change.after.acl == "public" } deny[msg] { r := input.resource_changes[_]; bad[r.address]; msg := r.address }"#,
            &["? a.open [a.open acl]", "a.bad"],
        ),
        (
            r#"deny[msg] { r := input.resource_changes[_]; missing := {"env"} - {k | r.change.after.tags[k]}; count(missing) > 0; msg := sprintf("%s: %s", [r.address, concat(", ", missing)]) }"#,
            &["a.bad: env", "a.good: env", "a.open: env"],
        ),
        (
            r#"deny["some"] { count([r | r := input.resource_changes[_]; r.change.after.acl == "public"]) > 0 }"#,
            &["some"],
        ),
        (
            r#"deny["public"] { walk(input, [path, value]); path[count(path) - 1] == "acl"; value == "public" }"#,
            &["public"],
        ),
        (
            r#"deny[msg] { r := input.resource_changes[_]; object.get(r, ["change", "after", "acl"], "none") == "none"; msg := r.address }"#,
            &["? a.open [a.open acl]"],
        ),
        (r#"deny["o"] { input.output_changes.o.after == 1 }"#, &["? o [output.o ]"]),
        // Nothing is known of the message, not even that there is one.
        (
            r#"deny[x] { x := input.resource_changes[_].change.after.id.secret }"#,
            &[
                "? deny of main may find something [a.bad id]",
                "? deny of main may find something [a.good id]",
                "? deny of main may find something [a.open id]",
            ],
        ),
        (r#"deny["x"] { input.resource_changes[_].change.after.acl == "other" }"#, &["? x [a.open acl]"]),
        (r#"deny["x"] { r := input.resource_changes[_]; r.address == "a.open"; r.change.after.name }"#, &[]),
    ] {
        let mut found = said(rule);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{rule}");
    }
}

/// The findings that conftest has: what is not known is not there.
#[test]
fn absent_is_how_conftest_reads() {
    let rego = "package main\ndeny[msg] { r := input.resource_changes[_]; not r.change.after.tags.owner; msg := r.address }\n\
                warn[msg] { r := input.resource_changes[_]; r.change.after.acl != \"private\"; msg := r.address }\n";
    let mut request = request(&[("p.rego", rego)], &json!({}), Purpose::Judge);
    request.has_unknowns = false;
    let events = asked_as(&request, &plan().to_string());
    assert_eq!(
        messages(&events),
        ["data.main.deny: a.bad", "data.main.deny: a.open", "data.main.warn: a.bad"]
    );
    assert!(violations(&events).iter().all(|it| !it.unknown));
    // So does a rule that asks `after_unknown` itself.
    let own = format!("# METADATA\n# scope: package\n# custom:\n#   unknown: absent\n{rego}");
    assert_eq!(messages(&asked(&own, &plan())), messages(&events));
}

/// What hangs on one resource is about it, so that it can be excepted.
#[test]
fn a_finding_without_an_address_has_that_of_what_it_hangs_on() {
    let rego = "package main\ndeny[\"x\"] { input.resource_changes[_].change.after.acl == \"other\" }\n";
    let events = asked(rego, &plan());
    let [violation] = violations(&events)[..] else { panic!("{events:?}") };
    assert_eq!(violation.address.as_deref(), Some("a.open"));
    assert_eq!(violation.attribute.as_deref(), Some("acl"));
    assert_eq!(violation.change, Some(("–".into(), "(known after apply)".into())));
}

/// An exception of a package excepts where it is proved.
#[test]
fn what_may_except_does_not() {
    let rego = "package main\ndeny_x[\"x\"] { true }\nexception[[\"x\"]] { input.resource_changes[_].change.after.acl == \"other\" }\n";
    assert_eq!(messages(&asked(rego, &plan())), ["data.main.deny_x: x"]);
    let events = asked(&rego.replace("other", "public"), &plan());
    assert_eq!(messages(&events), ["data.main.deny_x: x (excepted)"]);
}

/// Tests see the plans that they give as they are written, unless they say otherwise.
#[test]
fn tests_say_how_they_take_unknowns() {
    let plan = plan();
    let rego = format!(
        r#"package main_test
import rego.v1
deny contains r.address if {{ some r in input.resource_changes; r.change.after.acl == "public" }}
plan := {plan}
test_absent if deny == {{"a.bad"}} with input as plan
# METADATA
# custom: {{unknown: expected}}
test_open if deny == {{"a.bad"}} with input as plan
# METADATA
# custom: {{unknown: value}}
test_proved if deny["a.bad"] with input as plan
# METADATA
# custom: {{unknown: value}}
test_too_much if deny == {{"a.bad"}} with input as plan
# METADATA
# custom: {{unknown: expected}}
test_nothing_open if deny["a.bad"] with input as plan
"#
    );
    let rego = rego.replace("deny", "found");
    let events = asked_as(&request(&[("p_test.rego", &rego)], &json!({}), Purpose::Test), "");
    assert_eq!(
        messages(&events),
        [
            "data.main_test.test_too_much! nobody can say: it hangs on what is known only after apply",
            "data.main_test.test_nothing_open! it hangs on nothing that is known only after apply, and should",
        ]
    );
}

/// What nobody knows takes no room from what is known, and counts as `unknown` says where there is none left.
#[test]
fn what_is_open_is_counted_apart() {
    let resources: Vec<Value> =
        (0..5_020).map(|it| resource(&it.to_string(), json!({}), json!({ "a": true }))).collect();
    let plan = json!({ "format_version": "1.2", "resource_changes": resources });
    let rego = "package main\n\
                deny_a[msg] { r := input.resource_changes[_]; r.change.after.a == 1; msg := r.address }\n\
                deny_b[msg] { r := input.resource_changes[_]; msg := r.address }\n";
    let events = asked(rego, &plan);
    let counts: Vec<_> = events
        .iter()
        .filter_map(|it| if let Event::Answer(answer) = it { Some(answer) } else { None })
        .map(|it| (it.violations.len(), it.more, it.more_unknown))
        .collect();
    assert_eq!(counts, [(5_000, 0, 20), (5_000, 20, 0)]);
}

/// A plan of many unknowns is judged in the time that one of as many values is, or so.
#[test]
fn many_unknowns_are_no_trouble() {
    let resources: Vec<Value> = (0..2_000)
        .map(|it| resource(&it.to_string(), json!({}), json!({ "a": true, "b": true, "c": true })))
        .collect();
    let plan = json!({ "format_version": "1.2", "resource_changes": resources });
    let rego = "package main\n\
                ids := {r.change.after.a | r := input.resource_changes[_]}\n\
                deny[\"join\"] { ids[input.resource_changes[_].change.after.b] }\n\
                deny[msg] { r := input.resource_changes[_]; not r.change.after.c == 1; msg := r.address }\n\
                warn[msg] { n := count([r | r := input.resource_changes[_]; r.change.after.a == r.change.after.b]); n > 5; msg := sprintf(\"%d\", [n]) }\n";
    let events = asked(rego, &plan);
    let troubles: Vec<String> = messages(&events).into_iter().filter(|it| it.contains('!')).collect();
    assert_eq!(troubles, [""; 0]);
    assert!(violations(&events).len() > 2_000);
}
