//! Tests the key through the Parameters and Secrets extension.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use runtask_log::event;
use serde_json::json;
use tokio::net::TcpSocket;

use super::{App, INVALID_SIGNATURE, KEY, OK, Reply, SESSION_TOKEN, STRANGE_KEY, payload, signed};

const NAME: &str = "/terraform-run-task/hmac-secret-key";

/// The query of a read, as it must be sent.
const QUERY: &str = "name=%2Fterraform-run-task%2Fhmac-secret-key&withDecryption=true";

/// The extension: a port that is taken from the start, and a server on it once [`Extension::serve`] is called.
pub(crate) struct Extension {
    port: u16,
    socket: TcpSocket,
}

/// What was asked, and how often "not ready" is still to be answered.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    queries: Vec<String>,
    not_ready: usize,
}

impl Extension {
    pub(crate) fn new() -> Self {
        // Bound and not listening: nobody else gets the port, and who connects is refused.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { port: socket.local_addr().unwrap().port(), socket }
    }

    pub(crate) async fn app(&self, settings: &[(&str, &str)]) -> App {
        let port = self.port.to_string();
        let own = [("HMAC_SECRET_KEY_PARAM", NAME), ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", &*port)];
        App::with(&[&own, settings].concat()).await
    }

    /// Answers from now on, `not_ready` times with the refusal of an extension that starts.
    pub(crate) fn serve(self, not_ready: usize) -> Arc<Mutex<Asked>> {
        let asked = Arc::new(Mutex::new(Asked { queries: Vec::new(), not_ready }));
        let router =
            Router::new().route("/systemsmanager/parameters/get", get(answer)).with_state(Arc::clone(&asked));
        let listener = self.socket.listen(16).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        asked
    }
}

async fn answer(
    State(asked): State<Arc<Mutex<Asked>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let mut asked = asked.lock().unwrap();
    asked.queries.push(query.clone().unwrap_or_default());
    if headers.get("x-aws-parameters-secrets-token").is_none_or(|it| it != SESSION_TOKEN) {
        return (StatusCode::FORBIDDEN, "no or a wrong token".to_owned());
    }
    if asked.not_ready > 0 {
        asked.not_ready -= 1;
        return (StatusCode::BAD_REQUEST, "not ready to serve traffic, please wait".to_owned());
    }
    let parameter = json!({
        "ARN": "arn:aws:ssm:eu-central-1:123456789012:parameter/terraform-run-task/hmac-secret-key",
        "DataType": "text",
        "LastModifiedDate": "2026-02-11T09:03:07.482Z",
        "Name": NAME,
        "Selector": null,
        "SourceResult": null,
        "Type": "SecureString",
        "Value": KEY,
        "Version": 1,
    });
    (StatusCode::OK, json!({"Parameter": parameter, "ResultMetadata": {}}).to_string())
}

async fn ask(app: &App, key: &str) -> Reply {
    app.ask(&signed(key, &payload("post_plan").to_string())).await
}

/// Asserts that there was no key, for this reason.
fn assert_unavailable(app: &App, reason: &str) {
    let events = app.events();
    let error = events.one(event::KEY_UNAVAILABLE).error();
    assert!(error.contains(reason), "{error}");
}

fn accepted() -> Reply {
    Reply { status: 200, body: OK.to_owned() }
}

/// the name is encoded, the session token sent, and an extension that is not ready asked again.
#[tokio::test]
async fn an_extension_that_is_not_ready_is_asked_again() {
    let extension = Extension::new();
    let app = extension.app(&[]).await;
    let asked = extension.serve(3);
    assert_eq!(ask(&app, KEY).await, accepted());
    assert_eq!(asked.lock().unwrap().queries, [QUERY; 4]);
    assert_eq!(ask(&app, KEY).await, accepted());
    assert_eq!(asked.lock().unwrap().queries.len(), 4, "a key that was read is kept");
    assert_eq!(ask(&app, STRANGE_KEY).await, Reply { status: 401, body: INVALID_SIGNATURE.to_owned() });
    assert_eq!(app.jobs().await.len(), 2);
}

/// so is one that does not listen yet.
#[tokio::test]
async fn an_extension_that_does_not_listen_yet_is_waited_for() {
    let extension = Extension::new();
    let app = extension.app(&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")]).await;
    let late = async {
        app.wait_for_event(event::EXTENSION_NOT_READY).await;
        extension.serve(0)
    };
    let (reply, asked) = tokio::join!(ask(&app, KEY), late);
    assert_eq!(reply, accepted());
    assert_eq!(asked.lock().unwrap().queries, [QUERY]);
    assert_eq!(app.jobs().await.len(), 1);
}

/// one that never comes, or refuses us, is named in the log.
#[tokio::test]
async fn an_extension_that_gives_no_key_is_named() {
    let absent = Extension::new();
    let app = absent.app(&[]).await;
    assert_eq!(ask(&app, KEY).await.status, 503);
    assert_unavailable(&app, "the Parameters and Secrets extension is not there");

    let extension = Extension::new();
    let app = extension.app(&[("AWS_SESSION_TOKEN", "of another session")]).await;
    let asked = extension.serve(0);
    assert_eq!(ask(&app, KEY).await.status, 503);
    assert_eq!(asked.lock().unwrap().queries.len(), 1);
    assert_unavailable(&app, "the Parameters and Secrets extension answered 403");
    assert!(app.jobs().await.is_empty());
}
