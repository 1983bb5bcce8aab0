//! Tests the texts that people read: on the run's page, and in the logs.

use runtask_log::event;
use runtask_simulator::{Callback, Fault, Record, RunSpec};
use runtask_tests::log_events::LogEvents;
use serde_json::{Value, json};

use crate::run::{formatted, pair, result, run, serve, simulator, spec, unformatted};

fn last(record: &Record) -> &Value {
    record.callbacks.last().and_then(|it: &Callback| it.body.as_ref()).unwrap()
}

/// P-13, R-13: a run that passes has its message and nothing else.
#[tokio::test]
async fn a_formatted_configuration_passes() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let record = run(&simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    let body = |status: &str, message: &str| json!({"data": {"type": "task-results", "attributes": {"status": status, "message": message}}});
    let bodies: Vec<_> = record.callbacks.iter().map(|it| it.body.clone().unwrap()).collect();
    assert_eq!(bodies, [body("running", "Checking…"), body("passed", "Format check passed")]);
}

/// P-13, R-13, R-23: a run that fails has an outcome for each file, with the way out of it.
#[tokio::test]
async fn an_unformatted_configuration_fails() {
    let simulator = simulator().await;
    let pair = pair(&simulator, &[]).await;
    let record = run(&simulator, &pair.url(), spec(unformatted())).await;
    let message = "2 of 3 files need formatting: main.tf, modules/net/main.tf";
    assert_eq!(result(&record), ("failed", message));
    let outcomes = &record.result.outcomes;
    let descriptions: Vec<_> = outcomes.iter().map(|it| &*it.description).collect();
    assert_eq!(descriptions, ["main.tf is not formatted", "modules/net/main.tf is not formatted"]);
    assert_eq!(outcomes[0].id, "unformatted-file");
    assert_eq!(outcomes[0].labels("status")[0].label, "Failed");
    let body = outcomes[0].body.as_deref().unwrap();
    assert!(body.contains("terraform fmt -recursive") && body.contains("\n-  a = 1\n+  a   = 1\n"), "{body}");
}

/// P-18: to a host without outcomes they are told in the message.
#[tokio::test]
async fn without_outcomes_the_message_says_it_all() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let spec = RunSpec { faults: vec![Fault::NoOutcomes], ..spec(unformatted()) };
    let record = run(&simulator, &serve.url(), spec).await;
    let message = "2 of 3 files need formatting: main.tf, modules/net/main.tf\n\
                   main.tf is not formatted\nmodules/net/main.tf is not formatted";
    assert_eq!(result(&record), ("failed", message));
    assert!(last(&record)["data"].get("relationships").is_none());
}

/// Asserts that the logs tell of a run, in this order; whatever is told of its job has its id.
fn tells(events: &LogEvents, record: &Record) {
    let of_the_job = [
        (event::JOB_HANDED_OVER, "stage", json!("post_plan")),
        (event::JOB_TAKEN, "event", json!(event::JOB_TAKEN)),
        (event::RESULT_REPORTED, "status", json!("running")),
        (event::CONFIGURATION_UNPACKED, "files", json!(2)),
        (event::CHECK_STARTED, "check", json!("fmt")),
        (
            event::TERRAFORM_STARTED,
            "command",
            json!("terraform fmt -check -recursive -list=false -no-color ."),
        ),
        (event::TERRAFORM_ENDED, "exit_code", json!(0)),
        (event::RESULT_REPORTED, "status", json!("passed")),
        (event::JOB_DONE, "end", json!("passed")),
    ];
    let mut rest = events.iter();
    let mut next = |name: &str| {
        let found = rest.find(|it| it.name() == name);
        assert!(found.is_some(), "no `{name}` in its place: {events:#?}");
        found.unwrap()
    };
    assert_eq!(next(event::REQUEST_VERIFIED)["key.name"], "current");
    for (name, field, value) in of_the_job {
        let event = next(name);
        assert_eq!(event[field], value, "{event:#?}");
        assert_eq!(event.task_result_id(), Some(&*record.task_result_id), "{event:#?}");
    }
}

/// the logs say what was done, as JSON with the ids to find it by.
#[tokio::test]
async fn the_logs_tell_the_story() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let pair = pair(&simulator, &[]).await;
    let first = run(&simulator, &serve.url(), spec(formatted())).await;
    serve.wait_for_event(event::JOB_DONE).await;
    let second = run(&simulator, &pair.url(), spec(formatted())).await;
    pair.double.wait_idle(crate::run::PATIENCE).await;

    for (events, record) in [(serve.events(), &first), (pair.events(), &second)] {
        tells(&events, record);
        let ended = events.one(event::TERRAFORM_ENDED);
        assert!(ended["duration_ms"].is_number(), "{ended:#?}");
        assert_eq!(ended.span()["run.id"], *record.run_id, "{ended:#?}");
        assert_eq!(ended.span()["stage"], "post_plan", "{ended:#?}");
    }
    for logs in [serve.logs(), pair.logs()] {
        assert!(logs.lines().all(|it| serde_json::from_str::<Value>(it).is_ok()), "{logs}");
    }
}
