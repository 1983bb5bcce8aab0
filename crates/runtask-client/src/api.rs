//! Calls HCP Terraform's API with a person's or a team's token: one request, one bounded answer.
//!
//! It does not know what an answer means.
//!
//! Sources: HCP Terraform's API documentation, "API overview", for the media type and the rate limit of 30 requests a
//! second; HashiCorp's client go-tfe for the header `X-RateLimit-Reset`.

use crate::http::{Client, without_url};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use runtask_log::{event, milliseconds};
use runtask_protocol::{AccessToken, ForeignUrl, origin};
use std::time::Duration;
use tracing::warn;
use url::Url;

/// The media type of JSON:API.
pub(crate) const JSON_API: &str = "application/vnd.api+json";

/// In how many seconds the rate limit lets the next request through, with a fraction.
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Bytes of an answer that are read. A page of a hundred workspaces is about a tenth of it.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The longest pause that an answer can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// An answer, whatever its status.
#[derive(Debug)]
pub struct ApiAnswer {
    /// With what status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// Refused before anything was sent.
    #[error("the API's URL was refused: {0}")]
    ForeignUrl(ForeignUrl),
    /// No answer, or a broken one.
    #[error("the connection to {origin} failed")]
    Transport {
        /// Who was called.
        origin: String,
        /// What went wrong, without the URL.
        #[source]
        source: reqwest::Error,
    },
    /// More than an API answers.
    #[error("{origin} answered with more than {ANSWER_BYTES} bytes")]
    TooLong {
        /// Who answered.
        origin: String,
    },
}

impl Client {
    /// Makes one call. Makes it again after a pause, as often as the settings' `download_backoff` says, when it was one too
    /// many (429), and when the server failed or could not be reached. A `POST` is made again after a 429 only: otherwise it
    /// may have been carried out.
    ///
    /// # Errors
    ///
    /// When there is no answer. An answer that says no is not an error.
    pub async fn call(
        &self,
        method: Method,
        url: &Url,
        token: &AccessToken,
        body: Option<&str>,
    ) -> Result<ApiAnswer, ApiError> {
        let url = self.settings.origins.admit(url.as_str()).map_err(ApiError::ForeignUrl)?;
        let from = origin(&url);
        let repeatable = method != Method::POST;
        let mut attempt = 1;
        loop {
            let mut request = self.http.request(method.clone(), url.clone());
            request = request.bearer_auth(token.expose()).header(ACCEPT, JSON_API);
            if let Some(body) = body {
                request = request.header(CONTENT_TYPE, JSON_API).body(body.to_owned());
            }
            let outcome = match request.send().await {
                Ok(response) => {
                    let wait = wait(&response);
                    read(response, &from).await.map(|answer| (answer, wait))
                }
                Err(error) => Err(ApiError::Transport { origin: from.clone(), source: without_url(error) }),
            };
            let (passing, wait) = match &outcome {
                Ok((answer, wait)) => (is_passing(answer.status, repeatable), *wait),
                Err(ApiError::Transport { .. }) => (repeatable, None),
                Err(_) => (false, None),
            };
            let pause = self.settings.download_backoff.pause(attempt).filter(|_| passing);
            let Some(pause) = pause else { return outcome.map(|(answer, _wait)| answer) };
            let pause = pause.max(wait.unwrap_or_default()).min(LONGEST_PAUSE);
            warn!(
                event = event::API_ASKED_AGAIN,
                attempt,
                pause_ms = milliseconds(pause),
                "{from} is to be asked again"
            );
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }
}

fn is_passing(status: StatusCode, repeatable: bool) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (repeatable && status.is_server_error())
}

/// How long the answer asks to wait.
fn wait(response: &Response) -> Option<Duration> {
    let headers = response.headers();
    let seconds = headers.get(RETRY_AFTER).or_else(|| headers.get(RATE_LIMIT_RESET))?;
    Duration::try_from_secs_f64(seconds.to_str().ok()?.parse().ok()?).ok()
}

