//! Tests that a job is handed over before HCP Terraform is told that all is well.

use std::time::Duration;

use runtask_log::event;

use super::{App, KEY, NEWER_KEY, OK, Reply, payload, signed};

/// More calls than anybody makes within the time for a hand-over.
const ALL: usize = 1000;

/// How long a hand-over may take unless something else is set.
const BUDGET: Duration = Duration::from_secs(2);

/// What a hand-over that was given up came to, once it is over, whatever took the time.
const SLOW: &str = "not done inside the time for all attempts: throttled, failing or not answering";

/// Asserts that a hand-over was given up, once, for this reason.
fn assert_given_up(app: &App, reason: &str) {
    let events = app.events();
    let error = events.one(event::JOB_NOT_HANDED_OVER).error();
    assert!(error.contains(reason), "{error}");
}

async fn ask(app: &App) -> Reply {
    app.ask(&signed(KEY, &payload("post_plan").to_string())).await
}

fn accepted() -> Reply {
    Reply { status: 200, body: OK.to_owned() }
}

fn unavailable() -> Reply {
    Reply { status: 503, body: r#"{"message":"Try again later"}"#.to_owned() }
}

/// R-06: a moment of throttling is waited out.
#[tokio::test]
async fn a_job_that_is_throttled_for_a_moment_is_handed_over() {
    let app = App::start().await;
    app.double.throttle("callback-handler", 2);
    assert_eq!(ask(&app).await, accepted());
    assert_eq!(app.hand_overs(), [429, 429, 202]);
    assert_eq!(app.jobs().await.len(), 1);
}

/// R-06: a failure of the Lambda service is tried again.
#[tokio::test]
async fn a_job_that_the_service_fails_to_take_is_handed_over_again() {
    let app = App::start().await;
    app.double.fail_invokes("callback-handler", 1, 500);
    assert_eq!(ask(&app).await, accepted());
    assert_eq!(app.hand_overs(), [500, 202]);
    assert_eq!(app.jobs().await.len(), 1);
}

/// R-06: who is throttled for long says so, and HCP Terraform sends the request again.
#[tokio::test]
async fn a_job_that_is_throttled_for_long_is_not_accepted() {
    let app = App::start().await;
    app.double.throttle("callback-handler", ALL);
    assert_eq!(ask(&app).await, unavailable());
    assert!(app.hand_overs().len() > 3 && app.hand_overs().iter().all(|it| *it == 429));
    assert_given_up(&app, SLOW);
    assert!(app.jobs().await.is_empty());
}

/// R-06: a process that was throttled a lot is as patient as a new one.
#[tokio::test]
async fn throttling_does_not_use_patience_up() {
    let app = App::with(&[("HMAC_KEY", KEY), ("RUNTASK_HAND_OVER_TIMEOUT_MS", "700")]).await;
    while app.hand_overs().len() < 120 {
        app.double.throttle("callback-handler", ALL);
        let before = app.hand_overs().len();
        assert_eq!(ask(&app).await, unavailable());
        assert!(app.hand_overs().len() > before + 1, "{before} attempts, then only one more");
    }
    app.double.throttle("callback-handler", 2);
    assert_eq!(ask(&app).await, accepted());
    assert_eq!(app.double.cold_starts("request-handler"), 1);
}

/// R-06: a service that does not answer does not keep HCP Terraform waiting.
#[tokio::test]
async fn a_hanging_service_is_not_waited_for() {
    let app = App::start().await;
    app.double.hang_invokes("callback-handler", ALL);
    assert_eq!(ask(&app).await, unavailable());
    let duration = app.double.invocations("request-handler")[0].duration;
    assert!(duration >= BUDGET && duration < 2 * BUDGET, "{duration:?}");
    assert_given_up(&app, SLOW);
    assert!(app.jobs().await.is_empty());
}

/// R-04, R-06: a name that is nobody's is named in the log.
#[tokio::test]
async fn a_job_for_a_function_that_is_not_there_is_not_accepted() {
    let app = App::with(&[("HMAC_KEY", KEY), ("RUNTASK_CALLBACK_FUNCTION", "nobody")]).await;
    assert_eq!(ask(&app).await, unavailable());
    assert_given_up(&app, "ResourceNotFoundException: Function not found: ");
    assert!(app.jobs().await.is_empty());
}

/// R-04: the function may be given as an ARN with an alias.
#[tokio::test]
async fn the_function_may_be_named_by_an_alias() {
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:callback-handler:live";
    let app = App::with(&[("HMAC_KEY", NEWER_KEY), ("RUNTASK_CALLBACK_FUNCTION", arn)]).await;
    let body = payload("pre_apply").to_string();
    assert_eq!(app.ask(&signed(NEWER_KEY, &body)).await, accepted());
    assert_eq!(app.jobs().await.len(), 1);
}
