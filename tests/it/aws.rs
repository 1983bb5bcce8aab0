//! AWS by hand: what tests ask of moto, without the SDK that is under test.

use serde_json::Value;

use crate::http::{Answer, send};

/// Calls an API that takes JSON and names its operation in a header; it must succeed.
pub(crate) async fn call(endpoint: &str, service: &str, target: &str, body: &Value) -> Value {
    let version = if service == "dynamodb" { "1.0" } else { "1.1" };
    let content_type = format!("application/x-amz-json-{version}");
    let authorization = authorization(service);
    let headers =
        [("authorization", &*authorization), ("content-type", &*content_type), ("x-amz-target", target)];
    let answer = send("POST", &format!("{endpoint}/"), &headers, body.to_string()).await;
    assert_eq!(answer.status, 200, "{target}: {}", text(&answer));
    answer.json()
}

/// Reads from an API that is made of paths; it must succeed.
pub(crate) async fn get(endpoint: &str, service: &str, path: &str) -> Value {
    let answer =
        send("GET", &format!("{endpoint}{path}"), &[("authorization", &authorization(service))], "").await;
    assert_eq!(answer.status, 200, "{path}: {}", text(&answer));
    answer.json()
}

/// What moto reads the service and the region from; it checks no signature.
pub(crate) fn authorization(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE00/20260101/eu-central-1/{service}/aws4_request")
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
