//! One request to one receiver, without the way to it.

use secrecy::SecretString;
use serde_json::Value;

/// A request by `POST`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// Headers besides the content type. The values may be secrets.
    pub(crate) headers: Vec<(&'static str, SecretString)>,
}

impl Request {
    /// With this body, and no headers of its own.
    pub(crate) fn new(body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), headers: Vec::new() }
    }

    /// With a header more.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<SecretString>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
