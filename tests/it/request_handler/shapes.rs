//! Tests that a request is the same, whichever way it reaches the function.

use std::time::{SystemTime, UNIX_EPOCH};

use runtask_log::event;
use runtask_protocol::SignatureError;
use runtask_tests::events::{self, BodyForm, HttpRequest, SHAPES};
use runtask_tests::lambda::Kind;
use runtask_tests::log_events::LogEvents;
use runtask_tests::secrets::assert_no_secrets;
use serde_json::{Value, json};

use super::{
    App, INVALID_SIGNATURE, KEY, OK, PATIENCE, Reply, SECRET_ACCESS_KEY, STAGES, STRANGE_KEY, answer_of,
    awkward_body, payload, sign, signed, unsigned,
};

/// What HCP Terraform is answered to its probe, which has the level `test`.
const PASSED: &str = r#"{"data":{"type":"task-results","attributes":{"status":"passed","message":"Configuration successful"}}}"#;

#[expect(clippy::disallowed_methods, reason = "the sender has a clock of its own")]
fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}

/// The header as the integration would read it from an answer.
fn header<'a>(answer: &'a Value, integration: &str, name: &str) -> &'a str {
    let single = answer["headers"][name].as_str();
    let multiple = answer["multiValueHeaders"][name][0].as_str();
    match integration {
        "load balancer, multi-value headers" => multiple,
        "REST API" => multiple.or(single),
        _ => single,
    }
    .unwrap_or_default()
}

/// P-02, R-03, R-04, R-05, R-08: the bytes that were signed arrive in every shape, and the payload goes on as it is.
#[tokio::test]
async fn a_signed_request_is_handed_over_from_every_shape_of_event() {
    let app = App::start().await;
    let body = awkward_body();
    let sent_at_ms = now_ms();
    for (name, shape) in SHAPES {
        for form in BodyForm::ALL {
            let event = shape(&signed(KEY, &body), form);
            let answer = answer_of(&app.double.invoke("request-handler", &event).await);
            assert_eq!(
                (&answer["statusCode"], &answer["body"]),
                (&json!(200), &json!(OK)),
                "{name}, {form:?}"
            );
            assert_ne!(answer["isBase64Encoded"], true, "{name}, {form:?}");
            assert_eq!(header(&answer, name, "content-type"), "application/json", "{name}, {form:?}");
        }
    }
    let jobs = app.jobs().await;
    assert_eq!(jobs.len(), SHAPES.len() * BodyForm::ALL.len());
    let payload: Value = serde_json::from_str(&body).unwrap();
    for job in jobs {
        assert_eq!(job.kind, Kind::Event);
        let mut event = job.event();
        let receipt = event.as_object_mut().unwrap().remove("runtask").unwrap();
        assert_eq!(event, payload);
        assert_eq!(receipt["task"], "default");
        let received_at_ms = u128::from(receipt["received_at_ms"].as_u64().unwrap());
        assert!((sent_at_ms..=now_ms()).contains(&received_at_ms), "{received_at_ms}");
        assert_eq!(receipt.as_object().unwrap().len(), 3);
    }
}

/// R-08: every stage's payload goes on.
#[tokio::test]
async fn every_stage_is_handed_over() {
    let app = App::start().await;
    for stage in STAGES {
        assert_eq!(app.ask(&signed(KEY, &payload(stage).to_string())).await.status, 200);
    }
    let mut stages: Vec<_> = app.jobs().await.iter().map(|it| it.event()["stage"].clone()).collect();
    stages.sort_by_key(|it| STAGES.iter().position(|stage| it == stage));
    assert_eq!(stages, STAGES);
}

/// P-02: a stage of API Gateway stands before the path that was called, and is none of ours.
#[tokio::test]
async fn a_stage_of_api_gateway_is_no_path_of_ours() {
    let app = App::start().await;
    let body = awkward_body();
    // A REST API gives the stage in the request context only, an HTTP API in the path too.
    let rest = events::rest_api(&signed(KEY, &body), BodyForm::Plain);
    assert_eq!((&rest["path"], &rest["requestContext"]["path"]), (&json!("/"), &json!("/prod/")));
    let staged = |request: &HttpRequest, path: &str| {
        let mut event = events::http_api(request, BodyForm::Plain);
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["path"] = path.into();
        event["requestContext"]["stage"] = "prod".into();
        event
    };
    let http = ["/prod/", "/prod"].map(|path| staged(&signed(KEY, &body), path));
    for event in [rest].iter().chain(&http) {
        assert_eq!(app.ask_event(event).await, Reply { status: 200, body: OK.to_owned() }, "{event}");
    }
    assert_eq!(app.jobs().await.len(), 3);
    let health = |path: &str| staged(&HttpRequest::new("GET", path), path);
    assert_eq!(app.ask_event(&health("/prod/healthz")).await.status, 200);
    for path in ["/production", "/prod/prod/", "/prod/x", "/x/prod/"] {
        assert_eq!(app.ask_event(&health(path)).await.status, 404, "{path}");
    }
}

