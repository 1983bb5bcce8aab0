//! Stands before AWS as a gate, which knows who calls what, and whether they may.
//!
//! Functions call AWS through it, each with credentials of its own role. A call that the role's policies do not allow is
//! refused as AWS refuses it, and every call is noted. moto can check actions, but not yet resources, which is why this
//! is ours.
//!
//! It knows what the functions call (Lambda, Parameter Store, Secrets Manager, STS, DynamoDB, and S3 for objects), takes no
//! account of conditions, and checks no signature.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::form_urlencoded;

use crate::aws::{self, ACCOUNT, REGION};
use crate::http::send;

/// Headers that say how one connection carries a body; the next one says it anew.
const OF_ONE_CONNECTION: [&str; 4] = ["content-length", "transfer-encoding", "connection", "expect"];

/// One action on one resource.
pub type Permission = (String, String);

/// A gate. Dropping it closes it.
#[derive(Debug)]
pub struct Gate {
    endpoint: String,
    shared: Arc<Shared>,
    server: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    moto: String,
    lambda: String,
    /// What each role may do, by the role's name.
    allowed: BTreeMap<String, BTreeSet<Permission>>,
    used: Mutex<BTreeSet<(String, Permission)>>,
    refused: Mutex<Vec<String>>,
    /// The entries of all events that were let through.
    events: Mutex<Vec<Value>>,
    /// Added to the dates of parameters.
    parameters_aged_by_s: Mutex<f64>,
}

impl Gate {
    /// A gate in front of `moto`, and of the Lambda double at `lambda`, for the roles that moto has.
    pub async fn start(moto: &str, lambda: &str) -> Self {
        let allowed = permissions(moto).await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            moto: moto.to_owned(),
            lambda: lambda.to_owned(),
            allowed,
            used: Mutex::default(),
            refused: Mutex::default(),
            events: Mutex::default(),
            parameters_aged_by_s: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, shared, server: server.abort_handle() }
    }

    /// The value for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The access key of a role, by the role's ARN.
    #[must_use]
    pub fn access_key(role_arn: &str) -> String {
        format!("ASIA{}", hex::encode_upper(role_name(role_arn)))
    }

    /// What a role may do, by the role's ARN.
    #[must_use]
    pub fn allowed(&self, role_arn: &str) -> BTreeSet<Permission> {
        self.shared.allowed[role_name(role_arn)].clone()
    }

    /// What a role has done, by the role's ARN.
    #[must_use]
    pub fn used(&self, role_arn: &str) -> BTreeSet<Permission> {
        let used = self.shared.used.lock().unwrap();
        used.iter().filter(|(role, _)| role == role_name(role_arn)).map(|(_, it)| it.clone()).collect()
    }

    /// What was refused, and to whom.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.shared.refused.lock().unwrap().clone()
    }

    /// The events that were put on buses, as EventBridge was given them.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.shared.events.lock().unwrap().clone()
    }

    /// From now on, parameters seem to have been written so much earlier.
    pub fn age_parameters(&self, seconds: f64) {
        *self.shared.parameters_aged_by_s.lock().unwrap() = seconds;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What every role may do, as its inline policies say; there must be no others.
///
/// # Panics
///
/// If there are others.
pub async fn permissions(moto: &str) -> BTreeMap<String, BTreeSet<Permission>> {
    let iam = async |form: &[(&str, &str)]| aws::query(moto, "iam", form).await;
    let version = ("Version", "2010-05-08");
    let mut all = BTreeMap::new();
    for role in aws::elements(&iam(&[("Action", "ListRoles"), version]).await, "RoleName") {
        let name = ("RoleName", &*role);
        let attached = iam(&[("Action", "ListAttachedRolePolicies"), version, name]).await;
        assert!(!attached.contains("<PolicyArn>"), "{attached}");
        let policies = iam(&[("Action", "ListRolePolicies"), version, name]).await;
        let mut allowed = BTreeSet::new();
        for policy in aws::elements(&policies, "member") {
            let policy = ("PolicyName", &*policy);
            let answer = iam(&[("Action", "GetRolePolicy"), version, name, policy]).await;
            let document: Value = serde_json::from_str(&percent_decoded(&answer, "PolicyDocument")).unwrap();
            for statement in document["Statement"].as_array().unwrap() {
                assert_eq!(statement["Effect"], "Allow");
                for action in strings(&statement["Action"]) {
                    allowed
                        .extend(strings(&statement["Resource"]).map(|it| (action.to_owned(), it.to_owned())));
                }
            }
        }
        all.insert(role, allowed);
    }
    all
}

/// The one element of this name; policies are percent-encoded in XML.
fn percent_decoded(xml: &str, name: &str) -> String {
    let encoded = format!("text={}", aws::elements(xml, name)[0]);
    let (_, text) = form_urlencoded::parse(encoded.as_bytes()).next().unwrap();
    text.into_owned()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let one = value.as_str().into_iter();
    one.chain(value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap()))
}

