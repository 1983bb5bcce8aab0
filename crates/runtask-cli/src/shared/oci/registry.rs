//! Calls a registry: the one HTTP method that fetching takes, the flow of tokens, and redirects followed by hand.
//!
//! Sources: OCI Distribution Specification 1.1, "Authentication"; Docker, "Token authentication specification"; RFC 7235 for
//! challenges.

use super::credentials::Credentials;
use anyhow::{Context, anyhow, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
use runtask_client::{ClientSettings, service_client};
use runtask_findings::printable;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::collections::HashMap;
use url::Url;

/// Redirects that are followed in one chain; registries make one, to where their blobs are.
const REDIRECTS: usize = 5;
/// Bytes of an answer that holds a token.
const MAX_TOKEN_BYTES: u64 = 1 << 20;

/// A registry, and what it lets us in with.
#[derive(Debug)]
pub(super) struct Registry<'a> {
    http: Client,
    base: Url,
    repository: &'a str,
    credentials: Option<&'a Credentials>,
    /// For this registry alone.
    authorization: Option<HeaderValue>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl<'a> Registry<'a> {
    pub(super) fn new(
        registry: &str,
        repository: &'a str,
        client: &ClientSettings,
        credentials: Option<&'a Credentials>,
    ) -> anyhow::Result<Self> {
        let mut base = Url::parse(&format!("https://{registry}/")).context("the registry has no host")?;
        if is_loopback(&base) {
            base = Url::parse(&format!("http://{registry}/")).context("the registry has no host")?;
        }
        let proxied = !client.proxy_hosts.is_empty() && !is_loopback(&base);
        let http = service_client(client.timeout, client.ca_bundle.as_deref(), proxied)?;
        Ok(Self { http, base, repository, credentials, authorization: None })
    }

    /// The body of the answer to a `GET`, of at most so many bytes.
    pub(super) async fn get(&mut self, path: &str, accept: &str, max_bytes: u64) -> anyhow::Result<Vec<u8>> {
        let url = self.base.join(path).context("the registry has no such path")?;
        let mut response = self.send(&url, accept).await?;
        if response.status() == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            self.authorization = Some(self.authorize(&response).await?);
            response = self.send(&url, accept).await?;
        }
        let host = host(response.url());
        match response.status() {
            it if it.is_success() => body(response, max_bytes).await,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                bail!("{host} does not let us in: {}", self.advice())
            }
            StatusCode::NOT_FOUND => bail!("{host} has no such artifact, or does not show it to us"),
            other => bail!("{host} answered {}", other.as_u16()),
        }
    }

    fn advice(&self) -> &'static str {
        match self.credentials {
            Some(_) => "look at RUNTASK_OCI_USERNAME and RUNTASK_OCI_PASSWORD",
            None => "set RUNTASK_OCI_REGISTRY, RUNTASK_OCI_USERNAME and RUNTASK_OCI_PASSWORD",
        }
    }

    /// Sends a request, and follows where it is sent on to.
    async fn send(&self, start: &Url, accept: &str) -> anyhow::Result<Response> {
        let mut url = start.clone();
        let mut authorization = self.authorization.as_ref();
        for _ in 0..=REDIRECTS {
            let mut request = self.http.get(url.clone()).header(ACCEPT, accept);
            if let Some(authorization) = authorization {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            let response = request.send().await.map_err(reqwest::Error::without_url);
            let response = response.with_context(|| format!("{} did not answer", host(&url)))?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let target = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
            let target = target.and_then(|it| url.join(it).ok());
            let target =
                target.with_context(|| format!("{} sends us on without saying where to", host(&url)))?;
            self.admit(&target)?;
            // Once dropped, it does not come back, whatever the next redirect says.
            authorization = authorization.filter(|_| target.origin() == url.origin());
            url = target;
        }
        bail!("{} sends us on more than {REDIRECTS} times", host(start))
    }

    /// Refuses what is neither encrypted nor, for a registry on this machine, on this machine.
    fn admit(&self, url: &Url) -> anyhow::Result<()> {
        let is_local = url.scheme() == "http" && is_loopback(&self.base) && is_loopback(url);
        ensure!(
            url.scheme() == "https" || is_local,
            "{} sends us to {}, which is not https",
            host(&self.base),
            host(url)
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "{} sends us to a URL with a user name",
            host(&self.base)
        );
        Ok(())
    }

    /// What the registry wants to see, as its challenge says.
    async fn authorize(&self, refusal: &Response) -> anyhow::Result<HeaderValue> {
        let challenge = refusal.headers().get(WWW_AUTHENTICATE).and_then(|it| it.to_str().ok());
        let (scheme, parameters) = challenge.and_then(|it| it.split_once(' ')).unwrap_or(("", ""));
        if scheme.eq_ignore_ascii_case("basic") {
            let basic = self
                .basic()
                .with_context(|| format!("{} does not let us in: {}", host(&self.base), self.advice()))?;
            return Ok(basic);
        }
        ensure!(scheme.eq_ignore_ascii_case("bearer"), "{} does not say how to be let in", host(&self.base));
        let parameters = parameters_of(parameters);
        let realm = parameters.get("realm").and_then(|it| Url::parse(it).ok());
        let mut realm =
            realm.with_context(|| format!("{} does not say where tokens are", host(&self.base)))?;
        self.admit(&realm)?;
        if let Some(service) = parameters.get("service") {
            realm.query_pairs_mut().append_pair("service", service);
        }
        realm.query_pairs_mut().append_pair("scope", &format!("repository:{}:pull", self.repository));
        let mut request = self.http.get(realm.clone());
        if let Some(basic) = self.basic() {
            request = request.header(AUTHORIZATION, basic);
        }
        let response = request.send().await.map_err(reqwest::Error::without_url);
        let response = response.with_context(|| format!("{} did not answer", host(&realm)))?;
        ensure!(
            response.status().is_success(),
            "{} answered {} and gave no token: {}",
            host(&realm),
            response.status().as_u16(),
            self.advice()
        );
        let body = body(response, MAX_TOKEN_BYTES).await?;
        let Token { token, access_token } = serde_json::from_slice(&body)
            .map_err(|_it_may_quote| anyhow!("{} gave no token that can be read", host(&realm)))?;
        let token = token.or(access_token).with_context(|| format!("{} gave no token", host(&realm)))?;
        secret(&format!("Bearer {token}"))
    }

    fn basic(&self) -> Option<HeaderValue> {
        let Credentials { username, password, .. } = self.credentials?;
        let pair = format!("{username}:{}", password.expose_secret());
        secret(&format!("Basic {}", BASE64_STANDARD.encode(pair))).ok()
    }
}

