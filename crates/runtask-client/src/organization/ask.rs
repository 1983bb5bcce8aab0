//! Asks the API: one question, or all pages of a list.

use super::answer::at;
use super::refusal::{Asked, Refused};
use crate::{Client, Method};
use anyhow::Context;
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
pub struct HcpTerraform {
    pub client: Client,
    /// Scheme, host and port.
    pub address: Url,
    pub token: AccessToken,
    pub organization: String,
}

impl HcpTerraform {
    pub(super) fn host(&self) -> &str {
        self.address.host_str().unwrap_or("HCP Terraform")
    }

    /// All pages of a list.
    pub(super) async fn pages(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        asked: Asked<'_>,
    ) -> anyhow::Result<Vec<Value>> {
        let mut pages = Vec::new();
        for number in 1..=PAGES {
            let number_text = number.to_string();
            let page = [("page[number]", number_text.as_str()), ("page[size]", PAGE_SIZE)];
            let url = self.url(path, &[query, &page].concat());
            let answer = self.call(Method::GET, &url, None, asked).await?;
            let next = at(&answer, &["meta", "pagination", "next-page"]).and_then(Value::as_u64);
            pages.push(answer);
            if next.is_none_or(|it| it <= number) {
                return Ok(pages);
            }
        }
        anyhow::bail!("{} lists more than {PAGES} pages", self.host())
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

    pub(super) async fn call(
        &self,
        method: Method,
        url: &Url,
        body: Option<&SecretString>,
        asked: Asked<'_>,
    ) -> anyhow::Result<Value> {
        let body = body.map(ExposeSecret::expose_secret);
        let answer = self.client.call(method, url, &self.token, body).await;
        let answer = answer
            .with_context(|| format!("{} could not be asked", self.address.as_str().trim_end_matches('/')))?;
        if !answer.status.is_success() {
            return Err(
                Refused::new(self.host(), &self.organization, asked, answer.status, &answer.body).into()
            );
        }
        if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| {
            format!("{} answered {} with something that is not JSON", self.address, answer.status)
        })
    }
}
