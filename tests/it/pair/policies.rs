//! Tests tasks of a `runtask.toml`: the runs that they check, their verdicts on plans, and their results.

use std::path::Path;

use bytes::Bytes;
use runtask_protocol::Stage;
use runtask_simulator::{Fault, Record, RunSpec, Target, What};
use runtask_tests::pair::CALLBACK_HANDLER;
use tempfile::TempDir;

use crate::run::{PATIENCE, formatted, key, pair, result, run, serve, simulator, spec, unformatted};

const PUBLIC: &str = "examples/public-bucket/plan.json";
const EMPTY: &str = "tests/fixtures/plans/empty/plan.json";
const SENSITIVE: &str = "tests/fixtures/plans/sensitive/plan.json";

const TASKS: &str = r#"
[tasks.default]
checks = ["fmt"]

[tasks.policy]
checks = ["policy"]
[tasks.policy.policy]
paths = ["builtin:public-s3-bucket", "builtin:unencrypted-storage"]

[tasks.both]
checks = ["fmt", "policy"]
[tasks.both.policy]
paths = ["builtin:public-s3-bucket"]

[tasks.some]
checks = ["policy"]
stages = ["post_plan", "pre_apply"]
organizations = ["simulated-*"]
workspaces = ["net-*"]
[tasks.some.policy]
paths = ["builtin:public-s3-bucket"]

[tasks.strict]
checks = ["policy"]
speculative = true
on_skip = "failed"
[tasks.strict.policy]
paths = ["builtin:public-s3-bucket"]

[tasks.production]
checks = ["policy"]
projects = ["prod-*"]
[tasks.production.policy]
paths = ["builtin:public-s3-bucket"]

[tasks.tolerant]
checks = ["policy"]
projects = ["prod-*"]
on_error = "passed"
[tasks.tolerant.policy]
paths = ["builtin:public-s3-bucket"]

[tasks.lenient]
checks = ["policy"]
on_error = "passed"
[tasks.lenient.policy]
paths = ["builtin:public-s3-bucket", "broken/"]

[tasks.slow]
checks = ["fmt", "policy"]
on_error = "passed"
[tasks.slow.policy]
paths = ["builtin:public-s3-bucket", "slow/"]
time_limit_ms = 600000

[tasks.talkative]
checks = ["policy"]
[tasks.talkative.policy]
paths = ["talkative/"]
"#;

/// A rule that nothing can be made of while it is asked.
const BROKEN: &str = "package broken\n\nimport rego.v1\n\ndeny contains 7 if true\n";

/// A rule that takes longer than anybody waits.
const SLOW: &str = r#"
package slow

import rego.v1

numbers_to_try := numbers.range(1, 5000)

deny contains "found" if {
	some a in numbers_to_try
	some b in numbers_to_try
	some c in numbers_to_try
	a + b + c < 0
}
"#;

/// Rules that say all they see, of the plan and of the run.
const TALKATIVE: &str = r#"
package talkative

import rego.v1

deny contains sprintf("%v", [input]) if true

warn_run contains json.marshal(data.run) if true

warn_each contains {"msg": sprintf("%v", [r.change]), "address": r.address} if some r in input.resource_changes
"#;

/// The names of the tasks, for who does not read the file.
const NAMES: &str = "default,policy,both,some,strict,production,tolerant,lenient,slow,talkative";

/// A file of settings, with its policies, and its path.
fn tasks() -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("runtask.toml", TASKS),
        ("broken/broken.rego", BROKEN),
        ("slow/slow.rego", SLOW),
        ("talkative/talkative.rego", TALKATIVE),
    ] {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let path = directory.path().join("runtask.toml").display().to_string();
    (directory, path)
}

fn plan(path: &str) -> Option<Bytes> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(path);
    Some(std::fs::read(path).unwrap().into())
}

/// How often the configuration and the plan were fetched.
fn fetched(record: &Record) -> (usize, usize) {
    let count = |is: fn(&What) -> bool| record.events.iter().filter(|it| is(&it.what)).count();
    (
        count(|it| matches!(it, What::ArchiveServed { cut: false, .. })),
        count(|it| matches!(it, What::PlanServed { .. })),
    )
}

