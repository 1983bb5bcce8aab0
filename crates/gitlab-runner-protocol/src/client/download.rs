//! `GET /jobs/:id/artifacts`: downloads what an earlier job has uploaded, into a file.

use super::call::{SMALL, is_passing, read, request_id, sensitive};
use super::error::CallError;
use super::http::Client;
use crate::secret::JobToken;
use reqwest::StatusCode;
use reqwest::header::LOCATION;
use std::fs::File;
use std::time::Duration;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::info;
use url::Url;

const NAME: &str = "the download of an artifact";
const PAUSE: Duration = Duration::from_secs(1);
/// Redirects that are followed in one chain; GitLab makes one, to its object store.
const REDIRECTS: usize = 3;

impl Client {
    /// Downloads the archive of `job` into `file`, whose content it replaces; how many bytes that were. `token` is the one
    /// that came with the dependency. It goes to GitLab alone: an object store to which GitLab sends us on sees none.
    /// `attempts` are those in all; 3 where nobody says otherwise.
    ///
    /// # Errors
    ///
    /// When there is none (404), it may not be read, or more than `most_bytes` came.
    pub async fn download(
        &self,
        job: u64,
        token: &JobToken,
        file: &File,
        most_bytes: u64,
        attempts: u32,
        deadline: Instant,
    ) -> Result<u64, CallError> {
        let broken = |source| CallError::File { call: NAME, source };
        let file = &mut tokio::fs::File::from_std(file.try_clone().map_err(broken)?);
        let mut attempt = 1;
        loop {
            let mut url = self.url(&format!("jobs/{job}/artifacts"));
            if attempt == 1 {
                // The object store may be out of reach for us; GitLab itself is not.
                url.query_pairs_mut().append_pair("direct_download", "true");
            }
            let downloading = self.follow(url, token, file, most_bytes);
            let error = match timeout_at(deadline, downloading).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(error)) => error,
                Err(_elapsed) => return Err(CallError::Late { call: NAME }),
            };
            let is_final = match &error {
                CallError::Refused { status, .. } => {
                    matches!(status.as_u16(), 401 | 403 | 404) && !error.is_of_store()
                }
                CallError::Transport { .. } => false,
                _ => true,
            };
            let pause = match &error {
                CallError::Refused { status, pause: Some(pause), .. } if is_passing(*status) => *pause,
                _ => PAUSE,
            };
            if is_final || attempt >= attempts || Instant::now() + pause >= deadline {
                return Err(error);
            }
            info!(attempt, "a download failed, trying again: {error}");
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn follow(
        &self,
        start: Url,
        token: &JobToken,
        file: &mut tokio::fs::File,
        most_bytes: u64,
    ) -> Result<u64, CallError> {
        let transport =
            |source: reqwest::Error| CallError::Transport { call: NAME, source: source.without_url() };
        let mut url = start;
        for hop in 0..=REDIRECTS {
            let mut request = self.http.get(url.clone());
            if hop == 0 {
                request = request.header("job-token", sensitive(token.expose(), NAME)?);
                request = request.header("x-request-id", request_id());
            }
            let response = request.send().await.map_err(transport)?;
            let status = response.status();
            if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let location = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
                let target = location.and_then(|it| url.join(it).ok()).filter(|it| may_follow(&url, it));
                url = target.ok_or(CallError::Redirected { call: NAME })?;
                continue;
            }
            if status != StatusCode::OK {
                let answer = read(response, SMALL).await.map_err(transport)?;
                let error = answer.refused(if hop == 0 { NAME } else { STORE });
                return Err(error);
            }
            return save(response, file, most_bytes).await;
        }
        Err(CallError::Redirected { call: NAME })
    }
}

/// The name of the call once it was sent on: an object store's 403 says that the link is too old.
const STORE: &str = "the download of an artifact from its object store";

impl CallError {
    fn is_of_store(&self) -> bool {
        matches!(self, Self::Refused { call, .. } if *call == STORE)
    }
}

/// What was protected on its way stays so.
fn may_follow(from: &Url, target: &Url) -> bool {
    match target.scheme() {
        "https" => true,
        "http" => from.scheme() == "http",
        _ => false,
    }
}

async fn save(
    mut response: reqwest::Response,
    file: &mut tokio::fs::File,
    most_bytes: u64,
) -> Result<u64, CallError> {
    let transport =
        |source: reqwest::Error| CallError::Transport { call: NAME, source: source.without_url() };
    let broken = |source| CallError::File { call: NAME, source };
    file.rewind().await.map_err(broken)?;
    file.set_len(0).await.map_err(broken)?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        bytes += chunk.len() as u64;
        if bytes > most_bytes {
            return Err(CallError::Strange {
                call: NAME,
                defect: "it is longer than the limit for artifacts",
            });
        }
        file.write_all(&chunk).await.map_err(broken)?;
    }
    file.flush().await.map_err(broken)?;
    Ok(bytes)
}
