//! What HCP Terraform's answers are, as an approval understands them: from a server on this machine.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::patch;
use runtask_approvals::{Answer, Report, deliver};
use runtask_client::{Backoff, Client, ClientSettings};
use runtask_protocol::{AccessToken, Status, TaskResult};
use std::time::Duration;

/// What one result becomes, when the server answers `status` to each attempt.
async fn answered(status: u16, result: Status, time: Duration) -> Answer {
    let status = StatusCode::from_u16(status).unwrap();
    let app = Router::new().route("/callback", patch(async move || status));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let pause = Duration::from_millis(1);
    let client = Client::new(ClientSettings {
        origins: origin.parse().unwrap(),
        report_backoff: Backoff { attempts: u32::MAX, first: pause, cap: pause },
        ..ClientSettings::default()
    });
    let (token, result) = (AccessToken::new("t"), TaskResult::new(result, "message"));
    let callback_url = format!("{origin}/callback");
    let report = Report { callback_url: &callback_url, token: &token, result: &result, time };
    deliver(&client.unwrap(), report).await
}

#[tokio::test]
async fn each_answer_means_one_thing() {
    let time = Duration::from_secs(60);
    let again = |maybe_taken| Answer::Again { after_s: None, maybe_taken };
    for result in [Status::Running, Status::Passed] {
        assert_eq!(answered(200, result, time).await, Answer::Taken { reference: None });
        assert_eq!(answered(401, result, time).await, Answer::TokenRefused);
        assert_eq!(answered(404, result, time).await, Answer::NotFound);
        assert_eq!(answered(409, result, time).await, Answer::Over);
        assert_eq!(answered(403, result, time).await, Answer::Refused);
    }
    assert_eq!(answered(503, Status::Running, time).await, again(true));
    assert_eq!(answered(429, Status::Running, time).await, again(false));
    assert_eq!(answered(422, Status::Passed, time).await, Answer::Refused);
}

/// P-11: a token goes nowhere else.
#[tokio::test]
async fn a_callback_that_is_not_listed_is_refused() {
    let client = Client::new(ClientSettings::default()).unwrap();
    let (token, result) = (AccessToken::new("t"), TaskResult::new(Status::Passed, "message"));
    let report = Report {
        callback_url: "https://evil.example/callback",
        token: &token,
        result: &result,
        time: Duration::from_secs(1),
    };
    assert_eq!(deliver(&client, report).await, Answer::Refused);
}
