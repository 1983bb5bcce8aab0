//! Answers a callback, or a request to the API, in HCP Terraform's form.

use serde_json::json;

/// What a callback, or a request to the API, is answered. Without a status, the connection is closed.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Option<serde_json::Value>,
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
        Self { status: Some(status), retry_after: None, body: Some(json!({ "errors": errors })) }
    }
}
