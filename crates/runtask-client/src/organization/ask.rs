//! Asks the API: one question, or all pages of a list.

use super::answer::at;
use super::refusal::{Asked, Refusal};
use crate::{ApiError, Client, Method, StatusCode};
use runtask_protocol::AccessToken;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

/// Entries of one page; the most that HCP Terraform gives.
const PAGE_SIZE: &str = "100";
/// Pages that are read of one list. More would be a server that goes round in circles.
const PAGES: u64 = 1000;

/// An organization, and who asks.
#[derive(Debug)]
pub struct Organization {
    client: Client,
    address: Url,
    token: AccessToken,
    pub(super) name: String,
}

/// Why HCP Terraform's API did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// It said no: other rights, another name or another plan may help.
    #[error(transparent)]
    Refused(Refusal),
    /// It could not be reached, or its answer broke off.
    #[error("{address} could not be asked")]
    Unanswered {
        /// Scheme, host and port.
        address: String,
        /// Why there is no answer.
        #[source]
        source: ApiError,
    },
    /// It took the question, and its answer cannot be read: the address may be somebody else's.
    #[error("{address} answered {status} with something that is not JSON")]
    NotJson {
        /// Scheme, host and port.
        address: String,
        /// With what status.
        status: StatusCode,
        /// What is wrong with the answer.
        #[source]
        source: serde_json::Error,
    },
    /// A list did not end.
    #[error("{host} lists more than {PAGES} pages")]
    Endless {
        /// Who was asked.
        host: String,
    },
}

impl AskError {
    pub(super) fn is_not_found(&self) -> bool {
        self.is_refused_with(&[StatusCode::NOT_FOUND])
    }

    pub(super) fn is_refused_with(&self, statuses: &[StatusCode]) -> bool {
        matches!(self, Self::Refused(refusal) if statuses.contains(&refusal.status))
    }
}

impl Organization {
    /// The organization called `name` at `address`, which is scheme, host and port; `token` is a person's or a team's.
    #[must_use]
    pub const fn new(client: Client, address: Url, token: AccessToken, name: String) -> Self {
        Self { client, address, token, name }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn host(&self) -> &str {
        self.address.host_str().unwrap_or("HCP Terraform")
    }

    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(["api", "v2"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Reads all pages of a list.
    pub(super) async fn pages(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        asked: &Asked,
    ) -> Result<Vec<Value>, AskError> {
        let mut pages = Vec::new();
        for number in 1..=PAGES {
            let number_text = number.to_string();
            let page = [("page[number]", number_text.as_str()), ("page[size]", PAGE_SIZE)];
            let url = self.url(path, &[query, &page].concat());
            let answer = self.ask(Method::GET, &url, None, asked).await?;
            let next = at(&answer, &["meta", "pagination", "next-page"]).and_then(Value::as_u64);
            pages.push(answer);
            if next.is_none_or(|it| it <= number) {
                return Ok(pages);
            }
        }
        Err(AskError::Endless { host: self.host().to_owned() })
    }

    /// Asks one question. An empty answer is `null`.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        body: Option<&SecretString>,
        asked: &Asked,
    ) -> Result<Value, AskError> {
        let address = || self.address.as_str().trim_end_matches('/').to_owned();
        let body = body.map(ExposeSecret::expose_secret);
        let answer = self.client.call(method, url, &self.token, body).await;
        let answer = answer.map_err(|source| AskError::Unanswered { address: address(), source })?;
        let status = answer.status;
        if !status.is_success() {
            let refusal = Refusal::new(asked.clone(), &self.name, self.host(), status, &answer.body);
            return Err(AskError::Refused(refusal));
        }
        if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|source| AskError::NotJson {
            address: address(),
            status,
            source,
        })
    }
}
