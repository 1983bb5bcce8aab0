//! One call as it came, and what is answered to it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A call, read to its end.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    /// The path below the instance's address.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    /// A header's value; `None` if it is missing, and where it is no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = form_urlencoded::parse(self.query.as_bytes());
        parameters.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.header("content-type").is_some_and(|it| it.starts_with("application/json"))
    }

    /// The body as JSON, `null` where it is none or does not say so.
    pub(crate) fn json(&self) -> Value {
        if self.is_json() { serde_json::from_slice(&self.body).unwrap_or_default() } else { Value::Null }
    }

    /// The password of HTTP's basic authentication.
    pub(crate) fn password(&self) -> Option<String> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        decoded.split_once(':').map(|(_, password)| password.to_owned())
    }

    /// For sentences: `PATCH /api/v4/jobs/1/trace`.
    pub(crate) fn name(&self) -> String {
        let path: String = self.path.chars().take(120).collect();
        format!("{} {path}", self.method)
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) manner: Manner,
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Plainly,
    /// After a while.
    Late(Duration),
    /// In pieces, over so long.
    Trickling(Duration),
    /// To its half.
    Cut,
    /// Not at all: the connection is closed.
    Never,
    /// Not at all: the connection stays open.
    Silence,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), manner: Manner::Plainly }
    }

    /// With GitLab's JSON of a message.
    pub(crate) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "message": message }))
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string()).with("content-type", "application/json")
    }

    /// The connection is closed without an answer.
    pub(crate) fn never() -> Self {
        Self::new(500, "").sent(Manner::Never)
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn sent(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}
