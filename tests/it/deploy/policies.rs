//! Tests tasks and policies as they are deployed: in a layer, in Parameter Store, in S3.

use std::path::Path;

use bytes::Bytes;
use runtask_log::event;
use runtask_protocol::Key;
use runtask_simulator::{Configuration, PreparedRun, Record, RunSpec, Simulator, Target, What};
use runtask_tests::aws;
use runtask_tests::binaries::binary;
use runtask_tests::deployment::Deployment;
use runtask_tests::log_events::LogEvents;
use runtask_tests::stack::Stack;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{assert_keeps_secrets, deployment, key};
use crate::run::{PATIENCE, formatted, result, simulator, spec, unformatted};

const TASKS: &str = r#"
[tasks.default]
checks = ["fmt"]

[tasks.policy]
checks = ["policy"]
policy.paths = ["builtin:public-s3-bucket", "rules/names.rego"]

[tasks.both]
checks = ["fmt", "policy"]
policy.paths = ["builtin:public-s3-bucket"]

[tasks.greedy]
checks = ["policy"]
policy.paths = ["builtin:public-s3-bucket", "rules/"]
"#;

/// A rule of somebody's own.
const NAMES: &str = r#"
package main

import rego.v1

deny contains {"msg": msg, "address": r.address} if {
	some r in input.resource_changes
	not startswith(r.name, "acme_")
	msg := sprintf("%s is not named after us", [r.address])
}
"#;

/// A rule that no memory is enough for.
const GREEDY: &str = r#"
package greedy

import rego.v1

deny contains "large" if count(numbers.range(1, 1000000000000)) > 0
"#;

/// What is packed.
fn policy() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("rules")).unwrap();
    for (path, content) in
        [("runtask.toml", TASKS), ("rules/names.rego", NAMES), ("rules/greedy.rego", GREEDY)]
    {
        std::fs::write(directory.path().join(path), content).unwrap();
    }
    directory
}

/// A plan that makes a bucket with this ACL.
fn plan(acl: &str) -> Bytes {
    let change = json!({
        "actions": ["create"],
        "before": null,
        "after": {"acl": acl, "bucket": "acme-site"},
        "after_unknown": {"id": true},
        "before_sensitive": false,
        "after_sensitive": {},
    });
    let resource = json!({
        "address": "aws_s3_bucket.site",
        "mode": "managed",
        "type": "aws_s3_bucket",
        "name": "site",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": change,
    });
    let plan =
        json!({"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": [resource]});
    plan.to_string().into()
}

/// A stack with its functions, and HCP Terraform.
struct Deployed<'a> {
    deployment: &'a Deployment,
    simulator: &'a Simulator,
    key: &'a str,
}

impl Deployed<'_> {
    async fn prepare(&self, configuration: Configuration, acl: &str) -> PreparedRun {
        let spec = RunSpec { plan: Some(plan(acl)), ..spec(configuration) };
        self.simulator.prepare(spec).await.unwrap()
    }

    async fn deliver(&self, run: &PreparedRun, task: &str) -> Option<u16> {
        let url = format!("{}{task}", self.deployment.url()).parse().unwrap();
        run.deliver(&Target { url, key: Some(Key::new(self.key).unwrap()) }).await.unwrap()
    }

    /// One run of a task, to its end.
    async fn run(&self, task: &str, configuration: Configuration, acl: &str) -> Record {
        let run = self.prepare(configuration, acl).await;
        assert_eq!(self.deliver(&run, task).await, Some(200));
        run.wait_final(PATIENCE).await;
        self.deployment.double.wait_idle(PATIENCE).await;
        assert_keeps_secrets(self.deployment, self.key, &run);
        run.record()
    }
}

/// What the outcomes of a result say, each in one line.
fn outcomes(record: &Record) -> Vec<&str> {
    record.result.outcomes.iter().map(|it| &*it.description).collect()
}

/// How often configuration and plan were fetched.
fn fetched(record: &Record) -> (usize, usize) {
    let count = |is: fn(&What) -> bool| record.events.iter().filter(|it| is(&it.what)).count();
    (
        count(|it| matches!(it, What::ArchiveServed { cut: false, .. })),
        count(|it| matches!(it, What::PlanServed { .. })),
    )
}