/// A header that no log shows.
fn secret(text: &str) -> anyhow::Result<HeaderValue> {
    let mut value =
        HeaderValue::try_from(text).map_err(|_it_may_quote| anyhow!("the token cannot be one"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The whole body.
async fn body(mut response: Response, max_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let host = host(response.url());
    let mut bytes = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(reqwest::Error::without_url);
        let Some(chunk) = chunk.with_context(|| format!("the connection to {host} broke"))? else {
            return Ok(bytes);
        };
        ensure!(
            bytes.len() as u64 + chunk.len() as u64 <= max_bytes,
            "{host} gave more than the {max_bytes} bytes that were to come"
        );
        bytes.extend_from_slice(&chunk);
    }
}

/// The parameters of a challenge: `name="value"`, separated by commas.
fn parameters_of(text: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let name = name.trim_matches(|it: char| it == ',' || it.is_whitespace()).to_ascii_lowercase();
        parameters.insert(name, value.trim().to_owned());
        rest = after;
    }
    parameters
}

/// The host and port of a URL, which is all that is shown of it: the rest may be signed.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    printable(&url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

fn is_loopback(url: &Url) -> bool {
    runtask_sources::is_loopback(url.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let read =
            parameters_of("realm=\"https://a/token?x=1,2\", service=registry.io,scope=\"repository:a:pull\"");
        let get = |name: &str| read.get(name).map(String::as_str);
        assert_eq!(get("realm"), Some("https://a/token?x=1,2"));
        assert_eq!(get("service"), Some("registry.io"));
        assert_eq!(get("scope"), Some("repository:a:pull"));
        assert!(parameters_of("").is_empty() && parameters_of("realm").is_empty());
    }
}
