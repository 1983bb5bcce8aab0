//! Calls the run task as HCP Terraform does: signs a POST, sends it, and notes the answer.

use crate::fault::Fault;
use crate::record::{Delivery, What};
use crate::spec::{RunSpec, Target};
use crate::task::Task;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use runtask_protocol::Key;
use std::error::Error;
use std::io;
use std::sync::Arc;

/// As HCP Terraform names it; not the name that our run task looks for.
const SIGNATURE_HEADER: &str = "x-tfc-task-signature";
const USER_AGENT: &str = "TFC/1.0 (+https://app.terraform.io; TFC)";
/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;

/// How a delivery is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signature<'a> {
    /// As HCP Terraform does: with the key, or empty without one.
    Proper(Option<&'a Key>),
    /// With the key, and with a prefix that another sender has.
    Prefixed(&'a Key),
    /// No header at all.
    Missing,
}

impl<'a> Signature<'a> {
    /// As this sender signs who has this key.
    pub(crate) fn of(spec: &RunSpec, key: Option<&'a Key>) -> Self {
        match key {
            Some(key) if spec.has(Fault::SignaturePrefixed) => Self::Prefixed(key),
            key => Self::Proper(key),
        }
    }

    /// The header's value for a body; nothing where there is no header.
    fn value(self, body: &[u8]) -> Option<String> {
        match self {
            Self::Proper(key) => Some(key.map(|it| it.sign(body)).unwrap_or_default()),
            Self::Prefixed(key) => Some(format!("sha512={}", key.sign(body))),
            Self::Missing => None,
        }
    }
}

/// The headers of a POST.
pub(crate) fn headers(signature: Signature<'_>, body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if let Some(signature) = signature.value(body) {
        // Letters and digits, or nothing at all, always make a header.
        let value = HeaderValue::from_str(&signature).unwrap_or(HeaderValue::from_static(""));
        headers.insert(HeaderName::from_static(SIGNATURE_HEADER), value);
    }
    headers
}

/// A client for one run: it follows no redirects, and goes round every proxy to reach this machine.
pub(crate) fn client(spec: &RunSpec, target: &Target) -> io::Result<reqwest::Client> {
    let mut builder = client_builder()?.timeout(spec.post_timeout);
    if is_local(target) {
        builder = builder.no_proxy();
    }
    if spec.has(Fault::SignatureHeaderTitleCase) {
        builder = builder.http1_title_case_headers();
    }
    builder.build().map_err(io::Error::other)
}

/// A client with our own TLS, which follows no redirect by itself.
pub(crate) fn client_builder() -> io::Result<reqwest::ClientBuilder> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls);
    Ok(builder.redirect(reqwest::redirect::Policy::none()))
}

fn is_local(target: &Target) -> bool {
    match target.url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Makes one POST and notes on `task` what it was answered. The status, or nothing when no answer came.
pub(crate) async fn post(
    client: &reqwest::Client,
    target: &Target,
    task: &Task,
    delivery: Delivery,
    note: Option<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Option<u16> {
    task.note(What::Sent { delivery, note });
    let sent = client.post(target.url.clone()).headers(headers).body(body).send().await;
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => {
            task.note(What::Unanswered { delivery, reason: reason(error) });
            return None;
        }
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // An answer is its status: what is wrong behind it, HCP Terraform does not mind.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES {
            break;
        }
    }
    task.answered(delivery, status, &String::from_utf8_lossy(&body));
    Some(status)
}

/// The chain of causes, without the URL: its query may be a secret of somebody's.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !reason.contains(&cause) {
            reason = format!("{reason}: {cause}");
        }
        source = error.source();
    }
    reason
}
