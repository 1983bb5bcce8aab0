//! What a job runs.

use super::lenient::{or_default, or_ignored, without_nulls};
use serde::Deserialize;

/// One script: `script`, `after_script`, `release` or another name.
#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    /// Which it is.
    pub name: String,
    /// Its entries, one for each line of YAML; an entry may have several lines. `before_script` is in `script` already.
    #[serde(default, deserialize_with = "without_nulls")]
    pub script: Vec<String>,
    /// After which end of the steps before it.
    #[serde(default, deserialize_with = "or_ignored")]
    pub when: When,
    /// Whether its failure is ignored.
    #[serde(default, deserialize_with = "or_default")]
    pub allow_failure: bool,
}

/// A script around the checkout: `pre_get_sources_script` or `post_get_sources_script`.
#[derive(Debug, Clone, Deserialize)]
pub struct Hook {
    /// Which it is.
    pub name: String,
    /// Its entries.
    #[serde(default, deserialize_with = "without_nulls")]
    pub script: Vec<String>,
}

/// After which end of a script something is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// After success; what GitLab means where it says nothing.
    #[default]
    OnSuccess,
    /// After a failure.
    OnFailure,
    /// After either.
    Always,
}

impl When {
    /// Whether it is done after a script that succeeded, or did not.
    #[must_use]
    pub fn fits(self, succeeded: bool) -> bool {
        match self {
            Self::OnSuccess => succeeded,
            Self::OnFailure => !succeeded,
            Self::Always => true,
        }
    }
}
