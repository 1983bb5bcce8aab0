//! `infra/gitlab-runner/` as it is deployed: applied by real terraform to an AWS that moto plays, its functions run with the
//! settings and the permissions that AWS has for them.
//!
//! moto takes a function of an image without an image. Its program here is the one that the image would hold.

use super::inventory::what_aws_has;
use gitlab_simulator::{HookSecret, JobSpec, Simulator, SimulatorSettings, Status};
use runtask_tests::aws;
use runtask_tests::binaries::binary;
use runtask_tests::gate::Gate;
use runtask_tests::infra_copy::{RUNNER_INFRA, terraform_files};
use runtask_tests::lambda::{Asynchronous, Destination, Function, LambdaDouble};
use runtask_tests::moto::Moto;
use runtask_tests::stack::{APPLY, DESTROY, Stack};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// moto has no managed policies, and makes bad ones of what deletes later.
const USUAL: [(&str, &str); 4] = [
    ("image_tag", "0.1.0"),
    ("plan_policy_arns", "[]"),
    ("secret_recovery_days", "0"),
    ("projects", r#"["infra/network","infra/*"]"#),
];

const OPTIONS: [(&str, &str); 7] = [
    // As the predecessor has them.
    ("runner_memory_mb", "1024"),
    ("runner_tmp_mb", "1024"),
    ("kms_key", "create"),
    ("bucket", "true"),
    ("starters", r#"["arn:aws:iam::123456789012:root"]"#),
    ("starters_need_mfa", "true"),
    ("image_pushers", r#"["arn:aws:iam::123456789012:root"]"#),
];

const SIGNING: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// G-18: without options and with all of them, a second plan changes nothing, and nothing is left after `destroy`.
#[tokio::test]
async fn what_is_applied_stays_and_what_is_destroyed_is_gone() {
    tokio::join!(applies_and_destroys(&[]), applies_and_destroys(&OPTIONS));
}

async fn applies_and_destroys(options: &[(&str, &str)]) {
    let moto = Arc::new(Moto::start().await);
    let stack = Stack::runner(&moto, &[&USUAL, options].concat()).await;
    stack.terraform_with_variables(&APPLY).await;
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");
    alarms_are_explained(&stack).await;
    no_role_may_do_anything_anywhere(moto.endpoint()).await;
    has_its_sizes(moto.endpoint(), options).await;
    the_registry_is_private(moto.endpoint()).await;
    if !options.is_empty() {
        people_may_do_one_thing(moto.endpoint()).await;
    }
    stack.terraform_with_variables(&DESTROY).await;
    assert_eq!(what_aws_has(moto.endpoint()).await, [""; 0]);
}

async fn alarms_are_explained(stack: &Stack) {
    let form = [("Action", "DescribeAlarms"), ("Version", "2010-08-01")];
    let answer = aws::query(stack.moto.endpoint(), "monitoring", &form).await;
    let page = include_str!("../../../docs/gitlab-runner-aws.md");
    let alarms = aws::elements(&answer, "AlarmName");
    assert_eq!(alarms.len(), 8, "{alarms:?}");
    for (alarm, description) in alarms.iter().zip(aws::elements(&answer, "AlarmDescription")) {
        let (_, heading) = description.rsplit_once(" What to do: docs/gitlab-runner-aws.md#").unwrap();
        assert!(alarm.ends_with(&format!("-{heading}")), "{alarm}: {description}");
        assert!(page.contains(&format!("\n### {heading}\n")), "{heading} is no heading");
    }
}

/// G-58: no wildcard, except where AWS knows no resource.
async fn no_role_may_do_anything_anywhere(endpoint: &str) {
    for (role, permissions) in runtask_tests::gate::permissions(endpoint).await {
        for (action, resource) in permissions {
            assert!(!action.contains('*'), "{role}: {action}");
            let knows_none = action == "ecr:GetAuthorizationToken";
            assert!(resource != "*" || knows_none, "{role}: {action} on {resource}");
        }
    }
}

/// G-25: how much the runner has, and that there is one of it.
async fn has_its_sizes(endpoint: &str, options: &[(&str, &str)]) {
    let runner = aws::get(endpoint, "lambda", "/2015-03-31/functions/gitlab-runner-function").await;
    let concurrency = &runner["Concurrency"]["ReservedConcurrentExecutions"];
    let runner = &runner["Configuration"];
    let sizes = [&runner["Timeout"], &runner["MemorySize"], &runner["EphemeralStorage"]["Size"], concurrency];
    assert_eq!(sizes, if options.is_empty() { [900, 2048, 4096, 1] } else { [900, 1024, 1024, 1] });
}

/// G-05, G-15: nobody but the account's own Lambda fetches the image, whose tags stay and which is scanned.
async fn the_registry_is_private(endpoint: &str) {
    let ask = async |operation: &str, body: Value| {
        aws::call(endpoint, "ecr", &format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), &body).await
    };
    let repositories = ask("DescribeRepositories", json!({})).await;
    let repository = &repositories["repositories"][0];
    assert_eq!(repository["imageTagMutability"], "IMMUTABLE");
    assert_eq!(repository["imageScanningConfiguration"]["scanOnPush"], true);
    let policy = ask("GetRepositoryPolicy", json!({"repositoryName": "gitlab-runner"})).await;
    let policy: Value = serde_json::from_str(policy["policyText"].as_str().unwrap()).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 1, "{policy}");
    assert_eq!(statement["Principal"], json!({"Service": "lambda.amazonaws.com"}));
    assert_eq!(statement["Condition"]["StringEquals"]["aws:SourceAccount"], "123456789012");
}

/// G-13, G-14, G-27: who starts the runner can do nothing else, and has a second factor where that is wanted; nor can who
/// pushes its image.
async fn people_may_do_one_thing(endpoint: &str) {
    let permissions = runtask_tests::gate::permissions(endpoint).await;
    let of = |role: &str| {
        let short = |(action, resource): &(String, String)| {
            format!("{action} {}", resource.rsplit_once(':').map_or(&**resource, |(_, name)| name))
        };
        permissions[role].iter().map(short).collect::<Vec<_>>()
    };
    assert_eq!(of("gitlab-runner-starter"), ["lambda:InvokeFunction gitlab-runner-function"]);
    let repository = "repository/gitlab-runner";
    let mut pusher: Vec<String> = [
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "InitiateLayerUpload",
        "PutImage",
        "UploadLayerPart",
    ]
    .map(|it| format!("ecr:{it} {repository}"))
    .into();
    pusher.insert(3, "ecr:GetAuthorizationToken *".to_owned());
    assert_eq!(of("gitlab-runner-image-pusher"), pusher);
    let form = [("Action", "GetRole"), ("Version", "2010-05-08"), ("RoleName", "gitlab-runner-starter")];
    assert!(aws::query(endpoint, "iam", &form).await.contains("MultiFactorAuthPresent"));
}

/// G-04: everything is billed by use, but for what is kept or watched: secrets, a key, alarms, bytes.
#[test]
fn nothing_is_there_that_is_billed_by_the_hour() {
    let mut services = BTreeSet::new();
    for name in terraform_files(Path::new(RUNNER_INFRA)) {
        let text = std::fs::read_to_string(Path::new(RUNNER_INFRA).join(&name)).unwrap();
        assert!(!text.contains("provisioned_concurrency") && !text.contains("vpc_config"), "{name}");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("resource \"aws_") {
                services.insert(rest.split(['_', '"']).next().unwrap().to_owned());
            }
            if line.trim_start().starts_with("billing_mode") {
                assert!(line.ends_with("\"PAY_PER_REQUEST\""), "{name}: {line}");
            }
        }
    }
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    assert_eq!(
        services,
        ["cloudwatch", "dynamodb", "ecr", "iam", "kms", "lambda", "s3", "scheduler", "secretsmanager"]
    );
}

