//! Plays somebody in front of a browser without script, who follows a link, signs in at the stand-in provider, and hands in
//! a form of the page that they come to.

use crate::delivery::client_builder;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Client;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use url::form_urlencoded::Serializer;
use url::{Position, Url};

/// Redirects that are followed, one after the other.
const REDIRECTS: usize = 10;

/// How long a server may take.
const TIME: Duration = Duration::from_secs(30);

/// Somebody with a browser: it keeps cookies.
#[derive(Debug)]
pub struct Visitor {
    http: Client,
    /// By origin, each by its name.
    cookies: BTreeMap<(String, String), String>,
    /// Where servers are reached whose names nobody resolves, by origin.
    servers: BTreeMap<String, Url>,
}

/// A page, as it was answered.
#[derive(Clone)]
pub struct Page {
    /// Where it is.
    pub url: Url,
    /// With what status.
    pub status: StatusCode,
    /// HTML, or text.
    pub text: String,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}\n{}", self.status, self.url.path(), self.text)
    }
}

/// What somebody wants of an approval.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// The account to sign in with, or the name to write where nobody signs in.
    pub account: &'a str,
    /// The button: `approve`, `reject`, `withdraw`, `break-glass`.
    pub decision: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The workspace's name, to be typed where it is asked for.
    pub workspace: &'a str,
}

impl Visitor {
    /// A browser with no cookies.
    ///
    /// # Errors
    ///
    /// When there can be no HTTP client.
    pub fn new() -> Result<Self, String> {
        let builder = client_builder().map_err(|error| error.to_string())?;
        let http = builder.timeout(TIME).no_proxy().build().map_err(|error| error.to_string())?;
        Ok(Self { http, cookies: BTreeMap::new(), servers: BTreeMap::new() })
    }

    /// From now on, whatever has the origin `origin` is asked of the server at `at`, under its own name.
    pub fn reaches(&mut self, origin: &Url, at: Url) {
        self.servers.insert(origin.origin().ascii_serialization(), at);
    }

    /// Goes to `url`, and on to wherever that leads.
    ///
    /// # Errors
    ///
    /// When nobody answers, or redirects lead nowhere.
    pub async fn open(&mut self, url: &Url) -> Result<Page, String> {
        self.go(Method::GET, url.clone(), None).await
    }

    /// Goes to `url` and signs in with `account` where one has to; the page that is there.
    ///
    /// # Errors
    ///
    /// As [`Visitor::open`].
    pub async fn sign_in(&mut self, url: &Url, account: &str) -> Result<Page, String> {
        let page = self.open(url).await?;
        if page.url.path() != "/authorize" {
            return Ok(page);
        }
        let form = Serializer::new(String::new()).append_pair("account", account).finish();
        self.go(Method::POST, page.url, Some(form)).await
    }

    /// Goes to the page of an approval, signs in where one has to, and hands in the form that is wished for; the page that
    /// follows.
    ///
    /// # Errors
    ///
    /// As [`Visitor::open`], or when the page offers no such thing: then with the page's text.
    pub async fn answer(&mut self, url: &Url, wish: Wish<'_>) -> Result<Page, String> {
        let page = self.sign_in(url, wish.account).await?;
        self.hand_in(&page, wish).await
    }

    /// Hands in the form of a page.
    ///
    /// # Errors
    ///
    /// As [`Visitor::answer`].
    pub async fn hand_in(&mut self, page: &Page, wish: Wish<'_>) -> Result<Page, String> {
        let offer = format!("name=\"decision\" value=\"{}\"", wish.decision);
        let form = page.text.split("<form").find(|it| it.contains(&offer));
        let Some(form) = form else { return Err(format!("there is no form to {}: {page:?}", wish.decision)) };
        let mark = form.split("name=\"csrf\" value=\"").nth(1).and_then(|it| it.split('"').next());
        let mut fields =
            vec![("csrf", mark.unwrap_or_default()), ("decision", wish.decision), ("reason", wish.reason)];
        for (name, value) in [("confirm", wish.workspace), ("name", wish.account)] {
            if form.contains(&format!("name=\"{name}\"")) {
                fields.push((name, value));
            }
        }
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        self.go(Method::POST, page.url.clone(), Some(body)).await
    }

    async fn go(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut form: Option<String>,
    ) -> Result<Page, String> {
        for _ in 0..REDIRECTS {
            let origin = url.origin().ascii_serialization();
            let server = self.servers.get(&origin);
            let mut at = url.clone();
            if let Some(server) = server {
                at = server.join(&url[Position::BeforePath..]).map_err(|error| error.to_string())?;
            }
            let mut request = self.http.request(method, at).header("sec-fetch-site", "same-origin");
            if let (Some(_), Some(host)) = (server, url.host_str()) {
                request = request.header(header::HOST, host);
            }
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .filter(|it| it.0.0 == origin)
                .map(|it| format!("{}={}", it.0.1, it.1))
                .collect();
            if !cookies.is_empty() {
                request = request.header(header::COOKIE, cookies.join("; "));
            }
            if let Some(form) = form.take() {
                request =
                    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
            }
            let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
            self.take(&origin, answer.headers());
            let status = answer.status();
            let location = answer.headers().get(header::LOCATION).and_then(|it| it.to_str().ok());
            match location.filter(|_| status.is_redirection()) {
                Some(location) => url = url.join(location).map_err(|error| error.to_string())?,
                None => {
                    let text = answer.text().await.map_err(|error| error.without_url().to_string())?;
                    return Ok(Page { url, status, text });
                }
            }
            method = Method::GET;
        }
        Err("redirects lead nowhere".to_owned())
    }

    fn take(&mut self, origin: &str, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap_or_default();
            let Some((name, value)) = cookie.split(';').next().and_then(|it| it.split_once('=')) else {
                continue;
            };
            let key = (origin.to_owned(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}
