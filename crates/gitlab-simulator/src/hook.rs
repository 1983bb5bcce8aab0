//! Delivers Job Hooks as GitLab does: one `POST`, with a token or a signature, and ten seconds for the answer.
//!
//! Source: GitLab, "Webhook events"; the Standard Webhooks specification.

use crate::job::{Job, Status};
use crate::json::at;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::json;
use sha2::Sha256;
use std::io;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How long GitLab waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are kept.
const ANSWER: usize = 64 * 1024;

/// How a delivery proves who sent it.
#[derive(Debug, Clone)]
pub enum HookSecret {
    /// `X-Gitlab-Token`: the secret itself.
    Token(String),
    /// `whsec_` and the key in base64: headers `webhook-…`.
    Signing(String),
}

/// A delivery: its headers and its body, to be sent, or changed and sent.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The bytes that were signed.
    pub body: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct HookAnswer {
    /// The status.
    pub status: u16,
    /// What was said.
    pub body: Bytes,
    /// How long it took.
    pub took: Duration,
}

impl Delivery {
    /// A delivery of `body` with this id, at this time in seconds since 1970.
    #[must_use]
    pub fn new(body: String, id: &str, timestamp: u64, secret: &HookSecret) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            header("Content-Type", "application/json"),
            header("User-Agent", "GitLab/19.3.1"),
            header("X-Gitlab-Event", "Job Hook"),
            header("X-Gitlab-Event-UUID", id),
            header("Idempotency-Key", id),
            header("webhook-id", id),
            header("webhook-timestamp", &timestamp.to_string()),
        ];
        headers.push(match secret {
            HookSecret::Token(token) => header("X-Gitlab-Token", token),
            HookSecret::Signing(key) => header("webhook-signature", &signature(key, id, timestamp, &body)),
        });
        Self { headers, body }
    }

    /// Sends it to an `http://` address.
    ///
    /// # Errors
    ///
    /// When there is no answer within ten seconds.
    pub async fn send(&self, url: &str) -> io::Result<HookAnswer> {
        let started = Instant::now();
        let late = |_elapsed| io::Error::new(io::ErrorKind::TimedOut, "no answer within ten seconds");
        let (status, body) = tokio::time::timeout(PATIENCE, self.exchange(url)).await.map_err(late)??;
        Ok(HookAnswer { status, body, took: started.elapsed() })
    }

    async fn exchange(&self, url: &str) -> io::Result<(u16, Bytes)> {
        let uri: Uri = url.parse().map_err(io::Error::other)?;
        let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
            return Err(io::Error::other("hooks go to http:// addresses"));
        };
        let stream = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(80))).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let mut request = Request::post(path).header("host", authority.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.body.clone()))).map_err(io::Error::other)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(io::Error::other)?;
            let status = response.status().as_u16();
            let body =
                Limited::new(response.into_body(), ANSWER).collect().await.map_err(io::Error::other)?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(exchange, connection);
        tokio::select! {
            answered = &mut exchange => answered,
            ended = &mut connection => {
                ended.map_err(io::Error::other)?;
                exchange.await
            }
        }
    }
}

/// `v1,` and the base64 of HMAC-SHA256 over id, time and body, with the decoded key.
fn signature(key: &str, id: &str, timestamp: u64, body: &str) -> String {
    let key = STANDARD.decode(key.trim_start_matches("whsec_")).unwrap_or_default();
    let signed = Hmac::<Sha256>::new_from_slice(&key)
        .map(|mac| mac.chain_update(format!("{id}.{timestamp}.{body}")).finalize().into_bytes());
    format!("v1,{}", signed.map(|it| STANDARD.encode(it)).unwrap_or_default())
}

/// The body of the hook that tells of a job.
pub(crate) fn body(job: &Job) -> String {
    let payload = &job.payload;
    let zero = "0000000000000000000000000000000000000000";
    let has_begun = job.status != Status::Pending;
    json!({
        "object_kind": "build",
        "ref": at(payload, "/git_info/ref"),
        "tag": false,
        "before_sha": zero,
        "sha": at(payload, "/git_info/sha"),
        "retries_count": 0,
        "build_id": job.id,
        "build_name": at(payload, "/job_info/name"),
        "build_stage": at(payload, "/job_info/stage"),
        "build_status": job.status.as_str(),
        "build_created_at": "2026-08-20 09:14:40 UTC",
        "build_started_at": has_begun.then_some("2026-08-20 09:15:02 UTC"),
        "build_finished_at": job.status.is_final().then_some("2026-08-20 09:16:16 UTC"),
        "build_duration": has_begun.then_some(0.8),
        "build_queued_duration": 1.25,
        "build_allow_failure": false,
        "build_failure_reason": "unknown_failure",
        "pipeline_id": at(payload, "/job_info/pipeline_id"),
        "runner": has_begun.then(|| json!({"id": 77, "description": "terraform on lambda",
            "runner_type": "project_type", "active": true, "is_shared": false, "tags": ["terraform-lambda"]})),
        "project_id": at(payload, "/job_info/project_id"),
        "project_name": at(payload, "/job_info/project_full_path"),
        "user": {"id": 9, "name": "Ada Example", "username": "ada", "avatar_url": null, "email": "[REDACTED]"},
        "commit": {"id": at(payload, "/job_info/pipeline_id"), "name": null, "sha": at(payload, "/git_info/sha"),
            "message": "Change the network\n", "author_name": "Ada Example", "author_email": "ada@example.com",
            "status": "running", "duration": null, "started_at": null, "finished_at": null},
        "project": {"id": at(payload, "/job_info/project_id"), "name": at(payload, "/job_info/project_name"),
            "path_with_namespace": at(payload, "/job_info/project_full_path"), "default_branch": "main"},
        "environment": null,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_signature_is_that_of_the_recorded_delivery() {
        let vector: Value =
            serde_json::from_str(include_str!("../tests/fixtures/hook-signature.json")).unwrap();
        let text = |pointer: &str| vector.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let secret = HookSecret::Signing(text("/signing_token"));
        let time = text("/headers/webhook-timestamp").parse().unwrap();
        let delivery = Delivery::new(text("/body"), &text("/headers/webhook-id"), time, &secret);
        let signed = delivery.headers.iter().find(|(name, _)| name == "webhook-signature").unwrap();
        assert_eq!(signed.1, text("/headers/webhook-signature"));
    }
}
