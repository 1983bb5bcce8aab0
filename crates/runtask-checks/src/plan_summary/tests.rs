use super::*;
use proptest::prelude::*;
use runtask_findings::{OnError, Verdict, verdict};
use serde_json::{Value, json};
use std::process::Command;
use std::{fs, io};

fn plan(actions: &[&[&str]]) -> Value {
    let change = |it: &&[&str]| json!({ "address": "a.b", "mode": "managed", "change": { "actions": it, "after": { "x": 1 } } });
    json!({ "format_version": "1.2", "resource_changes": actions.iter().map(change).collect::<Vec<_>>() })
}

fn check_json(plan: &Value) -> CheckReport {
    check(plan.to_string().as_bytes())
}

#[test]
fn actions_are_counted_as_terraform_does() {
    let report = check_json(&plan(&[
        &["create"],
        &["update"],
        &["delete", "create"],
        &["create", "delete"],
        &["no-op"],
        &["read"],
        &["forget"],
        &["create", "forget"],
    ]));
    insta::assert_snapshot!(report.headline, @"Plan: 4 to add, 1 to change, 2 to destroy");
    insta::assert_snapshot!(report.findings[0].body, @"
    | Action | Resources |
    | --- | ---: |
    | create | 2 |
    | update | 1 |
    | replace | 2 |
    | forget | 2 |
    | read | 1 |
    | no-op | 1 |
    ");
    assert_eq!(report.findings.len(), 1);
    assert_eq!((&report.findings[0].code, report.findings[0].level), (&Code::PLAN_SUMMARY, Level::Info));
}

/// The headline is terraform's own line, for a plan of the real one.
#[test]
fn a_real_plan_has_terraforms_numbers() {
    let directory = tempfile::TempDir::new().unwrap();
    let terraform = |arguments: &[&str]| {
        #[expect(clippy::disallowed_methods, reason = "the real terraform makes the plan, as a person would")]
        let mut command = Command::new(crate::terraform::real_program());
        command.args(arguments).arg("-no-color").current_dir(&directory).env("CHECKPOINT_DISABLE", "1");
        let output = command.env("TF_CLI_CONFIG_FILE", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // Terraform has this resource built in, so nothing is downloaded.
    let write = |resources: &[(&str, &str)], more: &str| {
        let resource =
            |it: &(&str, &str)| format!("resource \"terraform_data\" \"{}\" {{\n{}\n}}\n", it.0, it.1);
        let text: String = resources.iter().map(resource).collect();
        fs::write(directory.path().join("main.tf"), text + more).unwrap();
    };
    let kept = ("kept", "input = 1");
    write(
        &[
            kept,
            ("updated", "input = 1"),
            ("replaced", "triggers_replace = 1"),
            ("deleted", ""),
            ("forgotten", ""),
        ],
        "",
    );
    terraform(&["init"]);
    terraform(&["apply", "-auto-approve"]);
    let forget = "removed {\nfrom = terraform_data.forgotten\nlifecycle {\ndestroy = false\n}\n}\n";
    write(&[kept, ("updated", "input = 2"), ("replaced", "triggers_replace = 2"), ("created", "")], forget);
    // Terraform itself says of a part that it is incomplete.
    terraform(&["plan", "-target=terraform_data.kept", "-out=part"]);
    let part = check(terraform(&["show", "-json", "part"]).as_bytes());
    assert_eq!(part.findings[1].code, Code::INCOMPLETE_PLAN);
    let printed = terraform(&["plan", "-out=plan"]);
    let report = check(terraform(&["show", "-json", "plan"]).as_bytes());
    assert!(printed.contains(&format!("\n{}.\n", report.headline)), "{printed}");
    insta::assert_snapshot!(format!("{}\n\n{}", report.headline, report.findings[0].body), @"
    Plan: 2 to add, 1 to change, 2 to destroy

    | Action | Resources |
    | --- | ---: |
    | create | 1 |
    | update | 1 |
    | replace | 1 |
    | delete | 1 |
    | forget | 1 |
    | no-op | 1 |
    ");
}

fn fixture(name: &str) -> CheckReport {
    let path = format!("{}/../../tests/fixtures/plans/{name}/plan.json", env!("CARGO_MANIFEST_DIR"));
    check(fs::File::open(path).unwrap())
}

fn said(report: &CheckReport) -> String {
    let lines = report.findings.iter().map(|it| format!("{:?} {}\n{}", it.level, it.summary, it.body));
    lines.collect::<Vec<_>>().join("\n")
}

/// P-01: what has changed outside of terraform, and checks of the configuration that do not hold.
#[test]
fn drift_and_failed_checks_are_said() {
    insta::assert_snapshot!(said(&fixture("update")), @"
    Info Plan: 0 to add, 5 to change, 0 to destroy
    | Action | Resources |
    | --- | ---: |
    | update | 5 |
    | no-op | 3 |

    Changed outside of Terraform: 1 resource.
    ");
    insta::assert_snapshot!(said(&fixture("checks")), @"
    Info Plan: 3 to add, 0 to change, 0 to destroy
    | Action | Resources |
    | --- | ---: |
    | create | 3 |
    | read | 1 |

    Warning 1 check of the configuration itself does not hold
    - `check.does_not_hold`
    ");
}

/// P-01: actions are no changes of resources. Their form is that of Terraform 1.14, "JSON Output Format".
#[test]
fn actions_are_said_as_terraform_does() {
    let mut plan = plan(&[&["create"]]);
    plan["action_invocations"] = json!([{
        "address": "action.aws_lambda_invoke.one", "type": "aws_lambda_invoke", "name": "one",
        "config_values": { "payload": "secret" }, "config_sensitive": {}, "config_unknown": {},
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "lifecycle_action_trigger": {
            "triggering_resource_address": "a.b", "action_trigger_event": "AfterCreate",
            "action_trigger_block_index": 0, "actions_list_index": 0
        }
    }]);
    let report = check_json(&plan);
    assert_eq!(report.headline, "Plan: 1 to add, 0 to change, 0 to destroy. Actions: 1 to invoke");
    assert!(!said(&report).contains("secret"));
}

/// P-01: what is put off was not judged.
#[test]
fn what_the_plan_leaves_out_is_a_warning() {
    let mut plan = plan(&[&["create"]]);
    plan["complete"] = json!(true);
    assert_eq!(check_json(&plan).findings.len(), 1);
    plan["complete"] = json!(false);
    insta::assert_snapshot!(said(&check_json(&plan)), @"
    Info Plan: 1 to add, 0 to change, 0 to destroy
    | Action | Resources |
    | --- | ---: |
    | create | 1 |

    Warning The plan is incomplete, and what it leaves out was not checked
    Terraform says `complete: false` of it, as with `-target`: another plan has to follow.
    ");
    let deferred = json!({ "address": "a.b", "change": { "actions": ["create"] } });
    plan["deferred_changes"] = json!([{ "reason": "resource_config_unknown", "resource_change": deferred }]);
    plan["deferred_action_invocations"] =
        json!([{ "reason": "deferred_prereq", "action_invocation": { "address": "action.x.y" } }]);
    insta::assert_snapshot!(said(&check_json(&plan)), @"
    Info Plan: 1 to add, 0 to change, 0 to destroy
    | Action | Resources |
    | --- | ---: |
    | create | 1 |

    Warning Not checked: 2 changes that terraform has put off
    The plan lists them as `deferred_changes` or `deferred_action_invocations`; a later plan will hold them.
    ");
}

/// P-02
#[test]
fn a_plan_that_ended_with_an_error_fails() {
    let report = fixture("errored");
    assert_eq!(verdict(std::slice::from_ref(&report), OnError::Passed), Verdict::Failed);
    insta::assert_snapshot!(said(&report), @"
    Info Plan: 2 to add, 0 to change, 0 to destroy
    | Action | Resources |
    | --- | ---: |
    | create | 2 |

    Error The plan ended with an error, and what it does not hold was not checked
    Terraform says `errored: true` of it. It cannot be applied; mend the error and plan again.
    Warning 1 check of the configuration itself does not hold
    - `terraform_data.refused`
    ");
}

#[test]
fn imports_are_counted_too() {
    let mut plan = plan(&[&["no-op"], &["update"]]);
    plan["resource_changes"][0]["change"]["importing"] = json!({ "id": "i-1" });
    assert_eq!(check_json(&plan).headline, "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy");
}

#[test]
fn a_plan_without_changes_is_a_plan() {
    for plan in
        [json!({ "format_version": "1.2" }), json!({ "format_version": "1.2", "resource_changes": null })]
    {
        let report = check_json(&plan);
        assert_eq!(report.headline, "Plan: 0 to add, 0 to change, 0 to destroy");
        assert_eq!(report.findings[0].body, "");
    }
}

#[test]
fn what_is_newer_than_we_know_is_a_warning() {
    let mut newer = plan(&[&["create"]]);
    newer["format_version"] = json!("2.0");
    let report = check_json(&newer);
    assert_eq!(
        (&report.findings[1].code, report.findings[1].level),
        (&Code::UNKNOWN_PLAN_FORMAT, Level::Warning)
    );
    for actions in [&["explode"][..], &[], &["create", "update"], &["no-op", "no-op", "no-op"]] {
        let report = check_json(&plan(&[actions]));
        assert_eq!(report.headline, "Plan: 0 to add, 0 to change, 0 to destroy");
        assert_eq!(report.findings[1].code, Code::UNKNOWN_PLAN_FORMAT);
    }
}

/// a plan that cannot be read is reported with its place, and never with a value of it.
#[test]
fn an_unreadable_plan_is_said_without_its_values() {
    let nested = format!("{{\"resource_changes\": {}", "[{\"secret\":".repeat(500));
    let texts = [
        "",
        "secret",
        "[]",
        "{}",
        "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": [\"create\"",
        "{\"format_version\": \"1.2\",\n \"resource_changes\": \"secret\"}",
        "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": [7]}}]}",
        "{\"format_version\": \"1.2\", \"resource_changes\": [{\"change\": {\"actions\": {\"secret\": 1}}}]}",
        "{\"format_version\": \"1.2\", \"format_version\": \"secret\"}",
        "{\"format_version\": \"1.2\", \"errored\": \"secret\"}",
        "{\"format_version\": \"1.2\", \"deferred_changes\": \"secret\"}",
        "{\"format_version\": \"1.2\", \"checks\": [{\"address\": \"secret\"}]}",
        &nested,
    ];
    let lines: Vec<_> = texts.iter().map(|it| check(it.as_bytes())).collect();
    for report in &lines {
        assert_eq!(
            (&report.findings[0].code, report.findings[0].level),
            (&Code::UNREADABLE_PLAN, Level::Error)
        );
        assert!(!format!("{report:?}").contains("secret"));
    }
    let lines: Vec<_> = lines.into_iter().map(|it| it.headline).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Plan cannot be read: the plan ends too early (line 1, column 0)
    Plan cannot be read: the plan is not JSON (line 1, column 1)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 2)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 2)
    Plan cannot be read: the plan ends too early (line 1, column 79)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 2, column 29)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 73)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 71)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 43)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 45)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 54)
    Plan cannot be read: the plan is not what `terraform show -json` prints (line 1, column 57)
    Plan cannot be read: the plan ends too early (line 1, column 5521)
    ");
}

#[test]
fn values_may_nest_as_deep_as_they_like() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = format!("{{\"planned_values\": {deep}, \"format_version\": \"1.2\"}}");
    assert_eq!(check(text.as_bytes()).headline, "Plan: 0 to add, 0 to change, 0 to destroy");
}

#[test]
fn a_plan_that_stops_coming_is_not_a_bad_plan() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("connection lost"))
        }
    }
    let report = check(b"{\"format_version\": ".chain(Broken));
    assert_eq!(report.headline, "Check plan-summary could not run: the plan could not be read");
}

proptest! {
    #[test]
    fn any_bytes_give_a_report(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!check(&*bytes).findings.is_empty());
    }
}
