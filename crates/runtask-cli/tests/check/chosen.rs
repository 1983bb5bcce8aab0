//! Tests which tasks are used, and what is said of everything that they leave unread.

use crate::place::{Place, repository_text};
use crate::{EMPTY_PLAN, POLICIES, PUBLIC_PLAN, SHIPPED, SHIPPED_TASK, path, terraform};
use serde_json::Value;
use std::fs;

/// V-07: the file beside what is checked is the one that is used, and a line says so; two of them are one too many.
#[test]
fn the_file_beside_what_is_checked_is_found() {
    let terraform = terraform().display().to_string();
    let place = Place::with(&[
        ("net/main.tf", "a = 1\n"),
        ("net/runtask.toml", "[tasks.net]\nchecks = [\"plan-summary\"]\n"),
        ("net/plan.json", &repository_text(EMPTY_PLAN)),
        ("plain/main.tf", "a = 1\n"),
    ])
    .variable("RUNTASK_TERRAFORM", &terraform);
    let said = place.run(&["check", "net"]);
    assert_eq!((said.code, &*said.out), (2, ""), "{}", said.err);
    assert!(said.err.starts_with("Task of net/runtask.toml: net (plan-summary)\n"), "{}", said.err);
    let said = place.run(&["check", "net/plan.json"]);
    assert_eq!((said.code, &*said.err), (0, "Task of net/runtask.toml: net (plan-summary)\n"));
    let said = place.run(&["check", "plain"]);
    assert_eq!((said.code, &*said.err), (0, "Task without a runtask.toml: default (fmt)\n"));
    // What the run would be told is the same.
    let said = place.run(&["simulate", "net"]);
    assert!(
        said.code == 2 && said.err.contains("no check of the task net reads"),
        "{}{}",
        said.out,
        said.err
    );

    fs::write(place.path().join("runtask.toml"), "[tasks.default]\nchecks = [\"fmt\"]\n").unwrap();
    let said = place.run(&["check", "net"]);
    let error =
        "error: there are runtask.toml and net/runtask.toml: say with --config which of them to use\n";
    assert_eq!((said.code, &*said.err), (2, error));
    assert_eq!(place.run(&["simulate", "net"]).err, error);
    let said = place.run(&["check", "net", "--config", "runtask.toml"]);
    assert_eq!((said.code, &*said.err), (0, "Task of runtask.toml: default (fmt)\n"));
    assert_eq!(place.run(&["check", "plain"]).err, "Task of runtask.toml: default (fmt)\n");
}

/// V-07: the example that used to pass.
#[test]
fn an_example_with_a_policy_does_not_pass_without_it() {
    let said = Place::with(&[]).run(&["check", &path("examples/public-bucket")]);
    assert_eq!((said.code, &*said.out), (2, ""));
    assert!(said.err.contains("there are several tasks (format, policy): choose one"), "{}", said.err);
    let plan = path(PUBLIC_PLAN);
    let said = Place::with(&[]).run(&["check", &plan, "--task", "policy"]);
    assert!(said.code == 1 && said.out.contains("1 of 2 rules failed"), "{}{}", said.out, said.err);
}

/// V-09: one default for all, and one setting.
#[test]
fn without_a_file_everything_asks_the_same() {
    let place = Place::with(&[("main.tf", "a = 1\n")])
        .variable("RUNTASK_TERRAFORM", terraform().display().to_string());
    let said = place.run(&["check"]);
    assert_eq!((said.code, &*said.out), (0, "fmt: Format check passed\n\npassed\n"), "{}", said.err);
    let said = place.run(&["simulate"]);
    assert!(said.code == 0 && said.out.contains("Format check passed"), "{}{}", said.out, said.err);
    // A plan is read by none of them, and so it is not taken for one that passed.
    let plan = path(EMPTY_PLAN);
    for arguments in [&["check", &plan][..], &["check", ".", &plan], &["check", "--plan", &plan]] {
        let said = place.run(arguments);
        assert_eq!((said.code, &*said.out), (2, ""));
        assert!(said.err.contains("no check of the task default (fmt) reads "), "{}", said.err);
    }
    let place = place.variable("RUNTASK_CHECKS", "plan-summary");
    let said = place.run(&["check", &plan]);
    assert_eq!((said.code, &*said.err), (0, "Task of RUNTASK_CHECKS: default (plan-summary)\n"));
    let said = place.run(&["check", "."]);
    assert!(said.code == 2 && said.err.contains("(plan-summary) reads the configuration .:"), "{}", said.err);
    fs::write(place.path().join("one.toml"), SHIPPED).unwrap();
    let said = place.run(&["check", &plan, "--config", "one.toml"]);
    let error =
        "RUNTASK_CHECKS is set beside one.toml: the file says what is checked, so unset RUNTASK_CHECKS";
    assert!(said.code == 2 && said.err.contains(error), "{}", said.err);
}

