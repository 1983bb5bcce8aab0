//! Holds what people are shown before they answer: the run, its plan, what policies said. No values of a plan.

use crate::text::fitted;
use serde::{Deserialize, Serialize};

/// Addresses that are kept of what a plan destroys. The counts count all of it.
pub const MAX_DESTROYS: usize = 200;

/// Bytes that those addresses may take together.
const DESTROYS_BYTES: usize = 16 * 1024;

/// Policies that are kept, and bytes that they may take together. Those that failed come first.
const MAX_POLICIES: usize = 100;
const POLICIES_BYTES: usize = 16 * 1024;

/// Bytes of a name, of a message, of a URL.
const NAME_BYTES: usize = 256;
const MESSAGE_BYTES: usize = 1024;
const URL_BYTES: usize = 1024;

/// The run that waits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// The organization's name.
    pub organization: String,
    /// The workspace's name.
    pub workspace: String,
    /// `run-…`
    pub run_id: String,
    /// The stage, as HCP Terraform calls it.
    pub stage: String,
    /// Whether the run only plans.
    pub speculative: bool,
    /// Whether the run goes on whatever is decided: the run task is advisory.
    pub advisory: bool,
    /// The user of HCP Terraform who started the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// What that user wrote, or the commit's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The run's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_url: Option<String>,
    /// The commit's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_url: Option<String>,
    /// The pull request's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<String>,
}

impl RunFacts {
    /// The same within the bounds of a record. A link that is not plain https to a host is left out.
    pub(crate) fn bounded(self) -> Self {
        let name = |it: String| fitted(&it, NAME_BYTES);
        Self {
            organization: name(self.organization),
            workspace: name(self.workspace),
            run_id: name(self.run_id),
            stage: name(self.stage),
            speculative: self.speculative,
            advisory: self.advisory,
            created_by: self.created_by.map(name).filter(|it| !it.is_empty()),
            message: self.message.map(|it| fitted(&it, MESSAGE_BYTES)).filter(|it| !it.is_empty()),
            run_url: self.run_url.and_then(link),
            commit_url: self.commit_url.and_then(link),
            pull_request_url: self.pull_request_url.and_then(link),
        }
    }
}

/// A link that may be shown to people: others wrote it.
fn link(text: String) -> Option<String> {
    let url = url::Url::parse(&text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let fits = url.as_str().len() <= URL_BYTES;
    (url.scheme() == "https" && url.host().is_some() && plain && fits).then(|| url.into())
}

/// What a plan would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanFacts {
    /// How many resources it would create.
    pub add: u64,
    /// How many it would change.
    pub change: u64,
    /// How many it would destroy, replaced ones among them.
    pub destroy: u64,
    /// Addresses of those that it would destroy or replace, as many as there is room for.
    pub destroys: Vec<String>,
}

impl PlanFacts {
    /// The same within the bounds of a record.
    pub(crate) fn bounded(self) -> Self {
        let destroys = self.destroys.iter().take(MAX_DESTROYS).map(|it| fitted(it, NAME_BYTES));
        Self { destroys: as_many_as_fit(destroys, DESTROYS_BYTES, String::len), ..self }
    }
}

/// What a policy said of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its code.
    pub id: String,
    /// Whether it has nothing against the run.
    pub passed: bool,
    /// Whether an approval makes up for its failure.
    #[serde(default)]
    pub overridable: bool,
    /// What it says, in a line.
    #[serde(default)]
    pub text: String,
}

/// Policies within the bounds of a record, those that failed first.
pub(crate) fn bounded_policies(mut policies: Vec<Policy>) -> Vec<Policy> {
    policies.sort_by_key(|it| it.passed);
    let policies = policies.into_iter().take(MAX_POLICIES).map(|it| Policy {
        id: fitted(&it.id, NAME_BYTES),
        text: fitted(&it.text, MESSAGE_BYTES),
        ..it
    });
    as_many_as_fit(policies, POLICIES_BYTES, |it| it.id.len() + it.text.len())
}

fn as_many_as_fit<T>(items: impl Iterator<Item = T>, bytes: usize, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut left = bytes;
    items
        .map_while(|it| {
            left = left.checked_sub(size(&it))?;
            Some(it)
        })
        .collect()
}
