//! Tests a run through a deployed `infra/`, from HCP Terraform's request to the final result.

use std::collections::BTreeSet;
use std::time::Duration;

use runtask_log::event;
use runtask_tests::gate::{Gate, Permission};
use runtask_tests::log_events::LogEvents;
use runtask_tests::stack::Stack;
use serde_json::Value;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec, unformatted};

/// P-09, Q-10: what is deployed checks a run, once, however often the request comes; and each role may do
/// what its function does and nothing else.
#[tokio::test]
async fn a_deployed_run_task_gives_each_run_one_result() {
    let stack = Stack::apply(&[]).await;
    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let target = target(&deployment, &key);

    // A probe starts nothing.
    let run = simulator.run(&target, spec(formatted()), |_event| {}).await.unwrap();
    assert_eq!(result(&run), ("passed", "Format check passed"));
    deployment.double.wait_idle(PATIENCE).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    // Lambda may deliver an event twice, at once; and HCP Terraform a request that it saw no answer to, also later.
    deployment.double.deliver_twice(&deployment.functions[1].name);
    assert_eq!(run.deliver(&target).await.unwrap(), Some(200));
    assert_eq!(run.deliver(&target).await.unwrap(), Some(200));
    run.wait_final(PATIENCE).await;
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(run.deliver(&target).await.unwrap(), Some(200));
    deployment.double.wait_idle(PATIENCE).await;
    let record = run.record();
    assert_eq!(result(&record).0, "failed");
    assert!(result(&record).1.starts_with("2 of 3 files need formatting"), "{:?}", result(&record));
    let ends = deployment.double.invocations(&deployment.functions[1].name);
    let ends: Vec<_> = ends.iter().map(|it| it.outcome.payload()).collect();
    assert_eq!(ends.iter().filter(|it| *it == "failed").count(), 1, "{ends:?}");
    assert_eq!(
        ends.iter().filter(|it| *it == "finished before" || *it == "another attempt is at work").count(),
        3
    );
    assert_keeps_secrets(&deployment, &key, &run);

    // a request that does not verify starts nothing.
    let before = deployment.gate.used(&deployment.functions[0].role);
    let stranger = simulator.prepare(spec(formatted())).await.unwrap();
    let stranger_target = super::target(&deployment, "another key");
    assert_eq!(stranger.deliver(&stranger_target).await.unwrap(), Some(401));
    assert_eq!(deployment.gate.used(&deployment.functions[0].role), before);

    // The failure handler, too: a job that dies before it has begun.
    let died = simulator.prepare(spec(formatted())).await.unwrap();
    let record = serde_json::json!({
        "version": "1.0",
        "requestContext": {"condition": "EventAgeExceeded"},
        "requestPayload": serde_json::from_slice::<Value>(&died.body()).unwrap(),
    });
    let failure_handler = &deployment.functions[2];
    assert_eq!(deployment.double.invoke(&failure_handler.name, &record).await.payload(), "failed");
    assert_eq!(result(&died.record()).1, "Not checked: the run task did not get to it in time");
    assert_eq!(deployment.double.invoke(&failure_handler.name, &record).await.payload(), "finished before");

    assert_eq!(deployment.gate.refused(), [""; 0]);
    for deployed in &deployment.functions {
        let allowed = deployment.gate.allowed(&deployed.role);
        let by_lambda: BTreeSet<_> = allowed.iter().filter(|it| is_lambdas(it, deployed)).cloned().collect();
        // Two for its log, and one for where its failures go.
        assert_eq!(by_lambda.len(), 2 + usize::from(deployed.events.is_some()), "{by_lambda:?}");
        let ours: BTreeSet<_> = allowed.difference(&by_lambda).cloned().collect();
        assert_eq!(deployment.gate.used(&deployed.role), ours, "{}", deployed.name);
        assert!(
            allowed.iter().all(|(action, resource)| !action.contains('*') && resource != "*"),
            "{allowed:?}"
        );
    }
    metrics_are_written(&deployment.logs());
}

