//! What a receiver sees of a request, and what it says of it.

use bytes::Bytes;
use serde_json::Value;
use std::time::SystemTime;

/// A request.
pub(super) struct Seen {
    pub(super) parts: http::request::Parts,
    pub(super) body: Bytes,
    /// The body; null where it is no JSON.
    pub(super) json: Value,
    pub(super) now: SystemTime,
}

/// A judgement, and the answer.
pub(super) struct Judged {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) problems: Vec<String>,
}

impl Judged {
    /// Taken with this answer, or refused with that where there is something wrong.
    pub(super) fn of(problems: Vec<String>, taken: (u16, &str), refused: (u16, &str)) -> Self {
        let (status, body) = if problems.is_empty() { taken } else { refused };
        Self { status, body: body.to_owned(), problems }
    }

    pub(super) fn refused(status: u16, body: &str, problem: &str) -> Self {
        Self { status, body: body.to_owned(), problems: vec![problem.to_owned()] }
    }
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// What is wrong with any request: method, type, a body that is no object or larger than so many bytes.
    pub(super) fn problems(&self, bytes: usize) -> Vec<String> {
        let mut problems = Vec::new();
        if self.parts.method != http::Method::POST {
            problems.push(format!("{} where POST is expected", self.parts.method));
        }
        if self.header("content-type").split(';').next() != Some("application/json") {
            problems.push("it is not sent as JSON".to_owned());
        }
        if !self.json.is_object() {
            problems.push("the body is no JSON object".to_owned());
        }
        if self.body.len() > bytes {
            problems.push(format!("the body has {} bytes, and {bytes} are taken", self.body.len()));
        }
        problems
    }
}

/// Notes a text that is missing, no text, empty, or longer than so many characters.
pub(super) fn text(json: &Value, pointer: &str, characters: usize, problems: &mut Vec<String>) {
    match json.pointer(pointer).and_then(Value::as_str) {
        None => problems.push(format!("{pointer} is missing, or no text")),
        Some("") => problems.push(format!("{pointer} is empty")),
        Some(it) if it.chars().count() > characters => {
            problems
                .push(format!("{pointer} has {} characters, and {characters} are taken", it.chars().count()));
        }
        Some(_) => {}
    }
}

/// Notes keys that nobody knows.
pub(super) fn keys(json: &Value, pointer: &str, known: &[&str], problems: &mut Vec<String>) {
    let object = json.pointer(pointer).and_then(Value::as_object);
    for key in object.into_iter().flat_map(serde_json::Map::keys).filter(|it| !known.contains(&it.as_str())) {
        problems.push(format!("{pointer}/{key} is known to nobody"));
    }
}