/// I-01: a second state of the same name fails at its first role, and takes nothing from the first one; one of another name
/// lives and dies beside it.
#[tokio::test]
async fn two_deployments_in_one_account_do_not_touch_each_other() {
    let moto = Arc::new(Moto::start().await);
    let first = Stack::runner(&moto, &USUAL).await;
    first.terraform_with_variables(&APPLY).await;
    let before = what_aws_has(moto.endpoint()).await;
    let same = Stack::runner(&moto, &[&USUAL[..], &[("region", "eu-west-1")]].concat()).await;
    let said = same.terraform_refuses(&APPLY).await;
    assert!(said.contains("EntityAlreadyExists: Role with name gitlab-runner-function"), "{said}");
    assert_eq!(said.matches("Error: ").count(), 1, "{said}");
    same.terraform_with_variables(&DESTROY).await;
    assert_eq!(what_aws_has(moto.endpoint()).await, before);
    let other = Stack::runner(&moto, &[&USUAL[..], &[("name", "gitlab-second")]].concat()).await;
    other.terraform_with_variables(&APPLY).await;
    assert_eq!(what_aws_has(moto.endpoint()).await.len(), 2 * before.len());
    other.terraform_with_variables(&DESTROY).await;
    assert_eq!(what_aws_has(moto.endpoint()).await, before);
    let plan = first.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");
}

