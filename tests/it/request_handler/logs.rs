//! Tests the logs of the function at their most detailed.

use runtask_tests::events::HttpRequest;
use runtask_tests::secrets::assert_no_secrets;

use super::extension::Extension;
use super::ssm::{Manner, Ssm};
use super::{App, KEY, STAGES, STRANGE_KEY, payload, secrets, sign, signed, unsigned};

/// Everything at once, in either format.
const TALKATIVE: [[(&str, &str); 3]; 2] = [
    [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")],
    [("AWS_LAMBDA_LOG_LEVEL", "TRACE"), ("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_FORMAT", "Text")],
];

/// Sends one of each kind: good, bad, unreadable, and those that nobody takes.
async fn ask_everything(app: &App) {
    let body = payload("post_plan").to_string();
    let mut statuses = Vec::new();
    let mut ask = async |request: HttpRequest| statuses.push(app.ask(&request).await.status);
    for stage in STAGES {
        ask(signed(KEY, &payload(stage).to_string())).await;
    }
    ask(signed(KEY, &payload("test").to_string())).await;
    ask(signed(KEY, &body[..body.len() - 1])).await;
    ask(signed(KEY, &body.replace("task_result_id", "task_result_ident"))).await;
    ask(unsigned(&body)).await;
    ask(signed(STRANGE_KEY, &body)).await;
    ask(unsigned(&body).header("X-TFC-Task-Signature", format!("{}, again", sign(KEY, &body)))).await;
    app.double.throttle("callback-handler", 1000);
    ask(signed(KEY, &body)).await;
    app.double.throttle("callback-handler", 0);
    app.double.hang_invokes("callback-handler", 1000);
    ask(signed(KEY, &body)).await;
    assert_eq!(statuses, [200, 200, 200, 200, 200, 400, 400, 401, 401, 401, 503, 503]);
    assert_eq!(app.jobs().await.len(), STAGES.len());
}

fn check(app: &App) {
    let logs = app.logs();
    assert!(logs.lines().count() > 20, "{logs}");
    let secrets = secrets();
    assert_no_secrets(&logs, &secrets.iter().map(String::as_str).collect::<Vec<_>>());
}

/// P-19: neither token nor key nor callback URL is logged, whatever happens and however much is logged, wherever the
/// key comes from.
#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    const HASTE: (&str, &str) = ("RUNTASK_HAND_OVER_TIMEOUT_MS", "300");
    for talkative in TALKATIVE {
        let app = App::with(&[&[("HMAC_KEY", KEY), HASTE], &talkative[..]].concat()).await;
        ask_everything(&app).await;
        check(&app);

        let ssm = Ssm::start(Manner::Key(KEY)).await;
        let parameter = ("HMAC_SECRET_KEY_PARAM", "/terraform-run-task/hmac-secret-key");
        let endpoint = ("AWS_ENDPOINT_URL_SSM", &*ssm.endpoint);
        let app = App::with(&[&[parameter, endpoint, HASTE], &talkative[..]].concat()).await;
        ask_everything(&app).await;
        check(&app);

        let extension = Extension::new();
        let app = extension.app(&[&[HASTE], &talkative[..]].concat()).await;
        extension.serve(1);
        ask_everything(&app).await;
        check(&app);
    }
}
