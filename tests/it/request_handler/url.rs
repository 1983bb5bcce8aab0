//! Tests the function URL over HTTP: the answers to requests that are no run task's.

use runtask_log::event;
use serde_json::{Value, json};

use super::{App, KEY, OK, payload, sign};
use runtask_tests::http::{Answer, send};

/// Bytes of a body that are read.
const BODY_LIMIT: usize = 1024 * 1024;

const NO_REQUEST: &str = r#"{"message":"The body is not a run task request"}"#;

async fn post(app: &App, body: &str) -> Answer {
    let signature = sign(KEY, body);
    let headers = [("content-type", "application/json"), ("x-tfc-task-signature", &*signature)];
    send("POST", &app.double.function_url("request-handler"), &headers, body.to_owned()).await
}

/// A run's payload of exactly this many bytes.
fn sized(bytes: usize) -> String {
    let mut payload = payload("post_plan");
    payload["run_message"] = "".into();
    let rest = bytes - payload.to_string().len();
    payload["run_message"] = "x".repeat(rest).into();
    payload.to_string()
}

/// P-07: what is too large is said to be, and what is not too large for us but for an event as well.
#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = App::start().await;
    for bytes in [BODY_LIMIT + 1, 2 * BODY_LIMIT] {
        let answer = post(&app, &sized(bytes)).await;
        assert_eq!((answer.status, answer.json()), (413, json!({"message": "The body is too large"})));
    }
    assert!(app.hand_overs().is_empty());
    // The job is the body and a receipt.
    assert_eq!(post(&app, &sized(BODY_LIMIT)).await.status, 413);
    assert_eq!(app.hand_overs(), [413]);
    assert_eq!(post(&app, &sized(BODY_LIMIT - 100)).await.status, 200);
    assert_eq!(app.jobs().await.len(), 1);
}

/// P-07: a body that somebody signed and that is no request is refused for good; one that is merely new is not.
#[tokio::test]
async fn a_signed_body_must_be_a_request() {
    let app = App::start().await;
    for body in ["nonsense", "[]", r#"{"access_token":5}"#, "null", "{\"access_token\":\"EXAMPLE"] {
        let answer = post(&app, body).await;
        assert_eq!((answer.status, &answer.body[..]), (400, NO_REQUEST.as_bytes()), "{body}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    assert_eq!(post(&app, "").await.status, 400);
    for field in ["task_result_id", "task_result_callback_url"] {
        let mut payload = payload("post_plan");
        payload.as_object_mut().unwrap().remove(field);
        let (answer, events) = app.events_of(post(&app, &payload.to_string())).await;
        let says = json!({ "message": format!("The request lacks {field}") });
        assert_eq!((answer.status, answer.json()), (400, says));
        let error = events.one(event::REQUEST_UNREADABLE).error();
        assert!(error.ends_with(field), "{field}: {error}");
    }
    assert!(app.hand_overs().is_empty());

    let mut newer = payload("post_plan");
    newer["payload_version"] = 2.into();
    newer["stage"] = "mid_plan".into();
    newer["something_new"] = json!({"a": [1, 2.50]});
    let answer = post(&app, &newer.to_string()).await;
    assert_eq!((answer.status, &answer.body[..]), (200, OK.as_bytes()));
    let mut job = app.jobs().await.remove(0).event();
    job["runtask"].take();
    newer["runtask"] = Value::Null;
    assert_eq!(job, newer);
}

/// P-08: other methods and paths.
#[tokio::test]
async fn other_methods_and_paths_are_told_so() {
    let app = App::start().await;
    let url = app.double.function_url("request-handler");
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let answer = send(method, &format!("{url}/"), &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}");
        assert_eq!(answer.json(), json!({"message": "Method not allowed"}), "{method}");
    }
    for path in ["/x", "//", "/healthz/", "/%2e", "/%00", "/gr%C3%B6%C3%9Fe", "/a%20b"] {
        let answer = send("POST", &format!("{url}{path}"), &[], "{}").await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json(), json!({"message": "There is no run task at this path"}), "{path}");
    }
    assert_eq!(send("HEAD", &format!("{url}/"), &[], "").await.status, 405);
    assert!(app.hand_overs().is_empty());
    assert_eq!(app.double.cold_starts("request-handler"), 1);
}

/// P-08: the health check says which version answers, and asks for no signature.
#[tokio::test]
async fn the_health_check_names_the_version() {
    let app = App::start().await;
    let url = format!("{}/healthz", app.double.function_url("request-handler"));
    let answer = send("GET", &url, &[], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    assert_eq!(send("HEAD", &url, &[], "").await.status, 200);
    assert_eq!(send("POST", &url, &[], "").await.header("allow"), "GET, HEAD");
}
