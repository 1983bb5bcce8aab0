//! Which job of which project it is.

use super::lenient::or_ignored;
use serde::Deserialize;

/// What GitLab says of the job. It is GitLab's own word, unlike variables, which users can override.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct JobInfo {
    /// The job's name.
    #[serde(default, deserialize_with = "or_ignored")]
    pub name: String,
    /// Its stage.
    #[serde(default, deserialize_with = "or_ignored")]
    pub stage: String,
    /// Its pipeline; 0 where GitLab does not say.
    #[serde(default, deserialize_with = "or_ignored")]
    pub pipeline_id: u64,
    /// Its project; 0 where GitLab does not say.
    #[serde(default, deserialize_with = "or_ignored")]
    pub project_id: u64,
    /// The project's name.
    #[serde(default, deserialize_with = "or_ignored")]
    pub project_name: String,
    /// The project's path with its groups, `infra/network`; empty for old servers.
    #[serde(default, deserialize_with = "or_ignored")]
    pub project_full_path: String,
}
