//! Tests people who are told of results by what is deployed: a channel's secret is in Parameter Store, and a bus takes events.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::Uri;
use runtask_log::event;
use runtask_tests::aws;
use runtask_tests::log_events::LogEvents;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::Stack;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec};

/// What a webhook's URL has behind its host is what makes it secret.
const SECRET: &str = "/services/T0EXAMPLE01/B0EXAMPLE01/example-webhook-secret";

/// A channel of which the function may not know more than its name costs nobody else a message, and no run its result.
#[tokio::test]
async fn the_secret_of_a_channel_is_read_where_infra_allows_it() {
    let (slack, told) = receiver().await;
    let variables = [
        ("fmt_engine", "native"),
        ("tasks_file", "ssm:///acme/runtask.toml"),
        ("tasks", "[\"default\"]"),
        ("channel_secrets", "[\"/acme/slack\"]"),
    ];
    let stack = Stack::apply(&variables).await;
    let tasks = format!(
        r#"
[tasks.default]
checks = ["fmt"]
notify = ["ops", "others"]

[notify.ops]
kind = "slack"
url = "ssm:///acme/slack"
origin = "{slack}"
on = ["passed"]

[notify.others]
kind = "slack"
url = "ssm:///acme/others"
origin = "{slack}"
on = ["passed"]
"#
    );
    let endpoint = stack.moto.endpoint();
    aws::put_parameter(endpoint, "/acme/runtask.toml", &tasks).await;
    aws::put_secret(endpoint, "/acme/slack", &format!("https://hooks.slack.com{SECRET}")).await;
    aws::put_secret(endpoint, "/acme/others", "https://hooks.slack.com/services/others").await;

    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    assert_eq!(result(&run.wait_final(PATIENCE).await), ("passed", "Format check passed"));
    deployment.double.wait_idle(PATIENCE).await;

    assert_eq!(*told.lock().unwrap(), [SECRET]);
    let callback_handler = &deployment.functions[1];
    let read = |name: &str| {
        let parameter = format!("arn:aws:ssm:eu-central-1:123456789012:parameter/acme/{name}");
        ("ssm:GetParameter".to_owned(), parameter)
    };
    let used = deployment.gate.used(&callback_handler.role);
    assert!(used.contains(&read("slack")) && !used.contains(&read("others")), "{used:?}");
    let refused = deployment.gate.refused();
    assert!(!refused.is_empty() && refused.iter().all(|it| it.contains("/acme/others")), "{refused:?}");
    let events = LogEvents::read(&deployment.double.logs(&callback_handler.name));
    assert!(events.has(event::CHANNEL_TOLD) && events.has(event::CHANNEL_NOT_READY));
    assert_keeps_secrets(&deployment, &key, &run);
    assert_no_secrets(&deployment.logs(), &[SECRET]);
}

/// An event is put on the bus that infra names, by the function's role. Another bus is refused, and costs no run its result.
#[tokio::test]
async fn an_event_is_put_on_the_bus_that_infra_names() {
    let variables = [
        ("fmt_engine", "native"),
        ("tasks_file", "ssm:///acme/runtask.toml"),
        ("tasks", "[\"default\"]"),
        ("channel_event_bus", "acme"),
    ];
    let stack = Stack::apply(&variables).await;
    let tasks = r#"
[tasks.default]
checks = ["fmt"]
notify = ["bus", "others"]

[notify.bus]
kind = "eventbridge"
bus = "acme"

[notify.others]
kind = "eventbridge"
bus = "others"
"#;
    let endpoint = stack.moto.endpoint();
    aws::put_parameter(endpoint, "/acme/runtask.toml", tasks).await;
    // Without a rule: moto takes events, and brings them nowhere without a library that is not here.
    aws::call(endpoint, "events", "AWSEvents.CreateEventBus", &json!({"Name": "acme"})).await;
    let simulator = simulator().await;
    let deployment = deployment(&stack, &simulator, |_, function| function).await;
    let key = key(&stack, None).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&deployment, &key)).await.unwrap(), Some(200));
    let record = run.wait_final(PATIENCE).await;
    assert_eq!(result(&record), ("passed", "Format check passed"));
    deployment.double.wait_idle(PATIENCE).await;

    let events = deployment.gate.events();
    let [event] = events.as_slice() else { panic!("{events:#?}") };
    assert_eq!((&event["EventBusName"], &event["Source"]), (&json!("acme"), &json!("runtask")));
    assert_eq!(event["DetailType"], "run_task.finished");
    let detail: Value = serde_json::from_str(event["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["id"], format!("msg_{}-passed", record.task_result_id));
    assert_eq!((&detail["outcome"], &detail["run_id"]), (&json!("passed"), &json!(*record.run_id)));
    let callback_handler = &deployment.functions[1];
    let put =
        ("events:PutEvents".to_owned(), "arn:aws:events:eu-central-1:123456789012:event-bus/acme".to_owned());
    assert!(deployment.gate.used(&callback_handler.role).contains(&put));
    let refused = deployment.gate.refused();
    assert!(!refused.is_empty() && refused.iter().all(|it| it.contains("event-bus/others")), "{refused:?}");
    let events = LogEvents::read(&deployment.double.logs(&callback_handler.name));
    assert_eq!(events.one(event::CHANNEL_TOLD)["channel"], "bus");
    assert_eq!(events.one(event::CHANNEL_NOT_TOLD)["channel"], "others");
    assert_keeps_secrets(&deployment, &key, &run);
}

/// Slack, as far as it takes messages: its origin, and the paths to which there was something posted.
async fn receiver() -> (String, Arc<Mutex<Vec<String>>>) {
    let told = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&told);
    let router = Router::new().fallback(async move |uri: Uri| {
        heard.lock().unwrap().push(uri.path().to_owned());
        "ok"
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (origin, told)
}
