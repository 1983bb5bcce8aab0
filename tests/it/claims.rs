//! Tests claims in a table: the promises of the store, against DynamoDB as moto plays it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use runtask_aws::{TableClaims, sdk_config};
use runtask_state::{Claim, ClaimStore, contract};
use runtask_tests::http::send;
use runtask_tests::moto::Moto;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::Instant;

use runtask_tests::aws;

const TABLE: &str = "example-claims";

async fn table() -> Moto {
    let moto = Moto::start().await;
    aws::create_table(moto.endpoint(), TABLE).await;
    moto
}

fn claims(endpoint: &str) -> TableClaims {
    let config = sdk_config(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("example".to_owned()),
        _ => None,
    });
    TableClaims::new(&config.into_builder().endpoint_url(endpoint).build(), TABLE)
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

/// P-09: the table keeps what the store in memory keeps.
#[tokio::test]
async fn a_table_keeps_the_contract() {
    let moto = table().await;
    contract::claims::check(&claims(moto.endpoint())).await;
}

/// P-09: of many functions that are started at the same instant exactly one works.
#[tokio::test]
async fn of_many_that_ask_at_once_one_is_granted() {
    let moto = table().await;
    let asking = (0..16).map(|_| {
        let claims = claims(moto.endpoint());
        tokio::spawn(async move {
            claims.claim("taskrs-1", now(), now() + Duration::from_secs(20)).await.unwrap()
        })
    });
    let mut granted = 0;
    for answer in futures_util::future::join_all(asking.collect::<Vec<_>>()).await {
        match answer.unwrap() {
            Claim::Granted(_) => granted += 1,
            held => assert_eq!(held, Claim::Held { until: now() + Duration::from_secs(20) }),
        }
    }
    assert_eq!(granted, 1);
}

/// What a table holds is an id, who, and until when; DynamoDB can delete it by itself.
#[tokio::test]
async fn an_item_expires_and_holds_no_more_than_it_must() {
    let moto = table().await;
    let claims = claims(moto.endpoint());
    let Claim::Granted(lease) =
        claims.claim("taskrs-1", now(), now() + Duration::from_secs(20)).await.unwrap()
    else {
        panic!("nobody else has it")
    };
    // Nor does it hold what was told.
    claims.owe(&lease, "what is to be told").await.unwrap();
    claims.finish(&lease, now(), Some("what is to be told")).await.unwrap();
    claims.told("taskrs-1").await.unwrap();
    let scan =
        aws::call(moto.endpoint(), "dynamodb", "DynamoDB_20120810.Scan", &json!({"TableName": TABLE})).await;
    let item = json!({
        "id": {"S": "taskrs-1"},
        "holder": {"S": lease.holder.to_string()},
        "finished": {"BOOL": true},
        "until_ms": {"N": "1790004200000"},
        "expires_at": {"N": "1790004201"},
    });
    assert_eq!(scan["Items"], json!([item]));
}

/// A table that cannot be reached is an error soon; whoever asked goes on without it.
#[tokio::test]
async fn a_table_that_cannot_be_reached_is_an_error_in_time() {
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let claims = claims(&format!("http://{}", nobody.local_addr().unwrap()));
    let asked = Instant::now();
    let error = claims.claim("taskrs-1", now(), now() + Duration::from_secs(20)).await.unwrap_err();
    assert!(error.0.to_string().contains("Connection refused"), "{}", error.0);
    assert!(asked.elapsed() < Duration::from_secs(10), "the budget is three seconds");
}

/// A connection that says nothing, as one does that died while Lambda had the process frozen, is not waited for to the
/// end of the budget: the next attempt gets its claim.
#[tokio::test]
async fn a_silent_connection_leaves_time_for_another_attempt() {
    let moto = table().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let endpoint = in_front_of(&moto, Arc::clone(&asked), First::NeverAnswered).await;
    let claim = claims(&endpoint).claim("taskrs-1", now(), now() + Duration::from_secs(20)).await;
    assert!(matches!(claim.unwrap(), Claim::Granted(_)));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// A claim that was written, and its answer lost, is not taken for somebody else's when it is tried again.
#[tokio::test]
async fn a_claim_does_not_stand_in_its_own_way() {
    let moto = table().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let endpoint = in_front_of(&moto, Arc::clone(&asked), First::AnswerLost).await;
    let claims = claims(&endpoint);
    let end = now() + Duration::from_secs(20);
    let Claim::Granted(lease) = claims.claim("taskrs-1", now(), end).await.unwrap() else {
        panic!("it is ours")
    };
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(claims.renew(&lease, end).await.unwrap());
    assert_eq!(claims.claim("taskrs-1", now(), end).await.unwrap(), Claim::Held { until: end });
}

/// What goes wrong with the first request.
#[derive(Clone, Copy)]
enum First {
    NeverAnswered,
    AnswerLost,
}

/// A way to `moto` on which the first request goes wrong; `asked` counts them.
async fn in_front_of(moto: &Moto, asked: Arc<AtomicUsize>, first: First) -> String {
    let moto = moto.endpoint().to_owned();
    let pass = async move |headers: HeaderMap, body: Bytes| {
        let is_first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first && matches!(first, First::NeverAnswered) {
            std::future::pending::<()>().await;
        }
        let headers: Vec<_> =
            headers.iter().map(|(name, it)| (name.as_str(), it.to_str().unwrap())).collect();
        let answer = send("POST", &format!("{moto}/"), &headers, body).await;
        let status = if is_first { 500 } else { answer.status };
        (StatusCode::from_u16(status).unwrap(), answer.body)
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(pass));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    endpoint
}