fn role_name(role_arn: &str) -> &str {
    role_arn.rsplit_once('/').map_or(role_arn, |(_, name)| name)
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().as_str();
    let permission = permission(parts.method.as_str(), path, &parts.headers, &body);
    let role = shared.allowed.keys().find(|role| {
        let authorization = parts.headers.get("authorization").map(|it| it.to_str().unwrap());
        authorization.is_some_and(|it| it.contains(&format!("Credential={}/", Gate::access_key(role))))
    });
    let is_allowed = role.is_some_and(|it| shared.allowed[it].contains(&permission));
    if !is_allowed {
        let said = format!("{role:?} is not authorized to perform {} on {}", permission.0, permission.1);
        shared.refused.lock().unwrap().push(said.clone());
        if is_s3(&parts.headers) {
            let body = format!("<Error><Code>AccessDenied</Code><Message>{said}</Message></Error>");
            return (axum::http::StatusCode::FORBIDDEN, body).into_response();
        }
        let body = json!({"__type": "AccessDeniedException", "Message": said, "message": said});
        let error =
            [("x-amzn-ErrorType", "AccessDeniedException"), ("content-type", "application/x-amz-json-1.1")];
        return (axum::http::StatusCode::BAD_REQUEST, error, body.to_string()).into_response();
    }
    if permission.0 == "events:PutEvents" {
        let put: Value = serde_json::from_slice(&body).unwrap();
        shared.events.lock().unwrap().extend(put["Entries"].as_array().unwrap().iter().cloned());
    }
    shared.used.lock().unwrap().insert((role.unwrap().clone(), permission));
    let target = if path.starts_with("/2015-03-31/functions/") { &shared.lambda } else { &shared.moto };
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let headers: Vec<_> = headers.filter(|(name, _)| !OF_ONE_CONNECTION.contains(name)).collect();
    let answer = send(parts.method.as_str(), &format!("{target}{path}"), &headers, body).await;
    let body = aged(&answer.body, *shared.parameters_aged_by_s.lock().unwrap());
    let mut headers = answer.headers;
    for name in OF_ONE_CONNECTION {
        headers.remove(name);
    }
    (axum::http::StatusCode::from_u16(answer.status).unwrap(), headers, body).into_response()
}

/// S3 names no operation: it goes by method and path.
fn is_s3(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|it| it.to_str().unwrap().contains("/s3/aws4_request"))
}

/// What a call needs.
fn permission(method: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Permission {
    if is_s3(headers) {
        let object = path.split_once('?').map_or(path, |(object, _query)| object);
        let action = match method {
            "GET" => "s3:GetObject",
            "PUT" => "s3:PutObject",
            _ => "unknown",
        };
        // Nobody knows the names of reports beforehand, so the right is for all of them.
        let object = match object.split_once("/reports/") {
            Some((bucket, _name)) => &format!("{bucket}/reports/*"),
            None => object,
        };
        return (action.to_owned(), format!("arn:aws:s3:::{}", object.trim_start_matches('/')));
    }
    let arn = |service: &str, resource: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}");
    if let Some(function) = path.strip_prefix("/2015-03-31/functions/") {
        let name = function.split_once("/invocations").unwrap().0.replace("%3A", ":");
        let name = name.rsplit_once("function:").map_or(&*name, |(_, name)| name);
        return ("lambda:InvokeFunction".to_owned(), arn("lambda", &format!("function:{name}")));
    }
    let target = headers.get("x-amz-target").map_or("", |it| it.to_str().unwrap());
    let form: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    if let Some(role) = form.get("RoleArn") {
        return (format!("sts:{}", form["Action"]), role.clone());
    }
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match target.split_once('.') {
        Some(("AmazonSSM", operation)) => {
            let name = body["Name"].as_str().unwrap();
            let name = name.split_once(':').map_or(name, |(name, _version)| name);
            (format!("ssm:{operation}"), arn("ssm", &format!("parameter{name}")))
        }
        Some(("DynamoDB_20120810", operation)) => {
            let table = body["TableName"].as_str().unwrap();
            let index = body["IndexName"].as_str().map(|it| format!("/index/{it}")).unwrap_or_default();
            (format!("dynamodb:{operation}"), arn("dynamodb", &format!("table/{table}{index}")))
        }
        Some(("AWSEvents", operation)) => {
            let bus = body["Entries"][0]["EventBusName"].as_str().unwrap();
            (format!("events:{operation}"), arn("events", &format!("event-bus/{bus}")))
        }
        // Its name, in what calls it here, is its ARN.
        Some(("secretsmanager", operation)) => {
            (format!("secretsmanager:{operation}"), body["SecretId"].as_str().unwrap().to_owned())
        }
        _ => (format!("unknown:{target}"), path.to_owned()),
    }
}

/// A parameter's answer, with the date put back.
fn aged(body: &Bytes, seconds: f64) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let Some(date) = answer.pointer_mut("/Parameter/LastModifiedDate") else { return body.clone() };
    *date = json!(date.as_f64().unwrap() - seconds);
    answer.to_string().into()
}
