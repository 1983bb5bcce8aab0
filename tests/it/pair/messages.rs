//! Tests the texts that people read: on the run's page, and in the logs.

use runtask_simulator::{Callback, Fault, Record, RunSpec};
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

/// What the logs tell of a run, in this order.
const STORY: [&str; 9] = [
    "the signature matches the current key",
    "handed taskrs-… over",
    "took taskrs-… over",
    "reported running",
    "unpacked 2 of ",
    "running terraform fmt",
    "terraform fmt ended with exit code 0",
    "reported passed",
    "done with taskrs-…: passed",
];

fn tells(logs: &str, record: &Record) {
    let mut rest = logs;
    for line in STORY {
        let line = line.replace("taskrs-…", &record.task_result_id);
        assert!(rest.contains(&line), "no `{line}` in its place:\n{logs}");
        let (_, after) = rest.split_once(&line).unwrap();
        rest = after;
    }
}

/// the logs say what was done, as JSON with the ids to find it by.
#[tokio::test]
async fn the_logs_tell_the_story() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let pair = pair(&simulator, &[]).await;
    let first = run(&simulator, &serve.url(), spec(formatted())).await;
    serve.wait_for_log("done with").await;
    tells(&serve.logs(), &first);
    let second = run(&simulator, &pair.url(), spec(formatted())).await;
    pair.double.wait_idle(crate::run::PATIENCE).await;
    tells(&pair.logs(), &second);

    for (logs, record) in [(serve.logs(), &first), (pair.logs(), &second)] {
        let line = logs.lines().find(|it| it.contains("ended with exit code")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        let span = &line["span"];
        assert_eq!(span["task_result.id"], *record.task_result_id, "{line}");
        assert_eq!(span["run.id"], *record.run_id, "{line}");
        assert_eq!(span["stage"], "post_plan", "{line}");
        assert!(logs.lines().all(|it| serde_json::from_str::<Value>(it).is_ok()), "{logs}");
    }
}