/// I-01: so that a new resource waits for the first role, too.
#[test]
fn everything_takes_its_name_from_the_first_role() {
    for name in terraform_files(Path::new(RUNNER_INFRA)) {
        let text = std::fs::read_to_string(Path::new(RUNNER_INFRA).join(&name)).unwrap();
        let uses = text.lines().filter(|it| it.contains("var.name")).count();
        let first = ["runner.tf", "variables.tf"].contains(&&*name);
        assert_eq!(uses, usize::from(first), "{name}: use local.name");
    }
}

/// G-10, G-16: from the hook to the end of a job, and from a death to the end of its job, with the permissions that each function has
/// and, together with the second test of the options, no more than it uses.
#[tokio::test]
async fn a_hook_starts_a_job_with_a_role_and_nobody_needs_more_than_they_may() {
    let simulator =
        Simulator::start(SimulatorSettings { interval_seconds: 1, ..SimulatorSettings::default() })
            .await
            .unwrap();
    let moto = Arc::new(Moto::start().await);
    let url = simulator.url().to_owned();
    let stack = Stack::runner(&moto, &[&USUAL[..], &[("gitlab_url", &*url)]].concat()).await;
    stack.terraform_with_variables(&APPLY).await;
    let outputs = stack.outputs().await;
    for (secret, value) in [
        ("runner_secret", json!({"GITLAB_RUNNER_TOKEN": simulator.runner_token()})),
        ("hook_secret", json!({"GITLAB_HOOK_SIGNING_TOKEN": SIGNING})),
    ] {
        let body = json!({"SecretId": outputs[secret], "SecretString": value.to_string(), "ClientRequestToken": "a".repeat(32)});
        aws::call(moto.endpoint(), "secretsmanager", "secretsmanager.PutSecretValue", &body).await;
    }
    let double = LambdaDouble::start().await;
    let gate = Gate::start(moto.endpoint(), &double.invoke_endpoint()).await;
    let jobs = tempfile::tempdir().unwrap();
    let mut roles = Vec::new();
    for (output, program) in [
        ("runner_function", "gitlab-runner-function"),
        ("failure_function", "gitlab-failure-function"),
        ("hook_function", "gitlab-hook-function"),
    ] {
        let name = outputs[output].as_str().unwrap();
        let (function, role) = deployed(&moto, &gate, name, program).await;
        let function = match output {
            "runner_function" => function
                .env("RUNNER_DIRECTORY", jobs.path().to_str().unwrap())
                .env("RUNNER_IDLE_SECONDS", "0"),
            "hook_function" => function.with_url(),
            _ => function,
        };
        double.add(function).await;
        roles.push(role);
    }
    let runner = outputs["runner_function"].as_str().unwrap();

    let spec = JobSpec::new("plan", &["echo \"${AWS_ACCESS_KEY_ID:0:4}\"; [ -n \"$AWS_SESSION_TOKEN\" ]"]);
    let id = simulator.enqueue(&spec);
    let hook = simulator.hook(id, "delivery", now(), &HookSecret::Signing(SIGNING.to_owned())).unwrap();
    let answer = hook.send(&double.function_url(outputs["hook_function"].as_str().unwrap())).await.unwrap();
    assert_eq!(answer.status, 202, "{}", double.logs("gitlab-runner-hook"));
    let job = simulator.ended(id).await;
    assert_eq!(job.status, Status::Success, "{} {}", job.log_text(), double.logs(runner));
    double.wait_idle(Duration::from_secs(60)).await;

    let id = simulator.enqueue(&JobSpec::new("apply", &["echo in-script; sleep 600"]));
    double.enqueue(runner, r#"{"action":"poll"}"#);
    simulator.until(id, |it| it.log_text().contains("in-script")).await;
    // Long enough for the ticket to be renewed.
    tokio::time::sleep(Duration::from_secs(12)).await;
    double.kill(runner);
    simulator.abandon(id);
    let job = simulator.ended(id).await;
    assert_eq!(job.final_state.unwrap().failure_reason.as_deref(), Some("runner_system_failure"));
    double.wait_idle(Duration::from_secs(60)).await;

    assert_eq!(gate.refused(), [""; 0]);
    assert_eq!(simulator.violations(), [""; 0]);
    for role in roles {
        let unused: BTreeSet<_> = gate.allowed(&role).difference(&gate.used(&role)).cloned().collect();
        // Logs are written by Lambda, which also calls the on-failure destination and tags sessions; of the two roles of
        // jobs one was needed; and the runner reads tickets of others only where it finds any.
        let unused = unused.iter().filter(|(action, resource)| {
            let may_be_unused = match action.as_str() {
                "sts:TagSession" => true,
                "dynamodb:GetItem" => role.ends_with("-function"),
                "lambda:InvokeFunction" => resource.ends_with("-failure"),
                "sts:AssumeRole" => resource.ends_with("-plan"),
                _ => action.starts_with("logs:"),
            };
            !may_be_unused
        });
        assert_eq!(unused.collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "{role}");
    }
}

/// A function as AWS has it, and its role.
async fn deployed(moto: &Moto, gate: &Gate, name: &str, program: &str) -> (Function, String) {
    let path = format!("/2015-03-31/functions/{name}/configuration");
    let configuration = aws::get(moto.endpoint(), "lambda", &path).await;
    let role = configuration["Role"].as_str().unwrap().to_owned();
    let seconds = configuration["Timeout"].as_u64().unwrap();
    let mut function =
        Function::new(name, binary(program)).timeout(Duration::from_secs(seconds)).memory_mb(2048);
    for (name, value) in configuration["Environment"]["Variables"].as_object().unwrap() {
        function = function.env(name, value.as_str().unwrap());
    }
    if program == "gitlab-runner-function" {
        let path = format!("/2019-09-25/functions/{name}/event-invoke-config");
        let events = aws::get(moto.endpoint(), "lambda", &path).await;
        let destination = events["DestinationConfig"]["OnFailure"]["Destination"].as_str().unwrap();
        assert_eq!(events["MaximumRetryAttempts"], 0);
        function = function.reserved_concurrency(1).asynchronous(Asynchronous {
            maximum_retry_attempts: 0,
            on_failure: Some(Destination::Function(destination.rsplit_once(':').unwrap().1.to_owned())),
            ..Asynchronous::default()
        });
    }
    let key = Gate::access_key(&role);
    (function.env("AWS_ENDPOINT_URL", gate.endpoint()).env("AWS_ACCESS_KEY_ID", key), role)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is of now, and the function looks at its own clock"
)]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the schedule sends is an event that the function knows.
#[test]
fn the_schedule_sends_a_poll() {
    let schedule = std::fs::read_to_string(Path::new(RUNNER_INFRA).join("schedule.tf")).unwrap();
    let (_, input) = schedule.split_once("input = jsonencode(").unwrap();
    assert!(input.starts_with(r#"{ action = "poll", idle_seconds = 0 })"#), "{input}");
    let _: Value = json!({"action": "poll", "idle_seconds": 0});
}