/// F-05: what `make package POLICY=…` packs is what a request to the task's URL is judged by.
#[tokio::test]
async fn packed_policies_judge_plans() {
    // The less memory a function has, the less there is for a greedy rule to take from this machine.
    let stack = Stack::apply_with_policy(policy().path(), &[("callback_handler_memory_mb", "512")]).await;
    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let deployed = Deployed { deployment: &deployment, simulator: &simulator, key: &key };

    urls_are_those_of_the_tasks(&stack).await;
    there_is_no_other_task(&deployed).await;

    let record = deployed.run("policy", unformatted(), "public-read").await;
    assert_eq!(result(&record).0, "failed");
    assert_eq!(
        outcomes(&record),
        ["Public S3 bucket: aws_s3_bucket.site", "aws_s3_bucket.site is not named after us"]
    );
    assert_eq!(fetched(&record), (0, 1));

    // Both inputs, one result.
    let record = deployed.run("both", unformatted(), "public-read").await;
    let (status, message) = result(&record);
    assert_eq!(status, "failed");
    assert!(
        message.contains("2 of 3 files need formatting") && message.contains("public-s3-bucket"),
        "{message}"
    );
    assert!(outcomes(&record).contains(&"Public S3 bucket: aws_s3_bucket.site"), "{:?}", outcomes(&record));
    assert_eq!(fetched(&record), (1, 1));
    assert_eq!(result(&deployed.run("both", formatted(), "private").await).0, "passed");

    let record = deployed.run("", formatted(), "public-read").await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    assert_eq!(fetched(&record), (1, 0));

    a_greedy_rule_costs_only_itself(&deployed).await;
    assert_eq!(deployment.gate.refused(), [""; 0]);
}

async fn urls_are_those_of_the_tasks(stack: &Stack) {
    let outputs = stack.outputs().await;
    let url = outputs["url"].as_str().unwrap();
    let below = |task: &str| format!("{url}{task}");
    let expected =
        json!({"default": url, "policy": below("policy"), "both": below("both"), "greedy": below("greedy")});
    assert_eq!(outputs["task_urls"], expected);
}

/// Not even the key is read for it.
async fn there_is_no_other_task(deployed: &Deployed<'_>) {
    let run = deployed.prepare(formatted(), "private").await;
    for path in ["other", "default", "policy/", "Policy"] {
        assert_eq!(deployed.deliver(&run, path).await, Some(404), "{path}");
    }
    let deployment = deployed.deployment;
    assert!(deployment.gate.used(&deployment.functions[0].role).is_empty());
    assert!(deployment.double.invocations(&deployment.functions[1].name).is_empty());
}

/// The function lives, and what the other rules say is said.
async fn a_greedy_rule_costs_only_itself(deployed: &Deployed<'_>) {
    let record = deployed.run("greedy", formatted(), "public-read").await;
    assert_eq!(result(&record).0, "failed");
    let outcomes = outcomes(&record);
    assert!(outcomes.contains(&"Public S3 bucket: aws_s3_bucket.site"), "{outcomes:?}");
    assert!(outcomes.contains(&"aws_s3_bucket.site is not named after us"), "{outcomes:?}");
    // 512 MB, less what the function keeps for itself.
    let greedy = outcomes.iter().filter(|it| it.contains("took more memory than the limit of 104 MiB"));
    assert_eq!(greedy.count(), 1, "{outcomes:?}");
    let deployment = deployed.deployment;
    let attempts = deployment.double.invocations(&deployment.functions[1].name);
    assert!(attempts.iter().all(|it| it.outcome.is_success()), "{attempts:?}");
    assert_eq!(deployment.double.cold_starts(&deployment.functions[1].name), 1);
}

/// What can be kept elsewhere: a layer of policies is not there.
const SHIPPED: &str =
    "[tasks.policy]\nchecks = [\"policy\"]\npolicy.paths = [\"builtin:public-s3-bucket\"]\n";

