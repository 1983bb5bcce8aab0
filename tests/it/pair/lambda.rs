//! Tests what only Lambda does to a job: kill, retry, give up, limit.

use std::time::Duration;

use runtask_simulator::Simulator;
use runtask_tests::http::send;
use runtask_tests::lambda::{Asynchronous, Destination, Function};
use runtask_tests::pair::{CALLBACK_HANDLER, Pair};
use runtask_tests::terraform::StandIn;
use serde_json::Value;

use crate::run::{
    PATIENCE, deliver, deliver_with, formatted, origins, pair, result, simulator, spec, unformatted,
};

async fn with(simulator: &Simulator, terraform: &StandIn, change: impl FnOnce(Function) -> Function) -> Pair {
    let origins = origins(simulator);
    let settings = [("RUNTASK_ALLOWED_ORIGINS", &*origins), ("RUNTASK_TERRAFORM", terraform.path())];
    Pair::with(&settings, change).await
}

/// P-16: killed in the middle of a check, as when memory runs out; Lambda's next attempt brings the result.
#[tokio::test]
async fn a_killed_check_is_made_again() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang-once");
    let pair = with(&simulator, &terraform, |it| it).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    pair.keeps_secret(run.token());
    deliver(&run, &pair.url()).await;
    terraform.started(2).await;
    assert_eq!(pair.double.kill(CALLBACK_HANDLER), 1);
    let record = run.wait_final(PATIENCE).await;
    pair.double.wait_idle(PATIENCE).await;

    assert_eq!(result(&record), ("passed", "Format check passed"));
    let attempts = pair.double.invocations(CALLBACK_HANDLER);
    let attempts: Vec<_> = attempts.iter().map(|it| (it.attempt, it.outcome.is_success())).collect();
    assert_eq!(attempts, [(1, false), (2, true)]);
    terraform.wait_gone().await;
}

/// P-16: without retries the job goes to the on-failure destination, with all that a result needs.
#[tokio::test]
async fn a_job_that_is_given_up_is_kept() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang");
    let asynchronous = Asynchronous {
        maximum_retry_attempts: 0,
        on_failure: Some(Destination::Capture),
        ..Asynchronous::default()
    };
    let pair = with(&simulator, &terraform, |it| it.asynchronous(asynchronous)).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &pair.url()).await;
    terraform.started(2).await;
    pair.double.kill(CALLBACK_HANDLER);
    let failures = pair.double.failures(CALLBACK_HANDLER).await;

    assert_eq!(failures.len(), 1);
    let mut job = failures[0]["requestPayload"].clone();
    assert_eq!(job["runtask"]["task"], "default");
    job.as_object_mut().unwrap().remove("runtask");
    assert_eq!(job, serde_json::from_slice::<Value>(&run.body()).unwrap());
    assert_eq!(run.record().finals_accepted, 0);
    terraform.wait_gone().await;
}

/// P-16, R-17: the watchdog reports before Lambda ends the function.
#[tokio::test]
async fn the_watchdog_is_faster_than_lambda() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang");
    let limit = Duration::from_secs(4);
    let pair = with(&simulator, &terraform, |it| it.timeout(limit)).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &pair.url()).await;
    let record = run.wait_final(PATIENCE).await;
    pair.double.wait_idle(PATIENCE).await;

    let message = "Check fmt could not run: it was not done in the time that it has";
    assert_eq!(result(&record), ("failed", message));
    let invocations = pair.double.invocations(CALLBACK_HANDLER);
    assert_eq!((invocations.len(), invocations[0].outcome.payload()), (1, "failed".into()));
    assert!(invocations[0].duration < limit);
    terraform.wait_gone().await;
}

/// HCP Terraform's payload as it is makes a job, as `cargo lambda invoke --data-file` sends it.
#[tokio::test]
async fn a_bare_payload_is_a_job() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[]).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    pair.keeps_secret(run.token());
    let event: Value = serde_json::from_slice(&run.body()).unwrap();
    assert_eq!(pair.double.invoke(CALLBACK_HANDLER, &event).await.payload(), "failed");
    assert_eq!(result(&run.record()).0, "failed");
}