fn outcomes(record: &Record) -> Vec<(&str, &str)> {
    record.result.outcomes.iter().map(|it| (&*it.id, &*it.description)).collect()
}

/// F-03, F-04, F-05, F-06: accepted at once, the plan fetched, the verdict and the number of issues in the message, each
/// issue an outcome.
#[tokio::test]
async fn a_plan_is_judged() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let url = format!("{}policy", serve.url());
    let record = run(&simulator, &url, RunSpec { plan: plan(PUBLIC), ..spec(unformatted()) }).await;
    assert_eq!(result(&record), ("failed", "1 of 2 rules failed: public-s3-bucket\nFound 1 issue"));
    assert_eq!(
        outcomes(&record),
        [("public-s3-bucket", "Public S3 bucket: aws_s3_bucket_acl.site")],
        "{record:#?}"
    );
    assert!(
        record.result.outcomes[0].body.as_deref().unwrap().contains("`aws_s3_bucket_acl.site`"),
        "{record:#?}"
    );
    assert_eq!(fetched(&record), (0, 1));

    let record = run(&simulator, &url, RunSpec { plan: plan(EMPTY), ..spec(unformatted()) }).await;
    assert_eq!(result(&record), ("passed", "All 2 rules passed\nFound 0 issues"));
}

/// F-05, P-20: both inputs are fetched, both checks say what they found, and there is one result.
#[tokio::test]
async fn configuration_and_plan_are_checked_in_one_task() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let url = format!("{}both", serve.url());
    for (configuration, file, expected) in [
        (unformatted(), PUBLIC, ("failed", vec!["2 of 3 files need formatting", "public-s3-bucket"])),
        (formatted(), PUBLIC, ("failed", vec!["Format check passed", "public-s3-bucket"])),
        (unformatted(), EMPTY, ("failed", vec!["2 of 3 files need formatting", "The rule passed"])),
        (formatted(), EMPTY, ("passed", vec!["Format check passed", "The rule passed"])),
    ] {
        let record = run(&simulator, &url, RunSpec { plan: plan(file), ..spec(configuration) }).await;
        let (status, message) = result(&record);
        assert_eq!(status, expected.0, "{message}");
        assert!(expected.1.iter().all(|it| message.contains(it)), "{message}");
        assert_eq!(fetched(&record), (1, 1));
    }
}

/// P-20, F-08: a policy is asked wherever there is a plan, and where there is none yet, the result says so.
#[tokio::test]
async fn every_stage_is_judged_or_told() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let url = format!("{}policy", serve.url());
    let failed = ("failed", "1 of 2 rules failed: public-s3-bucket\nFound 1 issue");
    for (stage, expected) in [
        (Stage::PrePlan, ("passed", "No plan to judge: at stage pre_plan there is none yet")),
        (Stage::PostPlan, failed),
        (Stage::PreApply, failed),
        (Stage::PostApply, failed),
    ] {
        let record =
            run(&simulator, &url, RunSpec { stage: stage.clone(), plan: plan(PUBLIC), ..spec(formatted()) })
                .await;
        assert_eq!(result(&record), expected, "{stage}");
    }
}

/// P-20: a plan that comes late is waited for; one that is gone, or never was offered, is said.
#[tokio::test]
async fn a_plan_that_is_not_there_is_waited_for_or_told() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let url = format!("{}policy", serve.url());
    for (fault, expected) in [
        (Fault::PlanNotReady, ("failed", "1 of 2 rules failed: public-s3-bucket")),
        (Fault::Plan404, ("failed", "Check policy could not run: ")),
        (
            Fault::PlanUrlNull,
            ("failed", "Check policy could not run: HCP Terraform offers no plan to download"),
        ),
    ] {
        let spec = RunSpec { faults: vec![fault], plan: plan(PUBLIC), ..spec(formatted()) };
        let record = run(&simulator, &url, spec).await;
        let (status, message) = result(&record);
        assert!(status == expected.0 && message.starts_with(expected.1), "{fault}: {message}");
    }
}

