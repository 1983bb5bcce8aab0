//! A registry that judges whoever pulls: tokens, scopes, where a token may go.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use runtask_sources::Digest;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// The token that lets pull.
pub(crate) const TOKEN: &str = "an-example-of-a-token-of-a-registry";
/// Who may have one: `ada:hunter2`.
const BASIC: &str = "Basic YWRhOmh1bnRlcjI=";

pub(crate) const BUNDLE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const POLICY: &str = "application/vnd.cncf.openpolicyagent.policy.layer.v1+rego";
pub(crate) const DATA: &str = "application/vnd.cncf.openpolicyagent.data.layer.v1+json";

/// How the registry lets people in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Door {
    /// Everybody, without a word.
    #[default]
    Open,
    /// With a token that everybody gets.
    Token,
    /// With a token for those with a password.
    TokenForPassword,
    /// With a password.
    Password,
}

#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) door: Door,
    /// Where blobs are, where the registry does not send them itself.
    pub(crate) elsewhere: Option<String>,
    /// Where tokens are, where not here.
    pub(crate) realm: Option<String>,
    manifests: HashMap<String, Vec<u8>>,
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    /// Each call: the path with its query, and what it was authorized with.
    pub(crate) calls: Vec<(String, String)>,
    address: String,
}

pub(crate) struct Registry {
    pub(crate) address: String,
    kept: Arc<Mutex<Kept>>,
    _runtime: Runtime,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let kept = Arc::new(Mutex::new(Kept { address: address.clone(), ..Kept::default() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&kept));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, kept, _runtime: runtime }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.lock().unwrap());
    }

    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        self.kept.lock().unwrap().calls.clone()
    }

    /// Pushes an artifact: the types of its layers, their titles, their bytes. The digest of its manifest.
    pub(crate) fn push(&self, tag: &str, layers: &[(&str, &str, &[u8])]) -> Digest {
        let described: Vec<Value> = layers
            .iter()
            .map(|(kind, title, bytes)| {
                json!({
                    "mediaType": kind, "digest": Digest::of(bytes).to_string(), "size": bytes.len(),
                    "annotations": { "org.opencontainers.image.title": title },
                })
            })
            .collect();
        let manifest =
            json!({ "schemaVersion": 2, "config": {}, "layers": described }).to_string().into_bytes();
        let digest = Digest::of(&manifest);
        self.change(|kept| {
            for (_, _, bytes) in layers {
                kept.blobs.insert(Digest::of(bytes).to_string(), bytes.to_vec());
            }
            kept.manifests.insert(tag.to_owned(), manifest.clone());
            kept.manifests.insert(digest.to_string(), manifest);
        });
        digest
    }

    /// Has another manifest under a name.
    pub(crate) fn put(&self, name: &str, manifest: &[u8]) {
        self.change(|kept| {
            kept.manifests.insert(name.to_owned(), manifest.to_vec());
        });
    }
}

async fn answer(State(kept): State<Arc<Mutex<Kept>>>, uri: Uri, headers: HeaderMap) -> Response {
    let mut kept = kept.lock().unwrap();
    let authorization = headers.get("authorization").map_or("", |it| it.to_str().unwrap()).to_owned();
    kept.calls.push((uri.to_string(), authorization.clone()));
    if uri.path() == "/token" {
        let is_asked_well =
            uri.query() == Some("service=registry.example&scope=repository%3Aacme%2Fpolicies%3Apull");
        let is_known = kept.door == Door::Token || authorization == BASIC;
        return match (is_asked_well, is_known) {
            (true, true) => json!({ "token": TOKEN }).to_string().into_response(),
            (true, false) => StatusCode::UNAUTHORIZED.into_response(),
            (false, _) => StatusCode::BAD_REQUEST.into_response(),
        };
    }
    let here = format!("http://{}/token", kept.address);
    let realm = kept.realm.as_deref().unwrap_or(&here);
    let (expected, challenge) = match kept.door {
        Door::Open => (authorization.clone(), String::new()),
        Door::Token | Door::TokenForPassword => (
            format!("Bearer {TOKEN}"),
            format!(
                "Bearer realm=\"{realm}\",service=\"registry.example\",scope=\"repository:acme/policies:pull,push\""
            ),
        ),
        Door::Password => (BASIC.to_owned(), "Basic realm=\"registry\"".to_owned()),
    };
    if authorization != expected {
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)]).into_response();
    }
    let found = if let Some(name) = uri.path().strip_prefix("/v2/acme/policies/manifests/") {
        assert_eq!(headers["accept"], "application/vnd.oci.image.manifest.v1+json");
        kept.manifests.get(name)
    } else if let Some(digest) = uri.path().strip_prefix("/v2/acme/policies/blobs/") {
        if let Some(elsewhere) = &kept.elsewhere {
            let target = format!("{elsewhere}/stored/{digest}?signature=hunter2");
            return (StatusCode::TEMPORARY_REDIRECT, [("location", target)]).into_response();
        }
        kept.blobs.get(digest)
    } else {
        uri.path().strip_prefix("/stored/").and_then(|it| kept.blobs.get(it))
    };
    match found {
        Some(bytes) => Bytes::from(bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
