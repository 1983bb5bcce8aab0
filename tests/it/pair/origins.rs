//! Tests that nothing is sent where the token must not go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::Redirect;
use runtask_log::event;
use runtask_simulator::{Event, Fault, Record, RunSpec, What};
use serde_json::json;
use tokio::net::TcpListener;

use crate::run::{PATIENCE, deliver_with, formatted, origins, result, run, serve, simulator, spec};

const BOTH: (&str, &str) = ("RUNTASK_CHECKS", "fmt,plan-summary");

/// Somebody whom nobody may contact; it counts who does.
struct Stranger {
    address: String,
    contacts: Arc<AtomicUsize>,
}

impl Stranger {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let contacts = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&contacts);
        tokio::spawn(async move {
            while let Ok(_connection) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { address, contacts }
    }

    fn contacts(&self) -> usize {
        self.contacts.load(Ordering::Relaxed)
    }
}

/// P-11, V-04: a result goes to a listed origin, or nowhere; then HCP Terraform sees that at once.
#[tokio::test]
async fn a_foreign_callback_is_not_called() {
    let simulator = simulator().await;
    let stranger = Stranger::start().await;
    let serve = serve(&simulator, &[]).await;
    let listed = simulator.origin().trim_start_matches("http://");
    let path = "/api/v2/task-results/5ea8d46c-2ceb-42cd-83f2-82e54697bddd/callback";
    for origin in [
        format!("http://{}", stranger.address),
        format!("https://{}", stranger.address),
        format!("http://{listed}@{}", stranger.address),
        format!("http://localhost:{}", stranger.address.rsplit(':').next().unwrap()),
    ] {
        let run = simulator.prepare(spec(formatted())).await.unwrap();
        serve.keeps_secret(run.token());
        let url = format!("{origin}{path}");
        let changes = [("task_result_callback_url", url.into())];
        let answer = deliver_with(&run, &serve.url(), &changes).await;
        let says = "The callback URL is not of an origin in RUNTASK_ALLOWED_ORIGINS";
        assert_eq!((answer.status, answer.json()), (403, json!({ "message": says })), "{origin}");
        serve.wait_for_event_of(event::REQUEST_FOREIGN, run.task_result_id()).await;
        assert_eq!(run.events(), [], "nothing was fetched for {origin}");
    }
    assert_eq!((stranger.contacts(), simulator.strays().len()), (0, 0));
}

/// P-11: a download comes from a listed origin, or not at all; the run hears why.
#[tokio::test]
async fn a_foreign_download_is_not_asked_for() {
    let simulator = simulator().await;
    let stranger = Stranger::start().await;
    let serve = serve(&simulator, &[BOTH]).await;
    let fields =
        [("configuration_version_download_url", "the configuration"), ("plan_json_api_url", "the plan")];
    for (field, what) in fields {
        for (url, why) in [
            (format!("http://{}/x", stranger.address), "is not in RUNTASK_ALLOWED_ORIGINS"),
            (format!("http://token@{}/x", stranger.address), "it holds a user name or password"),
            ("file:///etc/passwd".to_owned(), "is not in RUNTASK_ALLOWED_ORIGINS"),
        ] {
            let run = simulator.prepare(spec(formatted())).await.unwrap();
            assert_eq!(deliver_with(&run, &serve.url(), &[(field, url.into())]).await.status, 200);
            let record = run.wait_final(PATIENCE).await;
            let (status, message) = result(&record);
            assert_eq!(status, "failed");
            let refusal = format!("{what} could not be downloaded: the download URL was refused: ");
            assert!(message.contains(&refusal) && message.contains(why), "{message}");
        }
    }
    assert_eq!(stranger.contacts(), 0);
}

/// P-12: the archive's origin is given what it needs, and no token: the simulator would object.
#[tokio::test]
async fn downloads_leave_the_token_behind() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[BOTH]).await;
    let record = run(&simulator, &serve.url(), spec(formatted())).await;
    assert_eq!(result(&record).0, "passed");
    let served = |it: &&Event| matches!(it.what, What::ArchiveServed { .. } | What::PlanServed { .. });
    assert_eq!(record.events.iter().filter(served).count(), 2);
}

/// P-12: five redirects, and none into a private network or away from https.
#[tokio::test]
async fn redirects_are_followed_within_limits() {
    let simulator = simulator().await;
    let serve = serve(&simulator, &[]).await;
    let followed = |record: &Record| {
        record.events.iter().filter(|it| matches!(it.what, What::LinkFollowed { .. })).count()
    };
    for (fault, links) in
        [(Fault::RedirectLoop, 5), (Fault::RedirectPrivate, 0), (Fault::RedirectPlainHttp, 0)]
    {
        let spec = RunSpec { faults: vec![fault], ..spec(formatted()) };
        let record = run(&simulator, &serve.url(), spec).await;
        assert_eq!((result(&record).0, followed(&record)), ("failed", links), "{fault}");
    }
    assert_eq!(simulator.strays(), [""; 0]);
}

/// P-12: a name that anybody may have is not followed to an address of ours.
#[tokio::test]
async fn a_redirect_to_a_name_inside_is_not_followed() {
    let simulator = simulator().await;
    let stranger = Stranger::start().await;
    let inside = format!("https://localhost:{}/x", stranger.address.rsplit(':').next().unwrap());
    let redirecting = start(Router::new().fallback(async move || Redirect::temporary(&inside))).await;
    let origins = format!("{},{redirecting}", origins(&simulator));
    let serve = serve(&simulator, &[("RUNTASK_ALLOWED_ORIGINS", &origins)]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let url = format!("{redirecting}/configuration");
    deliver_with(&run, &serve.url(), &[("configuration_version_download_url", url.into())]).await;
    let record = run.wait_final(PATIENCE).await;
    let (status, message) = result(&record);
    assert_eq!(status, "failed");
    assert!(message.contains("the connection to https://localhost:"), "{message}");
    assert_eq!(stranger.contacts(), 0);
}

/// A server that takes what a test makes of it; its origin.
async fn start(app: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}
