//! Tests which token reads the configuration and the plan.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::patch;
use runtask_log::event;
use runtask_simulator::Configuration;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::run::{PATIENCE, deliver_with, formatted, origins, result, serve, simulator, spec};

const READ_TOKEN: &str = "example-token-that-reads-everything";

/// A Terraform Enterprise that serves everything at first hand, and remembers who asked.
#[derive(Clone)]
struct Archive {
    archive: axum::body::Bytes,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn answer(State(archive): State<Archive>, uri: Uri, headers: HeaderMap) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).map_or("none", |it| it.to_str().unwrap());
    archive.seen.lock().unwrap().push(authorization.to_owned());
    match uri.path() {
        "/plan" | "/api/v2/plans/plan-1/json-output" => {
            r#"{"format_version":"1.2","terraform_version":"1.9.0"}"#.into_response()
        }
        _ => archive.archive.into_response(),
    }
}

/// R-10: `TF_TOKEN`, when set, reads; without it the run's own token does. Results are reported with the latter.
#[tokio::test]
async fn tf_token_reads_where_it_is_set() {
    let Configuration::Archive(bytes) = formatted() else { unreachable!("it is packed") };
    let archive = Archive { archive: bytes, seen: Arc::default() };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(archive.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let simulator = simulator().await;
    let origins = format!("{},{origin}", origins(&simulator));
    for token in [Some(READ_TOKEN), None] {
        let settings = [
            ("RUNTASK_ALLOWED_ORIGINS", &*origins),
            ("RUNTASK_CHECKS", "fmt,plan-summary"),
            ("TF_TOKEN", token.unwrap_or_default()),
        ];
        let serve = serve(&simulator, &settings).await;
        serve.keeps_secret(READ_TOKEN);
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        serve.keeps_secret(run.token());
        let changes = [
            ("configuration_version_download_url", format!("{origin}/configuration").into()),
            ("plan_json_api_url", format!("{origin}/plan").into()),
        ];
        deliver_with(&run, &serve.url(), &changes).await;
        assert_eq!(result(&run.wait_final(PATIENCE).await).0, "passed");
        let expected = format!("Bearer {}", token.unwrap_or(run.token()));
        assert_eq!(std::mem::take(&mut *archive.seen.lock().unwrap()), [&*expected; 2]);
    }
}

/// V-18: a plan URL without a host is at the callback's origin, and so is a configuration that is known by its id alone,
/// where a token of our own may read it.
#[tokio::test]
async fn what_has_no_host_is_at_the_callbacks_origin() {
    let Configuration::Archive(bytes) = formatted() else { unreachable!("it is packed") };
    let results = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&results);
    let take = patch(async move |Json(body): Json<Value>| {
        taken.lock().unwrap().push(body["data"]["attributes"].clone());
    });
    let archive = Archive { archive: bytes, seen: Arc::default() };
    let app = Router::new().route("/callback", take).fallback(answer).with_state(archive.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let simulator = simulator().await;
    let none =
        "Check fmt could not run: HCP Terraform offers no configuration to download for this run (any more)";
    for (token, status, says) in [(READ_TOKEN, "passed", "Format check passed"), ("", "failed", none)] {
        let settings = [
            ("RUNTASK_ALLOWED_ORIGINS", &*origin),
            ("RUNTASK_CHECKS", "fmt,plan-summary"),
            ("TF_TOKEN", token),
        ];
        let serve = serve(&simulator, &settings).await;
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        let changes = [
            ("task_result_callback_url", format!("{origin}/callback").into()),
            ("configuration_version_download_url", Value::Null),
            ("plan_json_api_url", "/api/v2/plans/plan-1/json-output".into()),
        ];
        assert_eq!(deliver_with(&run, &serve.url(), &changes).await.status, 200);
        serve.wait_for_event(event::JOB_DONE).await;
        let result = results.lock().unwrap().pop().unwrap();
        assert_eq!(result["status"], status);
        let message = result["message"].as_str().unwrap();
        assert!(message.contains(says) && message.contains("\nPlan: 0 to add"), "{message}");
        let seen = std::mem::take(&mut *archive.seen.lock().unwrap());
        assert_eq!(seen.len(), if token.is_empty() { 1 } else { 2 }, "{seen:?}");
    }
}