/// F-10: a task checks the runs that its settings say, and tells the others why it does not.
#[tokio::test]
async fn runs_that_a_task_is_not_for_are_skipped() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let judge = async |task: &str, stage, workspace: &str, speculative| {
        let workspace = workspace.to_owned();
        let spec = RunSpec { stage, workspace, speculative, plan: plan(PUBLIC), ..spec(formatted()) };
        run(&simulator, &format!("{}{task}", serve.url()), spec).await
    };
    let record = judge("some", Stage::PostPlan, "net-prod", false).await;
    assert_eq!(result(&record).0, "failed");
    for (stage, workspace, why) in [
        (Stage::PostPlan, "app-prod", "workspace"),
        (Stage::PostApply, "net-prod", "stage"),
        (Stage::PrePlan, "net-prod", "stage"),
    ] {
        let record = judge("some", stage, workspace, false).await;
        let (status, message) = result(&record);
        assert_eq!(status, "passed");
        assert!(message.starts_with("Not checked") && message.contains(why), "{message}");
        assert_eq!(fetched(&record), (0, 0));
    }
    let record = judge("strict", Stage::PostPlan, "net-prod", false).await;
    assert_eq!(result(&record).0, "failed");
    assert_eq!(fetched(&record), (0, 0));
    let record = judge("strict", Stage::PostPlan, "net-prod", true).await;
    assert_eq!(result(&record), ("failed", "1 of 1 rule failed: public-s3-bucket\nFound 1 issue"));
}

/// V-05: a run whose project nobody knows is not one of another project. `on_error` decides, and the result says which fact
/// was missing.
#[tokio::test]
async fn a_fact_that_a_filter_asks_for_and_nobody_sends_is_told() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let unknown =
        "Not checked: this task is for project `prod-*`, and the request does not say the run's project";
    let other = "Not checked: this task is for project `prod-*`, and this is `Default Project`";
    for (task, faults, expected) in [
        ("production", vec![], ("failed", unknown)),
        ("tolerant", vec![], ("passed", unknown)),
        ("production", vec![Fault::ProjectFields], ("passed", other)),
    ] {
        let spec = RunSpec { faults, plan: plan(PUBLIC), ..spec(formatted()) };
        let record = run(&simulator, &format!("{}{task}", serve.url()), spec).await;
        let (status, message) = result(&record);
        assert_eq!((status, message.lines().next().unwrap_or_default()), expected, "{task}");
        assert_eq!(fetched(&record), (0, 0));
    }
}

/// A task that is not configured is 404, before anything is done; without a name it is `default`.
#[tokio::test]
async fn a_task_that_is_not_there_is_404() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    for task in ["other", "policy/", "Policy", "default", "policy/x"] {
        let url = format!("{}{task}", serve.url()).parse().unwrap();
        let target = Target { url, key: Some(key()) };
        assert_eq!(run.deliver(&target).await.unwrap(), Some(404), "{task}");
    }
    assert_eq!(fetched(&run.record()), (0, 0));
    let target = Target { url: serve.url().parse().unwrap(), key: Some(key()) };
    assert_eq!(run.deliver(&target).await.unwrap(), Some(200));
    let record = run.wait_final(PATIENCE).await;
    assert!(result(&record).1.starts_with("2 of 3 files need formatting"), "{record:#?}");
}

/// F-07, F-13: what a task says for rules that could not be asked is its own, and what others found decides all the same.
#[tokio::test]
async fn a_rule_that_fails_is_what_the_task_says() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let url = format!("{}lenient", serve.url());
    let reason = "Rule broken could not be asked: it yields something else than texts, or objects with `msg`";
    for (file, expected) in [(EMPTY, "passed"), (PUBLIC, "failed")] {
        let record = run(&simulator, &url, RunSpec { plan: plan(file), ..spec(formatted()) }).await;
        assert_eq!(result(&record).0, expected);
        assert!(outcomes(&record).iter().any(|it| it.1 == reason), "{record:#?}");
    }
}

