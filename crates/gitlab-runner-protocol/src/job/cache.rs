//! What a job wants restored before and kept after it.

use super::lenient::{or_default, or_ignored, without_nulls};
use super::step::When;
use serde::Deserialize;

/// One entry of `cache:`. GitLab gives no address: the runner brings its store.
#[derive(Debug, Clone, Deserialize)]
pub struct Cache {
    /// The key, not expanded; `-protected` or `-non_protected` is in it already. Empty means the job's name and ref.
    #[serde(default, deserialize_with = "or_default")]
    pub key: String,
    /// Whether files that git does not track are kept, too.
    #[serde(default, deserialize_with = "or_default")]
    pub untracked: bool,
    /// Patterns of what is kept, not expanded.
    #[serde(default, deserialize_with = "without_nulls")]
    pub paths: Vec<String>,
    /// Whether it is restored, kept, or both.
    #[serde(default, deserialize_with = "or_ignored")]
    pub policy: CachePolicy,
    /// After which end of the script it is kept.
    #[serde(default, deserialize_with = "or_ignored")]
    pub when: When,
    /// Keys that are tried in this order when there is nothing for `key`.
    #[serde(default, deserialize_with = "without_nulls")]
    pub fallback_keys: Vec<String>,
}

/// What is done with a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CachePolicy {
    /// Restored before, kept after.
    #[default]
    PullPush,
    /// Restored only.
    Pull,
    /// Kept only.
    Push,
}