/// P-16: an event that nobody can be told of is an error, and says nothing of what it held.
#[tokio::test]
async fn an_event_that_is_no_job_is_an_error() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[]).await;
    pair.keeps_secret("example-token-in-a-broken-event");
    let event = serde_json::json!({"access_token": "example-token-in-a-broken-event"});
    let outcome = pair.double.invoke(CALLBACK_HANDLER, &event).await;
    let message = outcome.error_message().unwrap();
    assert_eq!(message, "the event is neither a job nor a run task payload");
}

/// An upgrade changes the functions one after the other: a job that is newer than the callback handler is refused in
/// words, and the run has its result.
#[tokio::test]
async fn a_job_of_a_newer_version_is_refused_in_words() {
    let simulator = simulator().await;
    let terraform = StandIn::new("gate");
    let pair = with(&simulator, &terraform, |it| it).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    pair.keeps_secret(run.token());
    let mut job: Value = serde_json::from_slice(&run.body()).unwrap();
    job["runtask"] = serde_json::json!({ "version": 2, "task": ["default"] });
    let url =
        format!("{}/2015-03-31/functions/{CALLBACK_HANDLER}/invocations", pair.double.invoke_endpoint());
    let headers = [("authorization", "AWS4-HMAC-SHA256 Credential=A"), ("x-amz-invocation-type", "Event")];
    send("POST", &url, &headers, job.to_string().into_bytes()).await;
    pair.double.wait_idle(PATIENCE).await;
    let expected = "Not checked: the request handler sends jobs of version 2, and the callback handler knows 1. \
                    Deploy both from one release";
    assert_eq!(result(&run.record()), ("failed", expected));
    assert!(!terraform.was_run());
}

/// V-04: a job whose callback URL the callback handler refuses, and one that comes too late, are counted as such; every job
/// that was accepted is counted once more when it ends, at the same time.
#[tokio::test]
async fn every_end_is_counted() {
    let simulator = simulator().await;
    let origins = origins(&simulator);
    let settings = [("RUNTASK_ALLOWED_ORIGINS", &*origins), ("RUNTASK_METRICS_NAMESPACE", "example")];
    let pair = Pair::start(&settings).await;
    let metrics = |name: &str| {
        let logs = pair.logs();
        let lines = logs.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        lines.filter(|it| it[name].is_i64()).collect::<Vec<_>>()
    };
    let open = || metrics("JobsOpen").iter().map(|it| it["JobsOpen"].as_i64().unwrap()).collect::<Vec<_>>();

    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &pair.url()).await;
    pair.double.wait_idle(PATIENCE).await;
    assert_eq!(open(), [1, -1]);
    let at: Vec<_> = metrics("JobsOpen").iter().map(|it| it["_aws"]["Timestamp"].clone()).collect();
    assert_eq!(at[0], at[1]);

    let job = |changes: Value| {
        let mut job: Value = serde_json::from_slice(&run.body()).unwrap();
        job.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        job
    };
    let refused = job(serde_json::json!({ "task_result_callback_url": "https://tfe.example.com/callback" }));
    assert_eq!(pair.double.invoke(CALLBACK_HANDLER, &refused).await.payload(), "refused");
    let expired = job(serde_json::json!({ "runtask": { "received_at_ms": 1 } }));
    assert_eq!(pair.double.invoke(CALLBACK_HANDLER, &expired).await.payload(), "expired");
    let unbelieved = simulator.prepare(spec(formatted())).await.unwrap();
    unbelieved.expire_token();
    deliver(&unbelieved, &pair.url()).await;
    pair.double.wait_idle(PATIENCE).await;
    let foreign = simulator.prepare(spec(formatted())).await.unwrap();
    let changes = [("task_result_callback_url", "https://tfe.example.com/callback".into())];
    assert_eq!(deliver_with(&foreign, &pair.url(), &changes).await.status, 403);

    let mut statuses: Vec<_> =
        metrics("Results").iter().map(|it| it["Status"].as_str().unwrap().to_owned()).collect();
    statuses.sort();
    statuses.dedup();
    assert_eq!(statuses, ["expired", "passed", "refused", "undelivered"]);
    let missing = metrics("Results").iter().filter(|it| it["Status"] != "passed").count();
    assert_eq!(metrics("ResultsMissing").len(), missing);
    // The one that came too late ended, too; nobody reported for the one whose token had died.
    assert_eq!(open().iter().sum::<i64>(), 0, "{:?}", open());
}