/// Q-04: a signature that Python made: `hmac.new(b"example-hmac-key", body, hashlib.sha512).hexdigest()`.
#[tokio::test]
async fn a_signature_that_python_made_verifies() {
    const BODY: &str = concat!(
        r#"{"payload_version":1,"stage":"pre_plan","access_token":"EXAMPLE.atlasv1.signed-by-python","#,
        r#""run_message":"größe \u00e9 🦀","#,
        r#""task_result_callback_url":"https://app.terraform.io/api/v2/task-results/1/callback","#,
        r#""task_result_id":"taskrs-python"}"#,
        "\n",
    );
    const SIGNATURE: &str = concat!(
        "a1e701cfa40790bf41057ae826808bb4cc08d824097ee14743cb161f188ef795",
        "6e1ccf2cfab8a57a6e2a73999208be3b328e3bf478394c5d26ea4b16890aad08",
    );
    let app = App::with(&[("HMAC_KEY", "example-hmac-key")]).await;
    let request = unsigned(BODY).header("X-TFC-Task-Signature", SIGNATURE);
    assert_eq!(app.ask(&request).await, Reply { status: 200, body: OK.to_owned() });
    let upper_case = unsigned(BODY).header("x-tfc-task-signature", SIGNATURE.to_uppercase());
    assert_eq!(app.ask(&upper_case).await.status, 200);
    assert_eq!(app.jobs().await.len(), 2);
}

/// P-03, Q-04, Q-13: a bad signature is refused in every shape, starts nothing, and only the log says why.
#[tokio::test]
async fn a_bad_signature_is_refused_from_every_shape_of_event() {
    let app = App::start().await;
    let body = awkward_body();
    let good = sign(KEY, &body);
    let with = |signature: &str| unsigned(&body).header("X-TFC-Task-Signature", signature);
    let requests = [
        (unsigned(&body), SignatureError::Missing),
        (with(""), SignatureError::Missing),
        (with("nonsense"), SignatureError::Malformed),
        (with(&good[..126]), SignatureError::Malformed),
        (with(&format!("sha256={good}")), SignatureError::Malformed),
        (with(&format!("sha512={}", sign(STRANGE_KEY, &body))), SignatureError::Mismatch),
        (with(&format!("{}zz", &good[..126])), SignatureError::Malformed),
        (with(&sign(STRANGE_KEY, &body)), SignatureError::Mismatch),
        (with(&sign(KEY, body.trim_end())), SignatureError::Mismatch),
    ];
    let texts = texts_of(&serde_json::from_str(&body).unwrap());
    for (name, shape) in SHAPES {
        for (number, (request, reason)) in requests.iter().enumerate() {
            let logged = app.logs().len();
            let answer =
                answer_of(&app.double.invoke("request-handler", &shape(request, BodyForm::Base64)).await);
            assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(401), &json!(INVALID_SIGNATURE)));
            assert_eq!(header(&answer, name, "content-type"), "application/json", "{name}");
            let logs = app.logs()[logged..].to_owned();
            let events = LogEvents::read(&logs);
            let refused = events.one(event::REQUEST_REFUSED);
            assert_eq!(refused["reason"], reason.to_string(), "{name}, request {number}");
            let texts: Vec<_> = texts.iter().map(String::as_str).chain([good.as_str()]).collect();
            assert_no_secrets(&logs, &texts);
        }
    }
    assert!(app.jobs().await.is_empty() && app.hand_overs().is_empty());
}

/// The texts of a payload that are long enough to be told from other words.
fn texts_of(payload: &Value) -> Vec<String> {
    let texts = payload.as_object().unwrap().values().filter_map(Value::as_str);
    let texts: Vec<_> = texts.filter(|it| it.len() > 9).map(str::to_owned).collect();
    assert!(texts.len() > 10 && !texts.contains(&SECRET_ACCESS_KEY.to_owned()));
    texts
}

