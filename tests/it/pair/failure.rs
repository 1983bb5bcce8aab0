//! Tests the failure handler: a job that the callback handler gave up gets one final result, always.

use std::time::Duration;

use runtask_log::event;
use runtask_simulator::{PreparedRun, Record, Simulator};
use runtask_tests::lambda::{Asynchronous, Destination, Function};
use runtask_tests::pair::{CALLBACK_HANDLER, FAILURE_HANDLER, Pair};
use runtask_tests::terraform::StandIn;
use serde_json::{Value, json};

use crate::run::{PATIENCE, deliver, formatted, origins, result, simulator, spec};

const DIED: &str = "Not checked: the run task ended unexpectedly";

/// The functions, of which the callback handler gets one attempt.
async fn pair(
    simulator: &Simulator,
    settings: &[(&str, &str)],
    change: impl FnOnce(Function) -> Function,
) -> Pair {
    let origins = origins(simulator);
    let allowed = [("RUNTASK_ALLOWED_ORIGINS", &*origins)];
    Pair::with(&[&allowed, settings].concat(), |it| change(it.asynchronous(once()))).await
}

fn once() -> Asynchronous {
    Asynchronous {
        maximum_retry_attempts: 0,
        on_failure: Some(Destination::Function(FAILURE_HANDLER.to_owned())),
        ..Asynchronous::default()
    }
}

async fn settled(pair: &Pair, run: &PreparedRun) -> Record {
    pair.keeps_secret(run.token());
    deliver(run, &pair.url()).await;
    pair.double.wait_idle(PATIENCE).await;
    run.record()
}

fn ends(pair: &Pair) -> Vec<Value> {
    pair.double.invocations(FAILURE_HANDLER).iter().map(|it| it.outcome.payload()).collect()
}

/// P-16: killed in the middle of a check, as when memory runs out.
#[tokio::test]
async fn a_function_that_is_killed_gets_its_result_from_the_failure_handler() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang");
    for (on_error, status) in [("failed", "failed"), ("passed", "passed")] {
        let settings = [("RUNTASK_ON_ERROR", on_error), ("RUNTASK_TERRAFORM", terraform.path())];
        let pair = pair(&simulator, &settings, |it| it).await;
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        pair.keeps_secret(run.token());
        deliver(&run, &pair.url()).await;
        terraform.started(2).await;
        assert_eq!(pair.double.kill(CALLBACK_HANDLER), 1);
        pair.double.wait_idle(PATIENCE).await;
        assert_eq!(result(&run.record()), (status, DIED));
        assert_eq!(ends(&pair), [status]);
        terraform.wait_gone().await;
    }
}

/// P-16: the function does not even start, because of a setting that both have.
#[tokio::test]
async fn a_function_that_does_not_start_gets_its_result_from_the_failure_handler() {
    let simulator = simulator().await;
    let wrong = [
        ("RUNTASK_MAX_ENTRIES", "many"),
        ("RUNTASK_CA_BUNDLE", "/nonexistent/ca.pem"),
        ("RUNTASK_MAX_ENTRYS", "1000"),
    ];
    let pair = pair(&simulator, &wrong, |it| it).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(result(&settled(&pair, &run).await), ("failed", DIED));
    // S-11: by both functions.
    assert!(pair.events().named(event::SETTING_UNKNOWN).count() >= 2, "{}", pair.logs());
}

/// P-16: Lambda ends the function, which cannot see it coming because its clock stands still meanwhile.
#[tokio::test]
async fn a_function_that_runs_out_of_time_gets_its_result_from_the_failure_handler() {
    let simulator = simulator().await;
    let terraform = StandIn::new("hang");
    let settings = [("RUNTASK_TERRAFORM", terraform.path())];
    let pair = pair(&simulator, &settings, |it| it).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    pair.keeps_secret(run.token());
    deliver(&run, &pair.url()).await;
    terraform.started(2).await;
    pair.double.time_out(CALLBACK_HANDLER);
    pair.double.wait_idle(PATIENCE).await;
    assert_eq!(result(&run.record()), ("failed", "Not checked: the run task ran out of time"));
}

/// P-16: the event grew too old in Lambda's queue.
#[tokio::test]
async fn a_job_that_never_started_gets_its_result_from_the_failure_handler() {
    let simulator = simulator().await;
    let too_old = Asynchronous { maximum_event_age: Duration::ZERO, ..once() };
    let pair = pair(&simulator, &[], |it| it.asynchronous(too_old)).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let says = "Not checked: the run task did not get to it in time";
    assert_eq!(result(&settled(&pair, &run).await), ("failed", says));
    assert!(pair.double.invocations(CALLBACK_HANDLER).is_empty());
}

/// P-16: HCP Terraform already has the result; it stays the one.
#[tokio::test]
async fn a_result_that_was_sent_is_not_sent_again() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[], |it| it).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let record = settled(&pair, &run).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    let late = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 2},
        "requestPayload": serde_json::from_slice::<Value>(&run.body()).unwrap(),
    });
    assert_eq!(pair.double.invoke(FAILURE_HANDLER, &late).await.payload(), "not wanted");
    assert_eq!(run.record().finals_accepted, 1);
}

/// P-16: a token that died of old age is nobody's result; a person hears of it.
#[tokio::test]
async fn a_token_that_expired_is_no_success() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[], |it| it).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let mut job: Value = serde_json::from_slice(&run.body()).unwrap();
    job["access_token"] = "another-token-that-expired".into();
    let record = json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": job});
    pair.double.enqueue(FAILURE_HANDLER, record.to_string());
    let kept = pair.double.failures(FAILURE_HANDLER).await;
    let says = "the run's token is not valid any more, and HCP Terraform may have no result";
    assert_eq!(kept[0]["responsePayload"]["errorMessage"], says);
    assert_eq!(run.record().finals_accepted, 0);
}

/// P-16, P-19: what the failure handler cannot report it keeps for people, and says nothing of what it held.
#[tokio::test]
async fn a_failure_that_cannot_be_reported_is_kept() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[], |it| it).await;
    pair.keeps_secret("example-token-in-a-broken-record");
    let broken = json!({
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": {"access_token": "example-token-in-a-broken-record"},
    });
    pair.double.enqueue(FAILURE_HANDLER, broken.to_string());
    let kept = pair.double.failures(FAILURE_HANDLER).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["responsePayload"]["errorMessage"], "the record holds no job");
}
