//! Answers whoever opens a link.

use crate::token::Token;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use runtask_log::{Chain, event};
use runtask_state::{ReportFile, ReportStore};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::SystemTime;
use tracing::error;

/// What the path of every link begins with.
pub const PATH: &str = "/-/r/";

/// Headers of every answer: nobody keeps it, frames it, indexes it, or hears from where a reader came.
const HEADERS: [(HeaderName, &str); 7] = [
    (CACHE_CONTROL, "private, no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (REFERRER_POLICY, "no-referrer"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// Of an answer that is no page.
const NOTHING_ALLOWED: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const GONE: &str =
    "There is no report at this address: it is not complete, or the report has expired or was withdrawn.\n";
const NOT_NOW: &str = "The report cannot be read now. Try again in a minute.\n";
const READ_ONLY: &str = "Reports can be read, and nothing else.\n";

/// Serves reports out of a store.
#[derive(Debug, Clone)]
pub struct Pages {
    store: Arc<dyn ReportStore>,
    now: fn() -> SystemTime,
}

impl Pages {
    /// `now` is the clock that reports expire by.
    #[must_use]
    pub fn new(store: Arc<dyn ReportStore>, now: fn() -> SystemTime) -> Self {
        Self { store, now }
    }

    /// Answers a request for a path that begins with [`PATH`].
    ///
    /// Whether a link is no link, or its report has expired, was withdrawn or never was: the answer is the same.
    pub async fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, READ_ONLY);
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let (token, file) = path.strip_prefix(PATH).and_then(|it| it.split_once('/')).unwrap_or_default();
        let mut answer = match (Token::parse(token), file_of(file)) {
            (Some(token), Some(file)) => self.file(&token, file).await,
            _ => without_slash(path).unwrap_or_else(|| plain(StatusCode::NOT_FOUND, GONE)),
        };
        if *method == Method::HEAD {
            let length = answer.body().len();
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
            *answer.body_mut() = Bytes::new();
        }
        answer
    }

    async fn file(&self, token: &Token, file: ReportFile) -> Response<Bytes> {
        match self.store.get(token.name(), file, (self.now)()).await {
            Ok(Some(content)) => found(file, content),
            Ok(None) => plain(StatusCode::NOT_FOUND, GONE),
            Err(error) => {
                error!(event = event::REPORT_NOT_READ, error = %Chain(&error), "a report could not be read");
                plain(StatusCode::SERVICE_UNAVAILABLE, NOT_NOW)
            }
        }
    }
}

fn file_of(name: &str) -> Option<ReportFile> {
    match name {
        "" => Some(ReportFile::Page),
        name => [ReportFile::Json, ReportFile::Sarif].into_iter().find(|it| it.name() == name),
    }
}

/// The page's own links are relative, and need the slash that somebody left out.
fn without_slash(path: &str) -> Option<Response<Bytes>> {
    let token = Token::parse(path.strip_prefix(PATH)?)?;
    let location = HeaderValue::from_str(&format!("{}/", token.in_link())).ok()?;
    let mut answer = plain(StatusCode::PERMANENT_REDIRECT, "");
    answer.headers_mut().insert(LOCATION, location);
    Some(answer)
}

fn found(file: ReportFile, content: Vec<u8>) -> Response<Bytes> {
    let (kind, policy) = match file {
        ReportFile::Page => ("text/html; charset=utf-8", page_policy(&content)),
        ReportFile::Json | ReportFile::Sarif => ("application/json", NOTHING_ALLOWED.to_owned()),
    };
    let mut answer = answer(StatusCode::OK, kind, &policy, content.into());
    if file != ReportFile::Page {
        let name = format!("attachment; filename=\"{}\"", file.name());
        // Made of a constant.
        if let Ok(name) = HeaderValue::from_str(&name) {
            answer.headers_mut().insert(CONTENT_DISPOSITION, name);
        }
    }
    answer
}

/// The policy that allows the page's own style sheet and nothing else.
///
/// The hash is that of the sheet in the page, and not of the one that today's pages have: an update would leave the pages of
/// before without theirs.
fn page_policy(page: &[u8]) -> String {
    let sheet = between(page, b"<style>", b"</style>").unwrap_or_default();
    let hash = BASE64_STANDARD.encode(Sha256::digest(sheet));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn between<'a>(text: &'a [u8], begin: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|it| it == what);
    let rest = text.get(find(text, begin)? + begin.len()..)?;
    rest.get(..find(rest, end)?)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Bytes> {
    answer(status, "text/plain; charset=utf-8", NOTHING_ALLOWED, Bytes::from_static(text.as_bytes()))
}

fn answer(status: StatusCode, kind: &'static str, policy: &str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // It holds no byte that a header may not have; were it otherwise, nothing at all is allowed.
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(NOTHING_ALLOWED));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    answer
}

#[cfg(test)]
mod tests;