/// P-03: two signatures are no signature, wherever the integration lets us see both.
#[tokio::test]
async fn a_repeated_signature_is_refused() {
    let app = App::start().await;
    let body = payload("post_plan").to_string();
    let twice = signed(KEY, &body).header("X-TFC-Task-Signature", sign(KEY, &body));
    for (name, shape) in SHAPES {
        let event = shape(&twice, BodyForm::Plain);
        let (reply, events) = app.events_of(app.ask_event(&event)).await;
        let expected = match name {
            // They come joined by a comma.
            "function URL" | "HTTP API" => Some(SignatureError::Malformed),
            "load balancer, multi-value headers" => Some(SignatureError::Repeated),
            // The load balancer hands over the last one only; of a REST API's, `lambda_http` keeps only the last.
            _ => None,
        };
        assert_eq!(reply.status, if expected.is_some() { 401 } else { 200 }, "{name}");
        match expected {
            Some(reason) => {
                assert_eq!(events.one(event::REQUEST_REFUSED)["reason"], reason.to_string(), "{name}");
            }
            None => assert!(events.has(event::JOB_HANDED_OVER), "{name}"),
        }
    }
    assert_eq!(app.jobs().await.len(), 2);
}

/// P-06, Q-05: a probe is answered and starts nothing, and has to be signed like everything else.
#[tokio::test]
async fn a_probe_is_answered_and_starts_nothing() {
    let app = App::start().await;
    let test = payload("test").to_string();
    for (name, shape) in SHAPES {
        let reply = app.ask_event(&shape(&signed(KEY, &test), BodyForm::Plain)).await;
        assert_eq!(reply, Reply { status: 200, body: PASSED.to_owned() }, "{name}");
        for request in [unsigned(&test), signed(STRANGE_KEY, &test)] {
            let reply = app.ask_event(&shape(&request, BodyForm::Plain)).await;
            assert_eq!(reply, Reply { status: 401, body: INVALID_SIGNATURE.to_owned() }, "{name}");
        }
    }
    for (field, value, body) in [
        ("task_result_enforcement_level", "test", PASSED),
        ("stage", "test", r#"{"message":"The run task answers"}"#),
    ] {
        let mut payload = payload("post_plan");
        payload[field] = value.into();
        let reply = app.ask(&signed(KEY, &payload.to_string())).await;
        assert_eq!(reply, Reply { status: 200, body: body.to_owned() }, "{field}");
    }
    app.double.wait_idle(PATIENCE).await;
    assert!(app.hand_overs().is_empty());
    assert!(app.events().has(event::PROBE_ANSWERED), "{}", app.logs());
}

/// V-16: what names a run is worked on, or refused with the name of what it lacks.
#[tokio::test]
async fn a_run_is_no_probe() {
    let app = App::start().await;
    let lacks = r#"{"message":"The request lacks access_token"}"#;
    for (field, value, status, body) in [
        ("access_token", Value::Null, 400, lacks),
        ("access_token", json!(""), 400, lacks),
        ("access_token", json!("test-token"), 200, OK),
        ("stage", Value::Null, 200, OK),
    ] {
        let mut payload = payload("post_plan");
        payload[field] = value;
        let reply = app.ask(&signed(KEY, &payload.to_string())).await;
        assert_eq!(reply, Reply { status, body: body.to_owned() }, "{field}: {}", payload[field]);
    }
    assert_eq!(app.jobs().await.len(), 2);
    assert!(!app.events().has(event::PROBE_ANSWERED), "{}", app.logs());
}

/// V-19: what some senders write differently is understood.
#[tokio::test]
async fn a_prefixed_signature_and_a_hyphenated_stage_are_understood() {
    let app = App::start().await;
    let mut payload = payload("post_plan");
    payload["stage"] = "post-plan".into();
    let body = payload.to_string();
    let signature = format!("sha512={}", sign(KEY, &body));
    let reply = app.ask(&unsigned(&body).header("X-TFC-Task-Signature", signature)).await;
    assert_eq!(reply, Reply { status: 200, body: OK.to_owned() });
    assert_eq!(app.events().one(event::JOB_HANDED_OVER)["stage"], "post_plan");
    assert_eq!(app.jobs().await.len(), 1);
}
