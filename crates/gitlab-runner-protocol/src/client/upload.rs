//! `POST /jobs/:id/artifacts`: uploads one file, streamed from disk.

use super::call::{SMALL, is_passing, read, request_id, sensitive};
use super::error::CallError;
use super::job_client::JobClient;
use crate::job::Artifact;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use std::fs::File;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::io::ReaderStream;
use tracing::info;
use url::Url;

const NAME: &str = "the upload of an artifact";
/// Attempts while an object store is busy; and after any other answer than a success.
const BUSY_ATTEMPTS: u32 = 6;
const OTHER_ATTEMPTS: u32 = 3;
/// The pause after the first attempt; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes that are read of a file at a time.
const CHUNK: usize = 64 * 1024;

/// A file to upload.
#[derive(Debug, Clone, Copy)]
pub struct Upload<'a> {
    /// What it is: type, format, how long GitLab keeps it.
    pub artifact: &'a Artifact,
    /// What GitLab calls it: a name with its ending, no path.
    pub filename: &'a str,
    /// It, from its beginning; its position is moved.
    pub file: &'a File,
}

impl JobClient {
    /// Uploads a file; again where that can help.
    ///
    /// # Errors
    ///
    /// Says for a job's log why GitLab has not got it: 413 is its limit for the size, 400 a report that it cannot read.
    pub async fn upload(&self, upload: Upload<'_>, deadline: Instant) -> Result<(), CallError> {
        let mut url = self.client.url(&format!("jobs/{}/artifacts", self.id));
        url.query_pairs_mut()
            .append_pair("artifact_format", upload.artifact.artifact_format.as_str())
            .append_pair("artifact_type", &upload.artifact.artifact_type)
            .extend_pairs(upload.artifact.expire_in.iter().map(|it| ("expire_in", it)));
        let mut attempt = 1;
        loop {
            let sending = self.send_file(&mut url, upload);
            let error = match timeout_at(deadline, sending).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_elapsed) => return Err(CallError::Late { call: NAME }),
            };
            let (attempts, wanted) = match &error {
                CallError::Refused { status, .. } if matches!(status.as_u16(), 401 | 403 | 413) => (0, None),
                CallError::Refused { status, pause, .. } if is_passing(*status) => (BUSY_ATTEMPTS, *pause),
                CallError::Refused { .. } | CallError::Transport { .. } => (OTHER_ATTEMPTS, None),
                _ => (0, None),
            };
            let pause = wanted.unwrap_or(PAUSE * (1 << (attempt - 1)));
            if attempt >= attempts || Instant::now() + pause >= deadline {
                return Err(error);
            }
            info!(attempt, "an upload failed, trying again: {error}");
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// One attempt, and a second one where GitLab sends it on; `url` is where it went then.
    async fn send_file(&self, url: &mut Url, upload: Upload<'_>) -> Result<(), CallError> {
        for _hop in 0..2 {
            let (status, location, answer) = self.post_file(url, upload).await?;
            if status != StatusCode::TEMPORARY_REDIRECT {
                return answer;
            }
            let target = location.and_then(|it| url.join(&it).ok()).filter(|it| self.may_receive(url, it));
            *url = target.ok_or(CallError::Redirected { call: NAME })?;
        }
        Err(CallError::Redirected { call: NAME })
    }

    /// Whether `target` may see the job's token: the same host, never with less protection, or one that is allowed.
    fn may_receive(&self, from: &Url, target: &Url) -> bool {
        let is_same_host = from.host() == target.host() && target.username().is_empty();
        let is_upgrade = from.scheme() == "http" && target.scheme() == "https";
        let is_same = from.origin() == target.origin();
        is_same_host && (is_same || is_upgrade) || self.client.upload_origins.contains(&target.origin())
    }

    async fn post_file(
        &self,
        url: &Url,
        upload: Upload<'_>,
    ) -> Result<(StatusCode, Option<String>, Result<(), CallError>), CallError> {
        let file = |source| CallError::File { call: NAME, source };
        let (body, length, boundary) = form(upload.file, upload.filename).await.map_err(file)?;
        let transport =
            |source: reqwest::Error| CallError::Transport { call: NAME, source: source.without_url() };
        let response = self.client.http.post(url.clone());
        let response = response
            .header("job-token", sensitive(self.token.expose(), NAME)?)
            .header("x-request-id", request_id())
            .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header(CONTENT_LENGTH, length)
            .body(body)
            .send()
            .await
            .map_err(transport)?;
        let answer = read(response, SMALL).await.map_err(transport)?;
        let location = answer.header(LOCATION.as_str()).map(str::to_owned);
        let result = if answer.status.is_success() { Ok(()) } else { Err(answer.refused(NAME)) };
        Ok((answer.status, location, result))
    }
}

/// A form with the file as its one part; its length, and its boundary.
async fn form(file: &File, filename: &str) -> std::io::Result<(reqwest::Body, u64, String)> {
    let mut file = tokio::fs::File::from_std(file.try_clone()?);
    file.rewind().await?;
    let file_length = file.metadata().await?.len();
    let boundary = format!("{:032x}", fastrand::u128(..));
    // Characters that end a quoted name, or a line.
    let filename: String =
        filename.chars().map(|it| if it.is_control() || "\"\\/".contains(it) { '_' } else { it }).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let length = (head.len() + tail.len()) as u64 + file_length;
    // A file that grows meanwhile is taken as long as it was.
    let content = ReaderStream::with_capacity(file.take(file_length), CHUNK);
    let [head, tail] = [head, tail].map(|it| stream::iter([Ok(Bytes::from(it))]));
    let body = head.chain(content).chain(tail).map_err(Box::<dyn std::error::Error + Send + Sync>::from);
    Ok((reqwest::Body::wrap_stream(body), length, boundary))
}
