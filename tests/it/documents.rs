//! Tests documents in a table: the promises of the store, against DynamoDB as moto plays it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runtask_aws::{TableDocuments, sdk_config};
use runtask_state::{Created, DocumentError, DocumentStore, Record, Saved, contract};
use runtask_tests::aws;
use runtask_tests::moto::Moto;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::time::Instant;

const TABLE: &str = "example-approvals";

async fn table() -> Moto {
    let moto = Moto::start().await;
    aws::create_documents_table(moto.endpoint(), TABLE).await;
    moto
}

fn documents(endpoint: &str) -> TableDocuments {
    let config = sdk_config(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("example".to_owned()),
        _ => None,
    });
    TableDocuments::new(&config.into_builder().endpoint_url(endpoint).build(), TABLE)
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn record() -> Record {
    Record {
        content: b"content".to_vec(),
        expires_at: now() + Duration::from_secs(60),
        due_at: Some(now() + Duration::from_secs(5)),
    }
}

/// T-50: the table keeps what the store in memory keeps.
#[tokio::test]
async fn a_table_keeps_the_contract() {
    let moto = table().await;
    contract::documents::check(&documents(moto.endpoint())).await;
}

/// T-34: of many functions that save at the same instant exactly one does.
#[tokio::test]
async fn of_many_that_save_at_once_one_does() {
    let moto = table().await;
    let Created::Yes(version) = documents(moto.endpoint()).create("one", &record(), now()).await.unwrap()
    else {
        panic!("there is none before")
    };
    let saving = (0..16).map(|_| {
        let documents = documents(moto.endpoint());
        tokio::spawn(async move { documents.save("one", version, &record(), now()).await.unwrap() })
    });
    let answers = futures_util::future::join_all(saving.collect::<Vec<_>>()).await;
    assert_eq!(answers.into_iter().filter(|it| !matches!(it, Ok(Saved::Changed))).count(), 1);
}

/// What is done is in no index, and DynamoDB can delete it by itself.
#[tokio::test]
async fn an_item_is_in_the_index_while_something_is_to_be_done() {
    let moto = table().await;
    let documents = documents(moto.endpoint());
    let Created::Yes(version) = documents.create("one", &record(), now()).await.unwrap() else {
        panic!("there is none before")
    };
    let scan = async || {
        let body = json!({"TableName": TABLE});
        aws::call(moto.endpoint(), "dynamodb", "DynamoDB_20120810.Scan", &body).await["Items"][0].clone()
    };
    let item = scan().await;
    assert_eq!(item["pending"], json!({"S": "1"}));
    assert_eq!(item["due_at"], json!({"N": "1790000005000"}));
    assert_eq!(item["expires_at"], json!({"N": "1790000061"}));
    let done = Record { due_at: None, ..record() };
    documents.save("one", version, &done, now()).await.unwrap();
    let item = scan().await;
    assert!(item.get("pending").is_none() && item.get("due_at").is_none(), "{item}");
}

/// A table that cannot be reached is an error soon, and nothing is kept elsewhere.
#[tokio::test]
async fn a_table_that_cannot_be_reached_is_an_error_in_time() {
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let documents = documents(&format!("http://{}", nobody.local_addr().unwrap()));
    let asked = Instant::now();
    let error = documents.load("one", now()).await.unwrap_err();
    assert!(matches!(error, DocumentError::NoAnswer(_)), "{error:?}");
    assert!(asked.elapsed() < Duration::from_secs(10), "the budget is three seconds");
}
