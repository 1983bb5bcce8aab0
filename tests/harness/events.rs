//! Makes the JSON events by which an HTTP request reaches a function.
//!
//! [`HttpRequest`] is the request; one function per integration makes the event. [`SHAPES`] lists them all,
//! for what must hold whichever way a request came.
//!
//! Sources: AWS Lambda developer guide, "Invoking Lambda function URLs" and "Process Application Load Balancer
//! requests with Lambda"; API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs" and
//! "Lambda proxy integrations in API Gateway".

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::lambda::clock::common_log;

/// The stage of the REST API, which appears in its request context and not in `path`.
pub const REST_STAGE: &str = "prod";

/// Makes an event of a request.
pub type Shape = fn(&HttpRequest, BodyForm) -> Value;

/// Every integration by name.
pub const SHAPES: [(&str, Shape); 5] = [
    ("function URL", function_url),
    ("HTTP API", http_api),
    ("REST API", rest_api),
    ("load balancer", load_balancer),
    ("load balancer, multi-value headers", load_balancer_multi_value),
];

/// A request as the client sent it.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    received_at: Duration,
}

/// How an event carries the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// As text, with `isBase64Encoded` false.
    Plain,
    /// As base64, with `isBase64Encoded` true.
    Base64,
    /// As text, without `isBase64Encoded`, as hand-written test events and some proxies have it.
    Unmarked,
}

impl BodyForm {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Base64, Self::Unmarked];
}

impl HttpRequest {
    /// A request without headers and body. `target` is the path, with a query or without, percent-encoded.
    pub fn new(method: impl Into<String>, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.into(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            received_at: Duration::from_millis(1_673_437_534_837),
        }
    }

    /// Adds a header; names may repeat.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the time of receipt, counted from 1970; 2023-01-11T11:45:34.837Z unless set.
    #[must_use]
    pub fn received_at(mut self, since_epoch: Duration) -> Self {
        self.received_at = since_epoch;
        self
    }

    /// The first value of a header.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, byte for byte.
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// What the client sent and what the integration adds to it, names in lower case.
    fn all_headers(&self, host: &str) -> BTreeMap<String, Vec<String>> {
        let mut headers = BTreeMap::<_, Vec<String>>::new();
        for (name, value) in &self.headers {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.clone());
        }
        for (name, value) in [
            ("host", host),
            ("x-amzn-trace-id", "Root=1-63bea09e-3f5c2b1a0d4e6f7081927364"),
            ("x-forwarded-for", SOURCE_IP),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
        ] {
            headers.entry(name.to_owned()).or_insert_with(|| vec![value.to_owned()]);
        }
        headers
    }

    fn decoded_query(&self) -> BTreeMap<String, Vec<String>> {
        let mut query = BTreeMap::<_, Vec<String>>::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            query.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        query
    }

    /// A load balancer hands the query over as it came.
    fn raw_query(&self) -> BTreeMap<String, Vec<String>> {
        let mut query = BTreeMap::<_, Vec<String>>::new();
        for pair in self.query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            query.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        query
    }

    fn put_body(&self, event: &mut Value, form: BodyForm, when_empty: Option<Value>) {
        let body = match form {
            _ if self.body.is_empty() => when_empty,
            BodyForm::Base64 => Some(BASE64_STANDARD.encode(&self.body).into()),
            BodyForm::Plain | BodyForm::Unmarked => Some(str::from_utf8(&self.body).unwrap().into()),
        };
        if let Some(body) = body {
            event["body"] = body;
        }
        if form != BodyForm::Unmarked {
            event["isBase64Encoded"] = json!(form == BodyForm::Base64 && !self.body.is_empty());
        }
    }
}

/// A function URL: payload format 2.0.
pub fn function_url(request: &HttpRequest, form: BodyForm) -> Value {
    version_2(request, form, "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws")
}

/// An HTTP API of API Gateway with the `$default` stage: payload format 2.0.
pub fn http_api(request: &HttpRequest, form: BodyForm) -> Value {
    version_2(request, form, "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com")
}

