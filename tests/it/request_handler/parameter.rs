//! Tests the key in Parameter Store.

use runtask_log::event;
use runtask_tests::log_events::LogEvents;
use runtask_tests::moto::Moto;
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::ssm::{Manner, Ssm};
use super::{App, INVALID_SIGNATURE, KEY, NEWER_KEY, OK, Reply, STRANGE_KEY, payload, signed};
use runtask_tests::aws;

const NAME: &str = "/terraform-run-task/hmac-secret-key";

/// Writes a new version of the parameter; returns its number.
async fn put(moto: &Moto, value: &str) -> Value {
    let body = json!({"Name": NAME, "Value": value, "Type": "SecureString", "Overwrite": true});
    aws::call(moto.endpoint(), "ssm", "AmazonSSM.PutParameter", &body).await["Version"].clone()
}

/// The function with the key in a Parameter Store at `endpoint`; hand-overs go to the double as ever.
async fn app(endpoint: &str) -> App {
    App::with(&[("HMAC_SECRET_KEY_PARAM", NAME), ("AWS_ENDPOINT_URL_SSM", endpoint)]).await
}

async fn ask(app: &App, key: &str) -> Reply {
    app.ask(&signed(key, &payload("post_plan").to_string())).await
}

fn accepted() -> Reply {
    Reply { status: 200, body: OK.to_owned() }
}

fn refused() -> Reply {
    Reply { status: 401, body: INVALID_SIGNATURE.to_owned() }
}

fn unavailable() -> Reply {
    Reply { status: 503, body: r#"{"message":"Try again later"}"#.to_owned() }
}

/// Asks, and returns the events that were logged meanwhile.
async fn events_of(app: &App, key: &str, expected: Reply) -> LogEvents {
    let (reply, events) = app.events_of(ask(app, key)).await;
    assert_eq!(reply, expected);
    events
}

/// Q-02, P-05: the key is read from Parameter Store; a new one works at once and the one before goes on working, also
/// for a process that never saw it in force.
#[tokio::test]
async fn a_rotated_key_works_at_once_and_the_one_before_still_does() {
    let moto = Moto::start().await;
    assert_eq!(put(&moto, KEY).await, 1);
    let app = app(moto.endpoint()).await;
    assert_eq!(events_of(&app, KEY, accepted()).await.one(event::KEY_READ)["key.version"], 1);
    assert_eq!(ask(&app, STRANGE_KEY).await, refused());
    // The pause between two reads for signatures that match no key begins anew with the process.
    assert_eq!(app.double.kill("request-handler"), 1);
    assert_eq!(ask(&app, KEY).await, accepted());

    assert_eq!(put(&moto, NEWER_KEY).await, 2);
    let events = events_of(&app, NEWER_KEY, accepted()).await;
    assert_eq!(events.one(event::KEY_READ)["key.version"], 2);
    assert_eq!(events.one(event::REQUEST_VERIFIED)["key.name"], "current");
    let events = events_of(&app, KEY, accepted()).await;
    assert_eq!(events.one(event::REQUEST_VERIFIED)["key.name"], "previous");
    assert_eq!(ask(&app, STRANGE_KEY).await, refused());
    assert_eq!(app.double.cold_starts("request-handler"), 2);

    app.double.kill("request-handler");
    let events = events_of(&app, KEY, accepted()).await;
    assert_eq!(events.one(event::REQUEST_VERIFIED)["key.name"], "previous");
    assert_eq!(app.jobs().await.len(), 5);
}

/// Q-02: a parameter that is not there is named, and used as soon as it is there.
#[tokio::test]
async fn a_missing_parameter_is_waited_for() {
    let moto = Moto::start().await;
    let app = app(moto.endpoint()).await;
    let events = events_of(&app, KEY, unavailable()).await;
    let error = events.one(event::KEY_UNAVAILABLE).error();
    assert!(error.contains("HMAC_SECRET_KEY_PARAM") && error.contains("does not exist"), "{error}");
    assert!(app.hand_overs().is_empty());
    put(&moto, KEY).await;
    assert_eq!(ask(&app, KEY).await, accepted());
    assert_eq!(app.double.cold_starts("request-handler"), 1);
}

/// P-05: whoever floods us with bad signatures does not make us flood Parameter Store.
#[tokio::test]
async fn a_flood_of_bad_signatures_reads_the_key_twice_at_most() {
    let ssm = Ssm::start(Manner::Key(KEY)).await;
    let app = app(&ssm.endpoint).await;
    for _ in 0..40 {
        assert_eq!(ask(&app, STRANGE_KEY).await, refused());
    }
    assert_eq!(ask(&app, KEY).await, accepted());
    assert_eq!(app.double.cold_starts("request-handler"), 1);
    assert_eq!(ssm.reads(), 2);
    assert_eq!(app.jobs().await.len(), 1);
}

/// Q-02: a Parameter Store that does not give the key is told apart in the log, and HCP Terraform asked to come again.
#[tokio::test]
async fn a_parameter_store_that_does_not_answer_is_named() {
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = format!("http://{}", nobody.local_addr().unwrap());
    let (denying, hanging) = (Ssm::start(Manner::Deny).await, Ssm::start(Manner::Hang).await);
    for (endpoint, reason) in [
        (&nobody, "Connection refused"),
        (&denying.endpoint, "AccessDeniedException: User: arn:aws:sts:"),
        (&hanging.endpoint, "not done inside the time"),
    ] {
        let app = app(endpoint).await;
        let events = events_of(&app, KEY, unavailable()).await;
        let error = events.one(event::KEY_UNAVAILABLE).error();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(app.hand_overs().is_empty());
    }
}
