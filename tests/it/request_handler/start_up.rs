//! Tests that wrong settings stop the function before it takes a request.

use runtask_log::event;
use runtask_tests::events::{BodyForm, function_url};
use runtask_tests::secrets::assert_no_secrets;

use super::{App, KEY, NEWER_KEY, OK, payload, signed, unsigned};

/// Starts a function that must not start; returns what it logged.
async fn refuse(settings: &[(&str, &str)]) -> String {
    let app = App::with(settings).await;
    let request = signed(KEY, &payload("post_plan").to_string());
    let outcome = app.double.invoke("request-handler", &function_url(&request, BodyForm::Plain)).await;
    assert_eq!(outcome.error_type(), Some("Runtime.ExitError"), "{outcome:?}");
    assert!(app.jobs().await.is_empty() && app.hand_overs().is_empty());
    let logs = app.logs();
    for (_name, value) in settings.iter().filter(|(_, value)| value.len() >= 8) {
        assert_no_secrets(&logs, &[value]);
    }
    logs
}

/// P-04: who could verify nobody does not start.
#[tokio::test]
async fn without_a_key_nothing_starts() {
    for settings in [&[][..], &[("HMAC_KEY", "")], &[("RUNTASK_ALLOW_UNSIGNED", "false")]] {
        let logs = refuse(settings).await;
        for name in ["HMAC_KEY", "HMAC_SECRET_KEY_PARAM", "RUNTASK_ALLOW_UNSIGNED=true"] {
            assert!(logs.contains(name), "{name}: {logs}");
        }
    }
}

/// P-04: of two keys, neither is guessed to be the right one.
#[tokio::test]
async fn with_two_sources_of_the_key_nothing_starts() {
    let logs = refuse(&[("HMAC_KEY", KEY), ("HMAC_SECRET_KEY_PARAM", "/terraform-run-task/key")]).await;
    assert!(logs.contains("HMAC_KEY and HMAC_SECRET_KEY_PARAM are both set"), "{logs}");
}

/// P-04: all that is wrong is named at once, and a value that was mistaken for another setting's is not shown.
#[tokio::test]
async fn wrong_settings_are_named_together_and_without_their_values() {
    let logs = refuse(&[
        ("HMAC_SECRET_KEY_PARAM", "/terraform-run-task/key"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", KEY),
        ("RUNTASK_ALLOW_UNSIGNED", NEWER_KEY),
        ("RUNTASK_HAND_OVER_TIMEOUT_MS", "a little while"),
        ("RUNTASK_CALLBACK_FUNCTION", ""),
    ])
    .await;
    for name in [
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: ",
        "RUNTASK_ALLOW_UNSIGNED: ",
        "RUNTASK_HAND_OVER_TIMEOUT_MS: ",
        "RUNTASK_CALLBACK_FUNCTION is not set",
    ] {
        assert!(logs.contains(name), "{name}: {logs}");
    }
}

/// S-10, S-11: what can be worked with is said all the same.
#[tokio::test]
async fn odd_settings_are_logged() {
    let app = App::with(&[("HMAC_KEY", "short-key"), ("RUNTASK_TASK", "default")]).await;
    let reply = app.ask(&signed("short-key", &payload("post_plan").to_string())).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    assert!(app.events().has(event::KEY_SHORT), "{}", app.logs());
    assert!(app.events().has(event::SETTING_UNKNOWN), "{}", app.logs());
    assert!(app.logs().contains("did you mean RUNTASK_TASKS?"), "{}", app.logs());
    assert_no_secrets(&app.logs(), &["short-key"]);
}

/// P-04: requests are taken from anybody only where that was asked for, and every one of them is noted.
#[tokio::test]
async fn unsigned_requests_are_taken_where_that_was_asked_for() {
    let app = App::with(&[("RUNTASK_ALLOW_UNSIGNED", "true")]).await;
    let reply = app.ask(&unsigned(&payload("post_plan").to_string())).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, OK));
    assert!(app.events().has(event::REQUEST_UNVERIFIED), "{}", app.logs());
    assert_eq!(app.jobs().await.len(), 1);
}
