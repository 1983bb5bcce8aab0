//! Calls AWS by hand: tests ask moto, without the SDK that is under test.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::http::{Answer, send};

/// The account of everything, AWS's example account, which is moto's too.
pub const ACCOUNT: &str = "123456789012";
/// The region of everything.
pub const REGION: &str = "eu-central-1";

/// Calls an API that takes JSON and names its operation in a header, such as `AmazonSSM.GetParameter`.
///
/// # Panics
///
/// If it does not succeed.
pub async fn call(endpoint: &str, service: &str, target: &str, body: &Value) -> Value {
    let version = if service == "dynamodb" { "1.0" } else { "1.1" };
    let content_type = format!("application/x-amz-json-{version}");
    let authorization = authorization(service);
    let headers =
        [("authorization", &*authorization), ("content-type", &*content_type), ("x-amz-target", target)];
    let answer = send("POST", &format!("{endpoint}/"), &headers, body.to_string()).await;
    assert_eq!(answer.status, 200, "{target}: {}", text(&answer));
    answer.json()
}

/// Makes a table of claims, with the key that `infra/` gives it.
///
/// # Panics
///
/// If there is one of this name.
pub async fn create_table(endpoint: &str, name: &str) {
    let table = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    call(endpoint, "dynamodb", "DynamoDB_20120810.CreateTable", &table).await;
}

/// Makes the table for documents, with the index that it needs.
///
/// # Panics
///
/// If there is one of this name.
pub async fn create_documents_table(endpoint: &str, name: &str) {
    let attribute = |name: &str, kind: &str| json!({"AttributeName": name, "AttributeType": kind});
    let index = json!({
        "IndexName": "due",
        "KeySchema": [
            {"AttributeName": "pending", "KeyType": "HASH"},
            {"AttributeName": "due_at", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["expires_ms"]},
    });
    let table = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("id", "S"), attribute("pending", "S"), attribute("due_at", "N")],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [index],
    });
    call(endpoint, "dynamodb", "DynamoDB_20120810.CreateTable", &table).await;
}

/// Makes a bucket with one object in it.
///
/// # Panics
///
/// If that does not succeed.
pub async fn put_object(endpoint: &str, bucket: &str, key: &str, content: &str) {
    let authorization = authorization("s3");
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    for (path, body) in [(bucket.to_owned(), place), (format!("{bucket}/{key}"), content)] {
        let headers = [("authorization", &*authorization)];
        let answer = send("PUT", &format!("{endpoint}/{path}"), &headers, body.to_owned()).await;
        assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
    }
}

/// Makes a parameter that is no secret.
///
/// # Panics
///
/// If there is one of this name.
pub async fn put_parameter(endpoint: &str, name: &str, value: &str) {
    put(endpoint, name, value, "String").await;
}

/// Makes a parameter that is a secret.
///
/// # Panics
///
/// If there is one of this name.
pub async fn put_secret(endpoint: &str, name: &str, value: &str) {
    put(endpoint, name, value, "SecureString").await;
}

async fn put(endpoint: &str, name: &str, value: &str, kind: &str) {
    let body = json!({"Name": name, "Value": value, "Type": kind});
    call(endpoint, "ssm", "AmazonSSM.PutParameter", &body).await;
}

/// Reads from an API that is made of paths.
///
/// # Panics
///
/// If it does not succeed.
pub async fn get(endpoint: &str, service: &str, path: &str) -> Value {
    let authorization = authorization(service);
    let answer = send("GET", &format!("{endpoint}{path}"), &[("authorization", &authorization)], "").await;
    assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
    answer.json()
}

/// The same, of an API that answers in XML, such as S3's.
///
/// # Panics
///
/// If it does not succeed.
pub async fn get_text(endpoint: &str, service: &str, path: &str) -> String {
    let authorization = authorization(service);
    let answer = send("GET", &format!("{endpoint}{path}"), &[("authorization", &authorization)], "").await;
    assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
    text(&answer)
}

/// Calls an API that takes a form and answers XML, such as IAM's.
///
/// # Panics
///
/// If it does not succeed.
pub async fn query(endpoint: &str, service: &str, form: &[(&str, &str)]) -> String {
    let authorization = authorization(service);
    let headers = [("authorization", &*authorization), ("content-type", "application/x-www-form-urlencoded")];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let answer = send("POST", &format!("{endpoint}/"), &headers, body).await;
    assert_eq!(answer.status, 200, "{form:?}: {}", text(&answer));
    text(&answer)
}

/// Makes a zone of Route 53; returns its id.
///
/// # Panics
///
/// If that does not succeed.
pub async fn create_zone(endpoint: &str, name: &str) -> String {
    let authorization = authorization("route53");
    let body = format!(
        "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <Name>{name}</Name><CallerReference>{name}</CallerReference></CreateHostedZoneRequest>"
    );
    let url = format!("{endpoint}/2013-04-01/hostedzone");
    let answer = send("POST", &url, &[("authorization", &*authorization)], body).await;
    assert_eq!(answer.status, 201, "{name}: {}", text(&answer));
    let id = elements(&text(&answer), "Id").remove(0);
    id.trim_start_matches("/hostedzone/").to_owned()
}

/// The texts of all elements `name` of an answer in XML, as they stand there.
#[must_use]
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let texts = xml.split(&*open).skip(1).filter_map(|it| it.split_once(&*close));
    texts.map(|(text, _)| text.to_owned()).collect()
}

/// What moto reads service and region from; it checks no signature.
fn authorization(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE00/20260101/{REGION}/{service}/aws4_request")
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