/// A REST API of API Gateway with a greedy path: proxy event, version 1.
pub fn rest_api(request: &HttpRequest, form: BodyForm) -> Value {
    let host = "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
    let headers = request.all_headers(host);
    let query = request.decoded_query();
    let mut event = json!({
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": last_values(&headers),
        "multiValueHeaders": headers,
        "queryStringParameters": or_null(last_values(&query)),
        "multiValueQueryStringParameters": or_null(all_values(&query)),
        "pathParameters": {"proxy": request.path.trim_start_matches('/')},
        "stageVariables": null,
        "requestContext": {
            "resourceId": "roq9wj",
            "resourcePath": "/{proxy+}",
            "httpMethod": request.method,
            "extendedRequestId": "MIZRNhJtIAMEMDw=",
            "requestTime": common_log(request.received_at),
            "path": format!("/{REST_STAGE}{}", request.path),
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": REST_STAGE,
            "domainPrefix": prefix(host),
            "requestTimeEpoch": millis(request.received_at),
            "requestId": "deef4878-7910-11e6-8f14-25afc3e9ae33",
            "identity": {
                "cognitoIdentityPoolId": null,
                "accountId": null,
                "cognitoIdentityId": null,
                "caller": null,
                "sourceIp": SOURCE_IP,
                "principalOrgId": null,
                "accessKey": null,
                "cognitoAuthenticationType": null,
                "cognitoAuthenticationProvider": null,
                "userArn": null,
                "userAgent": request.header_value("user-agent"),
                "user": null,
            },
            "domainName": host,
            "apiId": prefix(host),
        },
    });
    request.put_body(&mut event, form, Some(Value::Null));
    event
}

/// An Application Load Balancer, as it is unless told otherwise: the last of repeated values.
pub fn load_balancer(request: &HttpRequest, form: BodyForm) -> Value {
    let mut event = load_balancer_base(request, form);
    event["queryStringParameters"] = last_values(&request.raw_query()).into();
    event["headers"] = last_values(&request.all_headers(LOAD_BALANCER_HOST)).into();
    event
}

/// An Application Load Balancer with multi-value headers enabled: lists, and nothing else.
pub fn load_balancer_multi_value(request: &HttpRequest, form: BodyForm) -> Value {
    let mut event = load_balancer_base(request, form);
    event["multiValueQueryStringParameters"] = all_values(&request.raw_query()).into();
    event["multiValueHeaders"] = all_values(&request.all_headers(LOAD_BALANCER_HOST)).into();
    event
}

const ACCOUNT: &str = "123456789012";
const SOURCE_IP: &str = "192.0.2.1";
const LOAD_BALANCER_HOST: &str = "lambda-846800462.eu-central-1.elb.amazonaws.com";

fn version_2(request: &HttpRequest, form: BodyForm, default_host: &str) -> Value {
    let headers = request.all_headers(default_host);
    let host = headers["host"][0].split(':').next().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": joined(&headers, ","),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": prefix(host),
            "domainName": host,
            "domainPrefix": prefix(host),
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": request.header_value("user-agent"),
            },
            "requestId": "MIZRNhJtIAMEMDw=",
            "routeKey": "$default",
            "stage": "$default",
            "time": common_log(request.received_at),
            "timeEpoch": millis(request.received_at),
        },
    });
    if let Some(cookies) = headers.get("cookie") {
        event["headers"]["cookie"] = cookies.join("; ").into();
        event["cookies"] = cookies.iter().flat_map(|it| it.split("; ")).collect();
    }
    if !request.query.is_empty() {
        event["queryStringParameters"] = joined(&request.decoded_query(), ",").into();
    }
    request.put_body(&mut event, form, None);
    event
}

fn load_balancer_base(request: &HttpRequest, form: BodyForm) -> Value {
    let target_group = "targetgroup/run-task/6d0ecf831eec9f09";
    let mut event = json!({
        "requestContext": {
            "elb": {"targetGroupArn": format!("arn:aws:elasticloadbalancing:eu-central-1:{ACCOUNT}:{target_group}")},
        },
        "httpMethod": request.method,
        "path": request.path,
    });
    request.put_body(&mut event, form, Some("".into()));
    event
}

fn joined(values: &BTreeMap<String, Vec<String>>, separator: &str) -> Map<String, Value> {
    values.iter().map(|(name, values)| (name.clone(), values.join(separator).into())).collect()
}

fn last_values(values: &BTreeMap<String, Vec<String>>) -> Map<String, Value> {
    values.iter().map(|(name, values)| (name.clone(), values.last().cloned().into())).collect()
}

fn all_values(values: &BTreeMap<String, Vec<String>>) -> Map<String, Value> {
    values.iter().map(|(name, values)| (name.clone(), values.clone().into())).collect()
}

fn or_null(values: Map<String, Value>) -> Value {
    if values.is_empty() { Value::Null } else { values.into() }
}

fn prefix(host: &str) -> &str {
    host.split('.').next().unwrap_or_default()
}

fn millis(since_epoch: Duration) -> u64 {
    since_epoch.as_millis().try_into().unwrap()
}