/// Without terraform anywhere: no layer, no disk to write to, and the same results.
#[tokio::test]
async fn a_deployed_run_task_may_do_without_terraform() {
    let stack = Stack::apply(&[("fmt_engine", "native"), ("callback_handler_memory_mb", "256")]).await;
    let simulator = simulator().await;
    let deployment =
        deployment(&stack, &simulator, |_, function| function.env("TMPDIR", "/nonexistent")).await;
    let layers = &deployment.functions[1].configuration["Layers"];
    assert!(layers.as_array().is_none_or(Vec::is_empty), "{layers}");
    let target = target(&deployment, &key(&stack, None).await);
    let run = simulator.run(&target, spec(formatted()), |_event| {}).await.unwrap();
    assert_eq!(result(&run), ("passed", "Format check passed"));
    let run = simulator.run(&target, spec(unformatted()), |_event| {}).await.unwrap();
    let message = "2 of 3 files need formatting: main.tf, modules/net/main.tf";
    assert_eq!(result(&run), ("failed", message));
}

/// What Lambda itself does with a function's role: logging, and calling the on-failure destination.
pub(super) fn is_lambdas(permission: &Permission, deployed: &runtask_tests::deployment::Deployed) -> bool {
    let (action, resource) = permission;
    let log_group = deployed.configuration["LoggingConfig"]["LogGroup"].as_str().unwrap();
    match &**action {
        "logs:CreateLogStream" | "logs:PutLogEvents" => {
            resource.ends_with(&format!(":log-group:{log_group}:*"))
        }
        "lambda:InvokeFunction" | "sqs:SendMessage" => deployed
            .events
            .as_ref()
            .is_some_and(|it| it["DestinationConfig"]["OnFailure"]["Destination"] == **resource),
        _ => false,
    }
}

/// The embedded metric format, in the namespace that `infra/` gives.
fn metrics(logs: &str) -> Vec<Value> {
    let lines = logs.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    lines.filter(|it| it["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "runtask").collect()
}

/// The values that a metric had, in order.
pub(super) fn levels(logs: &str, name: &str) -> Vec<u64> {
    metrics(logs).iter().filter_map(|it| it[name].as_u64()).collect()
}

fn metrics_are_written(logs: &str) {
    let metrics = metrics(logs);
    let count = |name: &str, dimension: &str, kind: &str| {
        metrics
            .iter()
            .filter(|it| it[name].is_number() && (dimension.is_empty() || it[dimension] == kind))
            .count()
    };
    assert_eq!(count("Results", "Status", "passed"), 1);
    assert_eq!(count("Results", "Status", "failed"), 2);
    assert_eq!(count("JobDuration", "", ""), 2);
    assert_eq!(count("SignaturesRefused", "", ""), 1);
    assert_eq!(count("RequestsVerified", "Key", "current"), 5);
    assert_eq!(count("Duplicates", "", ""), 4);
}

/// A permission that is missing is seen: without the right to the table, the run goes on, and says so.
#[tokio::test]
async fn a_table_that_may_not_be_used_costs_no_run_its_result() {
    let stack = Stack::apply(&[]).await;
    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |role, function| match role {
        "callback_handler" => function.env("RUNTASK_TABLE", "another-table").timeout(Duration::from_secs(60)),
        _ => function,
    })
    .await;
    let key = key(&stack, None).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    assert_eq!(result(&run.wait_final(PATIENCE).await), ("passed", "Format check passed"));
    deployment.double.wait_idle(PATIENCE).await;
    assert!(LogEvents::read(&deployment.logs()).has(event::CLAIM_UNAVAILABLE));
    let refused = deployment.gate.refused();
    assert!(
        refused.iter().all(|it| it.contains("dynamodb:UpdateItem")) && !refused.is_empty(),
        "{refused:?}"
    );
    assert_ne!(
        Gate::access_key(&deployment.functions[0].role),
        Gate::access_key(&deployment.functions[1].role)
    );
}