/// U-07: every task at once, each with its own verdict.
#[test]
fn all_tasks_are_checked_one_after_the_other() {
    let config = "[tasks.format]\nchecks = [\"fmt\"]\n[tasks.numbers]\nchecks = [\"plan-summary\"]\n";
    let place = Place::with(&[("runtask.toml", config), ("main.tf", "a   = 1\n")])
        .variable("RUNTASK_TERRAFORM", terraform().display().to_string());
    let plan = path(EMPTY_PLAN);
    let said = place.run(&["check", ".", &plan, "--all-tasks"]);
    assert_eq!((said.code, &*said.err), (1, "Tasks of runtask.toml: format (fmt), numbers (plan-summary)\n"));
    assert!(
        said.out.starts_with("Task format\n\nfmt: 1 of 1 file needs formatting: main.tf\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("\nfailed\n\nTask numbers\n\nplan-summary: Plan: 0 to add"), "{}", said.out);
    assert!(said.out.ends_with("\npassed\n\n2 tasks: 1 passed, 1 failed\n"), "{}", said.out);
    let json: Value =
        serde_json::from_str(&place.run(&["check", ".", &plan, "--all-tasks", "--json"]).out).unwrap();
    let checks = json["checks"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap());
    assert_eq!(checks.collect::<Vec<_>>(), ["fmt", "plan-summary"]);
    assert_eq!(json["verdict"], "failed");
    // Half of it is not given: what was not checked has not passed.
    fs::write(place.path().join("main.tf"), "a = 1\n").unwrap();
    assert_eq!(place.run(&["check", ".", "--all-tasks"]).code, 2);
    assert_eq!(place.run(&["check", ".", &plan, "--all-tasks"]).code, 0);
}

/// U-07: said once, and no verdict.
#[test]
fn a_plan_that_is_no_json_is_one_error() {
    let place = Place::with(&[("runtask.toml", SHIPPED), ("plan.json", "{\"format_version\": ")]);
    for (arguments, stdin, error) in [
        (
            &["check", "-"][..],
            "",
            "the plan on stdin cannot be checked\n  because: the plan is empty: `terraform show -json FILE` prints one",
        ),
        (
            &["check", "plan.json"],
            "",
            "plan.json is not JSON (line 1, column 19): `terraform show -json FILE` prints",
        ),
    ] {
        let said = place.run_on(arguments, stdin.as_bytes());
        assert_eq!((said.code, &*said.out), (2, ""), "{}", said.err);
        assert!(said.err.starts_with(&format!("{SHIPPED_TASK}error: {error}")), "{}", said.err);
        assert_eq!(said.err.matches("error: ").count(), 1, "{}", said.err);
    }
}

/// V-12: a rule that asks for a fact of the run passes where there is none; that is said, with the rule's place.
#[test]
fn a_fact_of_the_run_that_is_not_known_is_said() {
    let policy =
        "package a\n\nimport rego.v1\n\ndeny contains \"no\" if startswith(data.run.workspace, \"prod\")\n";
    let place = Place::with(&[("runtask.toml", POLICIES), ("policies/a.rego", policy)]);
    let plan = path(EMPTY_PLAN);
    let said = place.run(&["check", &plan]);
    assert_eq!(said.code, 0, "{}", said.err);
    insta::assert_snapshot!(said.out, @"
    policy: The rule passed

    warning[fact-not-given]: A rule reads data.run.workspace, which is not known of this run, and may pass because of that
      ::: rule at policies/a.rego:5

      The request for a run may leave it out; `runtask check` takes it from `--run workspace=VALUE`.

    1 warning; 1 rule: 1 passed
    passed
    ");
    let said = place.run(&["check", &plan, "--run", "workspace=prod-net"]);
    assert!(said.code == 1 && !said.out.contains("not known here"), "{}", said.out);
}