/// The functions read the file where it is, may read nothing else, and say so where they may not.
#[tokio::test]
async fn tasks_can_be_in_parameter_store_or_in_s3() {
    let parameter = [("tasks_file", "ssm:///acme/runtask.toml"), ("tasks", "[\"policy\"]")];
    let mut stack = Stack::apply(&parameter).await;
    let endpoint = stack.moto.endpoint();
    aws::put_parameter(endpoint, "/acme/runtask.toml", SHIPPED).await;
    aws::put_parameter(endpoint, "/acme/other.toml", SHIPPED).await;
    aws::put_object(endpoint, "acme-settings", "run-task/runtask.toml", SHIPPED).await;
    aws::put_object(endpoint, "acme-other-settings", "runtask.toml", SHIPPED).await;
    let arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/runtask.toml";
    is_read(&stack, "ssm:GetParameter", arn).await;
    is_refused(&stack, "ssm:///acme/other.toml").await;

    stack.apply_with("tasks_file", "s3://acme-settings/run-task/runtask.toml").await;
    is_read(&stack, "s3:GetObject", "arn:aws:s3:::acme-settings/run-task/runtask.toml").await;
    is_refused(&stack, "s3://acme-other-settings/runtask.toml").await;
}

async fn is_read(stack: &Stack, action: &str, arn: &str) {
    let simulator = simulator().await;
    let deployment = deployment(stack, &simulator, |_, function| function).await;
    let key = key(stack, None).await;
    let deployed = Deployed { deployment: &deployment, simulator: &simulator, key: &key };
    let record = deployed.run("policy", formatted(), "public-read").await;
    assert_eq!(outcomes(&record), ["Public S3 bucket: aws_s3_bucket.site"]);
    let run = deployed.prepare(formatted(), "private").await;
    assert_eq!(deployed.deliver(&run, "").await, Some(404));
    // The failure handler reads it, too, for what a task says about checks that could not run.
    let failure_handler = &deployment.functions[2];
    deployment.double.invoke(&failure_handler.name, &gave_up(&run)).await;
    assert_eq!(result(&run.record()).0, "failed");
    for function in &deployment.functions[1..] {
        let reads = |all: std::collections::BTreeSet<(String, String)>| -> Vec<_> {
            all.into_iter().filter(|(action, _)| action.contains(":Get")).collect()
        };
        let expected = [(action.to_owned(), arn.to_owned())];
        assert_eq!(reads(deployment.gate.allowed(&function.role)), expected);
        assert_eq!(reads(deployment.gate.used(&function.role)), expected);
    }
    assert_eq!(deployment.gate.refused(), [""; 0]);
}

/// The callback handler does not start, and says which file it was; the failure handler reports.
async fn is_refused(stack: &Stack, url: &str) {
    let simulator = simulator().await;
    let deployment = deployment(stack, &simulator, |role, function| match role {
        "request_handler" => function,
        _ => function.env("RUNTASK_CONFIG", url),
    })
    .await;
    let key = key(stack, None).await;
    let deployed = Deployed { deployment: &deployment, simulator: &simulator, key: &key };
    let record = deployed.run("policy", formatted(), "private").await;
    assert_eq!(result(&record), ("failed", "Not checked: the run task ended unexpectedly"));
    for (function, name) in [
        (&deployment.functions[1], event::FUNCTION_NOT_STARTED),
        (&deployment.functions[2], event::TASKS_NOT_READ),
    ] {
        let events = LogEvents::read(&deployment.double.logs(&function.name));
        // Each process that was started says so.
        let error = events.named(name).next().unwrap().error();
        assert!(
            error.starts_with(&format!("RUNTASK_CONFIG: {url}: ")) && error.contains("AccessDenied"),
            "{error}"
        );
    }
}

/// Lambda's record of a job that the callback handler did not get to.
fn gave_up(run: &PreparedRun) -> Value {
    json!({
        "version": "1.0",
        "requestContext": {"condition": "EventAgeExceeded"},
        "requestPayload": serde_json::from_slice::<Value>(&run.body()).unwrap(),
    })
}

/// What cannot be deployed is refused while it is packed.
#[test]
fn what_the_layer_would_not_hold_is_not_packed() {
    let directory = policy();
    std::fs::remove_file(directory.path().join("rules/names.rego")).unwrap();
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/policy.py");
    let to = directory.path().join("packages");
    let mut pack = std::process::Command::new("python3");
    pack.args([Path::new("-B"), Path::new(tool), directory.path(), Path::new("--into"), &to]);
    let packed = pack.arg("--runtask").arg(binary("runtask")).output().unwrap();
    let said = String::from_utf8(packed.stderr).unwrap();
    assert_eq!(packed.status.code(), Some(2), "{said}");
    assert!(said.contains("the policies of task policy: rules/names.rego cannot be read"), "{said}");
    assert!(!to.exists());
}
