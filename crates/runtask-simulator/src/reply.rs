//! Answers a callback, or a request to the API, in HCP Terraform's form.

use serde_json::json;
use std::time::Duration;

/// What a callback, or a request to the API, is answered. Without a status, the connection is closed.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Option<serde_json::Value>,
    /// A web page in place of the body, as proxies have them.
    pub(crate) page: Option<&'static str>,
    /// How long the answer takes.
    pub(crate) delay: Duration,
}

/// What a proxy shows whose server does not answer.
const PAGE: &str = "<!doctype html>\n<title>Error</title>\n<h1>The server is in trouble</h1>\n";

impl Default for Reply {
    /// 200 with nothing in it.
    fn default() -> Self {
        Self { status: Some(200), retry_after: None, body: None, page: None, delay: Duration::ZERO }
    }
}

impl Reply {
    pub(crate) fn refusal(status: u16, detail: &str) -> Self {
        Self::errors(status, vec![(detail.to_owned(), None)])
    }

    pub(crate) fn errors(status: u16, errors: Vec<(String, Option<String>)>) -> Self {
        let title = match status {
            400 => "bad request",
            401 => "unauthorized",
            404 => "not found",
            405 => "method not allowed",
            409 => "conflict",
            415 => "unsupported media type",
            429 => "too many requests",
            500 => "internal server error",
            _ => "invalid attribute",
        };
        let errors: Vec<_> = errors
            .into_iter()
            .map(|(detail, pointer)| {
                let mut error = json!({ "status": status.to_string(), "title": title, "detail": detail });
                if let (Some(pointer), Some(object)) = (pointer, error.as_object_mut()) {
                    object.insert("source".to_owned(), json!({ "pointer": pointer }));
                }
                error
            })
            .collect();
        Self { status: Some(status), body: Some(json!({ "errors": errors })), ..Self::default() }
    }

    /// A proxy's answer in the place of ours.
    pub(crate) fn page(status: u16) -> Self {
        Self { status: Some(status), page: Some(PAGE), ..Self::default() }
    }

    /// The connection is closed without an answer.
    pub(crate) fn none() -> Self {
        Self { status: None, ..Self::default() }
    }
}
