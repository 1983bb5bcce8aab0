//! Tests policies that would use up everything, or tell secrets.

use crate::place::{Place, repository_text};
use crate::{EMPTY_PLAN, POLICIES, path};

const SENSITIVE_PLAN: &str = "tests/fixtures/plans/sensitive/plan.json";

/// What each of these policies does takes more than there is. The other rules are asked all the same, and nothing runs
/// afterwards: see `Place::run_on`.
#[test]
fn hostile_policies_are_stopped_and_hide_nothing() {
    let head = |name: &str, rest: &str| format!("package {name}\n\nimport rego.v1\n\n{rest}\n");
    let range = head("range", "deny contains \"x\" if count(numbers.range(1, 1e12)) > 1");
    let doubling = head(
        "doubling",
        "two(x) := concat(\"\", [x, x])\n\nmany(x) := two(two(two(two(two(two(two(two(x))))))))\n\n\
         deny contains \"x\" if count(many(many(many(many(many(\"0123456789abcdef\")))))) > 1",
    );
    let cidr = head("cidr", "deny contains \"x\" if count(net.cidr_expand(\"0.0.0.0/0\")) > 1");
    let endless = head(
        "endless",
        "n := numbers.range(1, 1000)\n\n\
         deny contains \"x\" if { some a in n; some b in n; some c in n; some d in n; a + b + c + d < 0 }",
    );
    let quadratic = head(
        "quadratic",
        "text := concat(\"\", [\"aaaaaaaaaaaaaaaa\" | some _ in numbers.range(1, 20000)])\n\n\
         deny contains \"x\" if count(regex.find_n(`(a*b|a)`, text, -1)) > 1",
    );
    let good = head("good", "deny contains \"found\" if true");
    let config = format!("{POLICIES}time_limit_ms = 200\n");
    let place = Place::with(&[
        ("runtask.toml", &config),
        ("policies/b.rego", &range),
        ("policies/c.rego", &doubling),
        ("policies/d.rego", &cidr),
        ("policies/e.rego", &endless),
        ("policies/f.rego", &quadratic),
        ("policies/g.rego", &good),
    ])
    .variable("RUNTASK_POLICY_MEMORY_BYTES", "100000000");
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!((said.code, &*said.err), (1, "Task of runtask.toml: policy (policy)\n"));
    assert!(
        said.out.starts_with(
            "policy: 1 of 6 rules failed: good; 5 could not be asked: cidr, doubling, endless, quadratic, range\n"
        ),
        "{}",
        said.out
    );
    assert!(said.out.contains("5 not checked; 1 rule: 0 passed, 1 failed\n"), "{}", said.out);
    // Which limit comes first depends on the machine, except for these.
    for reason in [
        "Rule endless could not be asked: it did not finish within 0.2 s",
        "Rule quadratic could not be asked: it did not finish within 0.2 s",
        "error[good]: found",
    ] {
        assert!(said.out.contains(reason), "{}", said.out);
    }
}

/// As in OPA, nothing is asked of policies that call themselves.
#[test]
fn an_endless_recursion_is_refused() {
    let policy = "package a\n\nimport rego.v1\n\nf(x) := f(x + 1)\n\ndeny contains \"x\" if f(1)\n";
    let place = Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)]);
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(
        said.out.contains("policies/a.rego:5:1: rego_recursion_error: data.a.f needs itself"),
        "{}",
        said.out
    );
}

#[test]
fn a_policy_that_takes_too_much_memory_is_stopped_at_the_limit() {
    let policy =
        "package a\n\nimport rego.v1\n\ndeny contains \"x\" if count(numbers.range(1, 12000000)) > 1\n";
    let files = [("runtask.toml", POLICIES), ("policies/a.rego", policy)];
    let place = Place::with(&files).variable("RUNTASK_POLICY_MEMORY_BYTES", "200000000");
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.out.contains("it took more memory than the limit of 47 MiB"), "{}", said.out);
    // With more, it finishes: the limit was what stopped it.
    let place = Place::with(&files).variable("RUNTASK_POLICY_MEMORY_BYTES", "1000000000");
    let said = place.run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 1, "{}", said.out);
}

/// What a policy prints is read, however much it is, and shown to nobody.
#[test]
fn a_policy_may_print_as_much_as_it_likes() {
    let policy = "package a\n\nimport rego.v1\n\ndeny contains \"found\" if {\n\tsome n in numbers.range(1, 10000)\n\tprint(\"fixture-print\", n)\n\tn == 10000\n}\n";
    let said = Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)])
        .run(&["check", &path(EMPTY_PLAN)]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("error[a]: found") && !said.out.contains("fixture-print"), "{}", said.out);
    assert!(!said.err.contains("fixture-print"), "{}", said.err);
}

/// A value of a megabyte (a file of values, a bundle of certificates) takes no more time and memory than that.
#[test]
fn a_long_sensitive_value_can_be_searched_for() {
    let policy =
        "package a\n\nimport rego.v1\n\ndeny contains input.resource_changes[0].change.after.x if true\n";
    let place = Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)])
        .variable("RUNTASK_POLICY_MEMORY_BYTES", "100000000");
    let line = "fixture-line-of-a-long-value 0123456789\\n";
    let plan = format!(
        r#"{{"format_version":"1.2","resource_changes":[{{"address":"a.b","change":{{"actions":["create"],"after":{{"x":"{}"}},"after_sensitive":{{"x":true}}}}}}]}}"#,
        line.repeat(25_000)
    );
    let said = place.run_on(&["check", "-"], plan.as_bytes());
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("error[a]: (sensitive value)") && !said.out.contains("fixture"),
        "{}",
        said.out
    );
}

/// A policy that prints whatever it sees, on a plan with sensitive values of every kind.
#[test]
fn sensitive_values_are_in_no_format() {
    let policy = "\
package leak

import rego.v1

deny contains {\"msg\": sprintf(\"%v\", [r.change]), \"address\": r.address, \"attribute\": [name], \"fix\": json.marshal(r)} if {
	some r in input.resource_changes
	is_object(r.change.after)
	some name, _ in r.change.after
}

warn contains upper(json.marshal(part)) if some part in input

warn contains base64.encode(value) if value := input.resource_changes[_].change.after[_]

deny_error contains input.variables + 1 if true
";
    let place = Place::with(&[("runtask.toml", POLICIES), ("policies/leak.rego", policy)])
        .variable("RUNTASK_LOG", "trace");
    let secrets = [
        "fixture-password-1",
        "fixture-password-2",
        "fixture-nested-1",
        "fixture-token-1",
        "fixture-token-2",
        "fixture-token-3",
        "fixture-tag-1",
        "fixture-element-1",
    ];
    let plan = repository_text(SENSITIVE_PLAN);
    assert!(secrets.iter().all(|it| plan.contains(it)));
    for format in ["text", "json", "sarif", "junit", "github", "markdown"] {
        let said = place.run(&["check", &path(SENSITIVE_PLAN), "--format", format]);
        assert_eq!(said.code, 1, "{}", said.err);
        let said = [said.out, said.err].concat();
        assert!(said.contains("(sensitive value)"), "{said}");
        for secret in secrets {
            assert!(!said.contains(secret) && !said.contains(&secret.to_uppercase()), "{secret} in {format}");
        }
    }
}