async fn read(mut response: Response, from: &str) -> Result<ApiAnswer, ApiError> {
    let status = response.status();
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await;
        let chunk = chunk
            .map_err(|error| ApiError::Transport { origin: from.to_owned(), source: without_url(error) })?;
        let Some(chunk) = chunk else { return Ok(ApiAnswer { status, body }) };
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(ApiError::TooLong { origin: from.to_owned() });
        }
        body.extend_from_slice(&chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backoff, ClientSettings};
    use axum::Router;
    use runtask_protocol::AllowedOrigins;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A server that answers the first request so, and the others 200; a client for it.
    async fn first(status: u16) -> (Client, Url, Arc<AtomicUsize>) {
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        let app = Router::new().fallback(move || {
            let status = if count.fetch_add(1, Ordering::SeqCst) == 0 { status } else { 200 };
            async move { StatusCode::from_u16(status).unwrap() }
        });
        let (client, url) = serve(app).await;
        (client, url, requests)
    }

    async fn serve(app: Router) -> (Client, Url) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let origins: AllowedOrigins = url.as_str().parse().unwrap();
        let quick = Backoff { attempts: 3, first: Duration::from_millis(1), cap: Duration::from_millis(1) };
        let timeout = Duration::from_millis(500);
        let settings =
            ClientSettings { origins, timeout, download_backoff: quick, ..ClientSettings::default() };
        (Client::new(settings).unwrap(), url)
    }

    async fn call(client: &Client, method: Method, url: &Url) -> Result<u16, ApiError> {
        let answer = client.call(method, url, &AccessToken::new("token"), None).await;
        answer.map(|it| it.status.as_u16())
    }

    /// P-15: what may have been carried out is not asked for twice.
    #[tokio::test]
    async fn calls_are_repeated_where_that_is_safe() {
        for (method, status, answered, requests) in [
            (Method::GET, 503, 200, 2),
            (Method::PATCH, 500, 200, 2),
            (Method::POST, 503, 503, 1),
            (Method::POST, 429, 200, 2),
            (Method::GET, 404, 404, 1),
        ] {
            let (client, url, count) = first(status).await;
            assert_eq!(call(&client, method.clone(), &url).await.unwrap(), answered, "{method} {status}");
            assert_eq!(count.load(Ordering::SeqCst), requests, "{method} {status}");
        }
    }

    #[test]
    fn the_pause_is_what_the_answer_asks_for() {
        let asked = |headers: &[(&str, &str)]| {
            let response = axum::http::Response::builder().status(429);
            let response = headers.iter().fold(response, |it, (name, value)| it.header(*name, *value));
            wait(&response.body("").unwrap().into())
        };
        assert_eq!(asked(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(asked(&[("x-ratelimit-reset", "0.25")]), Some(Duration::from_millis(250)));
        assert_eq!(asked(&[("retry-after", "1"), ("x-ratelimit-reset", "9")]), Some(Duration::from_secs(1)));
        for unusable in ["-1", "soon", "NaN"] {
            assert_eq!(asked(&[("retry-after", unusable)]), None, "{unusable}");
        }
    }

    #[tokio::test]
    async fn a_silent_server_is_not_waited_for_for_ever() {
        let app = Router::new().fallback(std::future::pending::<&'static str>);
        let (client, url) = serve(app).await;
        let error = call(&client, Method::POST, &url).await.unwrap_err();
        assert!(matches!(error, ApiError::Transport { .. }), "{error}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_refused() {
        let app = Router::new().fallback(|| async { vec![b' '; ANSWER_BYTES + 1] });
        let (client, url) = serve(app).await;
        let error = call(&client, Method::GET, &url).await.unwrap_err();
        assert!(matches!(error, ApiError::TooLong { .. }), "{error}");
    }

    /// The token goes to the listed origin only.
    #[tokio::test]
    async fn a_foreign_origin_is_not_called() {
        let (client, _url, count) = first(200).await;
        let elsewhere = Url::parse("http://127.0.0.1:1/").unwrap();
        let error = call(&client, Method::GET, &elsewhere).await.unwrap_err();
        assert!(matches!(error, ApiError::ForeignUrl(_)), "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
}
