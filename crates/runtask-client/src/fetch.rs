//! Downloads configurations and plans with a run's token.

use crate::http::{Client, without_url};
use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, LOCATION};
use runtask_log::{Chain, event, milliseconds};
use runtask_protocol::{AccessToken, ForeignUrl, origin};
use tracing::{debug, info};
use url::Url;

/// Redirects that are followed in one chain; HCP Terraform makes one.
const REDIRECTS: usize = 5;

/// Why something could not be downloaded. The texts are fit for a run's page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Refused before anything was sent.
    #[error("the download URL was refused: {0}")]
    ForeignUrl(ForeignUrl),
    /// A redirect that is not followed; the token went no further than the listed origin.
    #[error("a redirect of the download was refused: {0}")]
    ForeignRedirect(ForeignUrl),
    /// More redirects than anybody needs.
    #[error("the download was redirected more than {REDIRECTS} times")]
    TooManyRedirects,
    /// A redirect without a usable target.
    #[error("{origin} answered {status} without saying where to go")]
    Redirectless {
        /// Who answered.
        origin: String,
        /// With what.
        status: StatusCode,
    },
    /// HCP Terraform is not ready (204), and was not after several tries.
    #[error("{origin} had nothing to download yet")]
    NotReady {
        /// Who answered.
        origin: String,
    },
    /// Any other answer than a success.
    #[error("{origin} answered {status} to the download")]
    Refused {
        /// Who answered.
        origin: String,
        /// With what.
        status: StatusCode,
        /// Whether this was the first answer, not one behind a redirect.
        first_hand: bool,
    },
    /// No answer, or a broken one.
    #[error("the connection to {origin} failed")]
    Transport {
        /// Who was called.
        origin: String,
        /// What went wrong, without the URL.
        #[source]
        source: reqwest::Error,
    },
}

impl FetchError {
    /// Whether asking again from the start can help. A link behind a redirect lives for a minute, so a refusal
    /// there is worth a new link.
    fn is_passing(&self) -> bool {
        match self {
            Self::NotReady { .. } | Self::Transport { .. } => true,
            Self::Refused { status, first_hand, .. } => {
                !first_hand || status.is_server_error() || matches!(status.as_u16(), 408 | 429)
            }
            _ => false,
        }
    }
}

/// A download under way.
#[derive(Debug)]
pub struct Body {
    response: reqwest::Response,
    origin: String,
}

impl Body {
    /// The next piece, `None` at the end.
    ///
    /// # Errors
    ///
    /// When the connection breaks; the caller may fetch again from the start.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        let origin = &self.origin;
        let failed = |error| FetchError::Transport { origin: origin.clone(), source: without_url(error) };
        self.response.chunk().await.map_err(failed)
    }

    /// The length that the server announced, in bytes.
    #[must_use]
    pub fn announced_length(&self) -> Option<u64> {
        self.response.content_length()
    }
}

impl Client {
    /// Downloads from `url`, following redirects; tries again where that can help.
    ///
    /// # Errors
    ///
    /// Says for a person why not.
    pub async fn fetch(&self, url: &str, token: &AccessToken) -> Result<Body, FetchError> {
        let url = self.settings.origins.admit(url).map_err(FetchError::ForeignUrl)?;
        let mut attempt = 1;
        loop {
            let error = match self.follow(url.clone(), token).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let pause = self.settings.download_backoff.pause(attempt).filter(|_| error.is_passing());
            let Some(pause) = pause else { return Err(error) };
            info!(
                event = event::DOWNLOAD_FAILED,
                attempt,
                pause_ms = milliseconds(pause),
                "download failed, trying again: {}",
                Chain(&error)
            );
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn follow(&self, start: Url, token: &AccessToken) -> Result<Body, FetchError> {
        let mut url = start;
        let mut token = Some(token);
        for hop in 0..=REDIRECTS {
            let from = origin(&url);
            let request = self.http.get(url.clone()).header(ACCEPT, "*/*");
            let request = match token {
                Some(token) => request.bearer_auth(token.expose()),
                None => request,
            };
            let response = request.send().await;
            let response = response.map_err(|error| FetchError::Transport {
                origin: from.clone(),
                source: without_url(error),
            })?;
            let status = response.status();
            debug!(
                event = event::DOWNLOAD_ANSWERED,
                http.status = status.as_u16(),
                origin = from,
                hop,
                "download answered"
            );
            if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let target = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
                let target = target.and_then(|it| url.join(it).ok());
                let target = target.ok_or(FetchError::Redirectless { origin: from.clone(), status })?;
                let target =
                    self.settings.origins.admit_redirect(target).map_err(FetchError::ForeignRedirect)?;
                // Once dropped, the token does not come back, whatever the next redirect says.
                token = token.filter(|_| target.origin() == url.origin());
                url = target;
                continue;
            }
            return match status {
                StatusCode::NO_CONTENT => Err(FetchError::NotReady { origin: from }),
                _ if status.is_success() => Ok(Body { response, origin: from }),
                _ => Err(FetchError::Refused { origin: from, status, first_hand: hop == 0 }),
            };
        }
        Err(FetchError::TooManyRedirects)
    }
}
