//! What is checked out for a job.

use super::lenient::{or_default, or_ignored, without_nulls};
use crate::secret::SecretText;
use serde::Deserialize;

/// The repository and the commit.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GitInfo {
    /// The address, with `gitlab-ci-token:TOKEN@` in it.
    #[serde(default)]
    pub repo_url: SecretText,
    /// A branch or tag, or `refs/merge-requests/N/head`; no refspec can be made of it.
    #[serde(rename = "ref", default, deserialize_with = "or_default")]
    pub reference: String,
    /// What kind of ref that is; `branch` for a merge request, too.
    #[serde(default, deserialize_with = "or_ignored")]
    pub ref_type: RefType,
    /// The commit.
    #[serde(default, deserialize_with = "or_default")]
    pub sha: String,
    /// What is fetched, verbatim. Empty for old servers: then `reference` by its `ref_type`.
    #[serde(default, deserialize_with = "without_nulls")]
    pub refspecs: Vec<String>,
    /// Commits that are fetched of each ref; 0 for all.
    #[serde(default, deserialize_with = "or_ignored")]
    pub depth: u32,
    /// `sha1` or `sha256`; empty where GitLab does not say.
    #[serde(default, deserialize_with = "or_ignored")]
    pub repo_object_format: String,
    /// Whether the ref is protected; GitLab 18.3 and newer say so.
    #[serde(default, deserialize_with = "or_ignored")]
    pub protected: Option<bool>,
}

/// What kind of ref a job is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefType {
    /// A branch or a merge request.
    #[default]
    Branch,
    /// A tag.
    Tag,
}