/// V-10: what was found before time was up counts, though the rest could not be asked and `on_error` is `passed`.
#[tokio::test]
async fn what_was_found_in_time_counts() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let limits = [("RUNTASK_DEADLINE_MS", "12000"), ("RUNTASK_REPORT_MARGIN_MS", "4000")];
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path), limits[0], limits[1]]).await;
    for (configuration, file, expected) in [
        (formatted(), PUBLIC, ("failed", "public-s3-bucket")),
        (unformatted(), EMPTY, ("failed", "2 of 3 files need formatting")),
        (formatted(), EMPTY, ("passed", "could not be asked: slow")),
    ] {
        let spec = RunSpec { plan: plan(file), ..spec(configuration) };
        let record = run(&simulator, &format!("{}slow", serve.url()), spec).await;
        let (status, message) = result(&record);
        assert!(status == expected.0 && message.contains(expected.1), "{status}: {message}");
        assert!(message.contains("could not be asked: slow"), "{message}");
    }
}

/// P-18: where outcomes are not taken, the message says what they would.
#[tokio::test]
async fn a_host_without_outcomes_reads_the_message() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path)]).await;
    let without = RunSpec { faults: vec![Fault::NoOutcomes], plan: plan(PUBLIC), ..spec(formatted()) };
    let record = run(&simulator, &format!("{}policy", serve.url()), without).await;
    let (status, message) = result(&record);
    assert_eq!((status, record.result.outcomes.len()), ("failed", 0));
    assert!(message.contains("Public S3 bucket: aws_s3_bucket_acl.site"), "{message}");
}

/// P-19: what a plan marks as sensitive is in no log and in no result, though policies say all they see. P-17: all of it
/// keeps to the limits.
#[tokio::test]
async fn sensitive_values_are_told_to_nobody() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let serve = serve(&simulator, &[("RUNTASK_CONFIG", &path), ("RUNTASK_LOG", "trace")]).await;
    let plan = plan(SENSITIVE).unwrap();
    let text = String::from_utf8(plan.to_vec()).unwrap();
    let secrets: Vec<_> = ["password-1", "nested-1", "token-1", "tag-1", "element-1"]
        .map(|it| format!("fixture-{it}"))
        .into_iter()
        .inspect(|it| assert!(text.contains(it.as_str()), "{it} is not in the plan"))
        .collect();
    secrets.iter().for_each(|it| serve.keeps_secret(it));
    for faults in [vec![], vec![Fault::NoOutcomes]] {
        let spec = RunSpec { faults, plan: Some(plan.clone()), ..spec(formatted()) };
        let record = run(&simulator, &format!("{}talkative", serve.url()), spec).await;
        assert_eq!(result(&record).0, "failed");
        let said = format!("{:?}", record.result);
        assert!(record.result.outcomes.is_empty() || said.contains("(sensitive value)"), "{said}");
        assert!(secrets.iter().all(|it| !said.contains(it.as_str())), "{said}");
    }
}

/// F-05, P-20: the functions do the same, and the one that faces the Internet knows the tasks' names alone.
#[tokio::test]
async fn the_lambda_functions_judge_plans() {
    let simulator = simulator().await;
    let (_directory, path) = tasks();
    let pair = pair(&simulator, &[("RUNTASK_CONFIG", &path), ("RUNTASK_TASKS", NAMES)]).await;
    let url = |task: &str| format!("{}{task}", pair.url());
    let public = || RunSpec { plan: plan(PUBLIC), ..spec(unformatted()) };
    let record = run(&simulator, &url("policy"), public()).await;
    assert_eq!(result(&record), ("failed", "1 of 2 rules failed: public-s3-bucket\nFound 1 issue"));
    let record = run(&simulator, &url("both"), public()).await;
    let (status, message) = result(&record);
    assert_eq!((status, fetched(&record)), ("failed", (1, 1)));
    assert!(
        message.contains("2 of 3 files need formatting") && message.contains("public-s3-bucket"),
        "{message}"
    );

    let other = simulator.prepare(public()).await.unwrap();
    let target = Target { url: url("other").parse().unwrap(), key: Some(key()) };
    assert_eq!(other.deliver(&target).await.unwrap(), Some(404));
    pair.double.wait_idle(PATIENCE).await;
    assert_eq!(pair.double.invocations(CALLBACK_HANDLER).len(), 2);
}
