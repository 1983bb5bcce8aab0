//! Whose artifacts a job wants, and logins that come with it.

use super::lenient::{or_default, or_ignored};
use crate::secret::{JobToken, SecretText};
use serde::Deserialize;

/// An earlier job of the pipeline. GitLab has resolved `needs:` and `dependencies:` already.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// The other job.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The token to download with; newer versions of GitLab put the running job's own here.
    #[serde(default)]
    pub token: JobToken,
    /// What there is to download; `None` where there is nothing.
    #[serde(default)]
    pub artifacts_file: Option<ArtifactsFile>,
}

/// An archive that another job has uploaded.
#[derive(Debug, Clone, Deserialize)]
pub struct ArtifactsFile {
    /// Its name, for the log.
    #[serde(default, deserialize_with = "or_default")]
    pub filename: String,
    /// Its size in bytes, where GitLab says it.
    #[serde(default, deserialize_with = "or_ignored")]
    pub size: Option<u64>,
}

/// A login for a registry. This runner has no use for it, and masks the password.
#[derive(Debug, Clone, Deserialize)]
pub struct Credential {
    /// `registry`, …
    #[serde(rename = "type", default, deserialize_with = "or_ignored")]
    pub kind: String,
    /// The registry's host.
    #[serde(default, deserialize_with = "or_ignored")]
    pub url: String,
    /// The password.
    #[serde(default)]
    pub password: SecretText,
}
