//! Finds where to comment, and with which token, from what GitHub Actions and GitLab CI say to jobs.

use anyhow::{Context, anyhow, bail, ensure};
use runtask_findings::printable;
use secrecy::SecretString;
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::Read;
use url::{Host, Url};

/// The largest event that is read: GitHub's are a few hundred kilobytes.
const MAX_EVENT_BYTES: u64 = 32 << 20;

/// Who keeps the comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    GitHub,
    GitLab,
}

/// A pull request or merge request, and what it takes to comment in it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) keeper: Keeper,
    /// Where the API begins.
    pub(super) api: Url,
    /// Of GitHub `OWNER/NAME`, of GitLab the project's id.
    pub(super) project: String,
    pub(super) number: u64,
    pub(super) token: SecretString,
}

impl Place {
    /// By what the environment says, or `number` where it is given.
    ///
    /// # Errors
    ///
    /// Says which variable is missing or wrong; never what it holds.
    pub(super) fn find(lookup: &dyn Fn(&str) -> Option<String>, number: Option<u64>) -> anyhow::Result<Self> {
        let named = |name: &str| lookup(name).filter(|it| !it.is_empty());
        let needed =
            |name: &str, what: &str| named(name).with_context(|| format!("{name} is not set: {what}"));
        match (named("GITHUB_REPOSITORY"), named("CI_PROJECT_ID")) {
            (Some(project), None) => {
                let token = needed("GITHUB_TOKEN", "a token that may write in pull requests")?;
                let api = named("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
                let parts: Vec<&str> = project.split('/').collect();
                ensure!(
                    parts.len() == 2 && parts.iter().all(|it| is_plain(it)),
                    "GITHUB_REPOSITORY is no OWNER/NAME"
                );
                let number = number.map_or_else(|| of_event(named("GITHUB_EVENT_PATH")), Ok)?;
                Ok(Self {
                    keeper: Keeper::GitHub,
                    api: api_url("GITHUB_API_URL", &api)?,
                    project,
                    number,
                    token: token.into(),
                })
            }
            (None, Some(project)) => {
                let token = needed("GITLAB_TOKEN", "a project access token with the scope api")?;
                let api =
                    needed("CI_API_V4_URL", "where GitLab's API is, https://gitlab.example.com/api/v4")?;
                ensure!(project.bytes().all(|it| it.is_ascii_digit()), "CI_PROJECT_ID is no number");
                let of_job = || {
                    let text = needed(
                        "CI_MERGE_REQUEST_IID",
                        "this is no pipeline for a merge request; give --number",
                    )?;
                    text.parse().map_err(|_number| anyhow!("CI_MERGE_REQUEST_IID is no number"))
                };
                let number = number.map_or_else(of_job, Ok)?;
                Ok(Self {
                    keeper: Keeper::GitLab,
                    api: api_url("CI_API_V4_URL", &api)?,
                    project,
                    number,
                    token: token.into(),
                })
            }
            (Some(_), Some(_)) => bail!("both GITHUB_REPOSITORY and CI_PROJECT_ID are set: take one out"),
            (None, None) => bail!(
                "neither GITHUB_REPOSITORY nor CI_PROJECT_ID is set: run this in GitHub Actions or GitLab CI, or set \
                 what --help names"
            ),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, number, .. } = self;
        match self.keeper {
            Keeper::GitHub => write!(f, "pull request {number} of {}", printable(project)),
            Keeper::GitLab => write!(f, "merge request {number} of project {project}"),
        }
    }
}

fn is_plain(part: &str) -> bool {
    let proper = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    !part.is_empty() && !part.starts_with('.') && part.chars().all(proper)
}

/// An address that a token may be sent to: nobody reads it on the way.
fn api_url(name: &str, text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
    });
    url.with_context(|| format!("{name} is no address: write `https://…` (http:// only on this machine)"))
}

/// The number of the pull request that a job of GitHub Actions is about.
fn of_event(path: Option<String>) -> anyhow::Result<u64> {
    let path = path.context("GITHUB_EVENT_PATH is not set: give --number")?;
    let unreadable = "the event of GITHUB_EVENT_PATH cannot be read";
    let mut text = Vec::new();
    File::open(path).context(unreadable)?.take(MAX_EVENT_BYTES).read_to_end(&mut text).context(unreadable)?;
    let event: Value = serde_json::from_slice(&text).context(unreadable)?;
    let of = |key: &str| event.pointer(key)?.as_u64();
    of("/pull_request/number")
        .or_else(|| of("/issue/number"))
        .context("this job is not about a pull request: run it on `pull_request`, or give --number")
}
