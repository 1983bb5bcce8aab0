//! The calls to GitHub and GitLab: who we are, which comments there are, and one written, written over, taken away.
//!
//! Sources: GitHub, "REST API endpoints for issue comments"; GitLab, "Notes API". No call is made twice by itself: whoever
//! runs the command again finds what is there.

use super::place::{Keeper, Place};
use anyhow::{Context, anyhow, bail};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode};
use runtask_client::{ClientSettings, service_client};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

/// How many comments one answer holds at most, and how many answers are asked for.
const PAGE: usize = 100;
const MAX_PAGES: usize = 100;
/// The longest answer that is read: a hundred comments of the greatest length, and what surrounds them.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// GitHub or GitLab, with the place to comment in.
#[derive(Debug)]
pub(super) struct Forge {
    place: Place,
    http: Client,
    headers: HeaderMap,
}

/// Whose comments are ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Those of this user.
    User(u64),
    /// Those of an app on GitHub, which does not say whose the token of a job or of an app is. No person is one, so nobody
    /// who may only comment can have written what we take for ours.
    App,
}

impl Forge {
    pub(super) fn new(place: Place, settings: &ClientSettings) -> anyhow::Result<Self> {
        let proxied = !settings.proxy_hosts.is_empty();
        let http = service_client(settings.timeout, settings.ca_bundle.as_deref(), proxied)?;
        let token = place.token.expose_secret();
        let (name, value) = match place.keeper {
            Keeper::GitHub => (AUTHORIZATION, format!("Bearer {token}")),
            Keeper::GitLab => (HeaderName::from_static("private-token"), token.to_owned()),
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_token| anyhow!("the token cannot be one: no token has such characters"))?;
        value.set_sensitive(true);
        let mut headers = HeaderMap::from_iter([(name, value)]);
        if place.keeper == Keeper::GitHub {
            headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
            headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
        }
        Ok(Self { place, http, headers })
    }

    /// Whose comments are ours: those of whoever the token is of.
    pub(super) async fn author(&self) -> anyhow::Result<Author> {
        let answer = self.send(Method::GET, self.url(&["user"]), None).await?;
        if self.place.keeper == Keeper::GitHub && answer.status() == StatusCode::FORBIDDEN {
            return Ok(Author::App);
        }
        let user = body(answer, "the token's owner could not be asked for").await?;
        id(&user).map(Author::User).context("the answer does not say whose the token is")
    }

    /// The oldest comment of ours that begins with `mark`.
    pub(super) async fn first(&self, author: &Author, mark: &str) -> anyhow::Result<Option<u64>> {
        let whose = match self.place.keeper {
            Keeper::GitHub => "user",
            Keeper::GitLab => "author",
        };
        let mut found: Option<u64> = None;
        for page in 1..=MAX_PAGES {
            let mut url = self.comments();
            url.query_pairs_mut()
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let answer = self.send(Method::GET, url, None).await?;
            let answer = body(answer, "the comments could not be read").await?;
            let comments = answer.as_array().context("the answer is no list of comments")?;
            for comment in comments {
                let user = comment.get(whose).unwrap_or(&Value::Null);
                let is_ours = match author {
                    Author::User(owner) => id(user) == Some(*owner),
                    Author::App => user.get("type").and_then(Value::as_str) == Some("Bot"),
                };
                let body = comment.get("body").and_then(Value::as_str);
                let is_it = body.is_some_and(|it| it.starts_with(mark));
                if let (true, true, Some(id)) = (is_ours, is_it, id(comment)) {
                    found = Some(found.map_or(id, |it| it.min(id)));
                }
            }
            if comments.len() < PAGE {
                return Ok(found);
            }
        }
        bail!("there are more than {} comments", PAGE * MAX_PAGES)
    }

    /// Writes a comment; its id.
    pub(super) async fn create(&self, text: &str) -> anyhow::Result<u64> {
        let answer = self.send(Method::POST, self.comments(), Some(text)).await?;
        let comment = body(answer, "the comment could not be written").await?;
        id(&comment).context("the answer does not say which comment was written")
    }

    /// Writes over a comment.
    pub(super) async fn update(&self, id: u64, text: &str) -> anyhow::Result<()> {
        let method = match self.place.keeper {
            Keeper::GitHub => Method::PATCH,
            Keeper::GitLab => Method::PUT,
        };
        let answer = self.send(method, self.comment(id), Some(text)).await?;
        body(answer, "the comment could not be written over").await.map(drop)
    }

    /// Takes a comment away.
    pub(super) async fn delete(&self, id: u64) -> anyhow::Result<()> {
        let answer = self.send(Method::DELETE, self.comment(id), None).await?;
        refused(&answer, "a second comment could not be taken away")
    }

    /// Where the comments of the pull request are.
    fn comments(&self) -> Url {
        let number = self.place.number.to_string();
        match (self.place.keeper, self.place.project.split_once('/')) {
            (Keeper::GitHub, Some((owner, name))) => {
                self.url(&["repos", owner, name, "issues", &number, "comments"])
            }
            _ => self.url(&["projects", &self.place.project, "merge_requests", &number, "notes"]),
        }
    }

    fn comment(&self, id: u64) -> Url {
        let id = id.to_string();
        match (self.place.keeper, self.place.project.split_once('/')) {
            (Keeper::GitHub, Some((owner, name))) => {
                self.url(&["repos", owner, name, "issues", "comments", &id])
            }
            _ => {
                let mut url = self.comments();
                if let Ok(mut path) = url.path_segments_mut() {
                    path.push(&id);
                }
                url
            }
        }
    }

    fn url(&self, parts: &[&str]) -> Url {
        let mut url = self.place.api.clone();
        url.set_query(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    async fn send(&self, method: Method, url: Url, text: Option<&str>) -> anyhow::Result<Response> {
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Some(text) = text {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(json!({ "body": text }).to_string());
        }
        let host = self.place.api.host_str().unwrap_or_default().to_owned();
        request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("{host} did not answer"))
    }
}

fn id(json: &Value) -> Option<u64> {
    json.get("id")?.as_u64()
}

/// What an answer holds, if it is one that says yes.
async fn body(mut answer: Response, what: &'static str) -> anyhow::Result<Value> {
    refused(&answer, what)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url).context(what)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            bail!("{what}: the answer is longer than {MAX_ANSWER_BYTES} bytes");
        }
        bytes.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{what}: the answer is no JSON"))
}

fn refused(answer: &Response, what: &'static str) -> anyhow::Result<()> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let advice = match status {
        StatusCode::UNAUTHORIZED => ": the token is not valid (any more)",
        StatusCode::FORBIDDEN => ": the token may not do this (--help says what it needs), or asks too often",
        StatusCode::NOT_FOUND => ": there is no such pull request, or the token may not see it",
        _ => "",
    };
    bail!("{what}: the answer is {}{advice}", status.as_u16())
}
