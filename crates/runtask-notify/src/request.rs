//! One request to one receiver, without the way to it.

use crate::answer::Judge;
use secrecy::SecretString;
use serde_json::Value;

/// A request by `POST`.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// Headers besides the content type, or with one of its own. The values may be secrets.
    pub(crate) headers: Vec<(&'static str, SecretString)>,
    /// Who reads the answer, where its status does not say it all.
    pub(crate) judge: Option<Judge>,
}

impl Request {
    /// With this body, and no headers of its own.
    pub(crate) fn new(body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), headers: Vec::new(), judge: None }
    }

    /// With a header more.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<SecretString>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With an answer that this judges.
    pub(crate) fn judged_by(self, judge: Judge) -> Self {
        Self { judge: Some(judge), ..self }
    }
}
