//! Tests which token reads the configuration and the plan.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use runtask_simulator::Configuration;
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
        "/plan" => r#"{"format_version":"1.2","terraform_version":"1.9.0"}"#.into_response(),
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
