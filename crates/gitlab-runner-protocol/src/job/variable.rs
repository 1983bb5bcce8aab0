//! The variables of a job.

use super::lenient::{or_default, or_ignored};
use crate::secret::SecretText;
use serde::Deserialize;

/// One variable. They come in order, a name may come twice, and the last one wins.
#[derive(Debug, Clone, Deserialize)]
pub struct Variable {
    /// Its name.
    pub key: String,
    /// Its value, not expanded.
    #[serde(default)]
    pub value: SecretText,
    /// Whether GitLab takes it for public.
    #[serde(default, deserialize_with = "or_ignored")]
    pub public: bool,
    /// Whether its value must not appear in the log.
    #[serde(default, deserialize_with = "or_default")]
    pub masked: bool,
    /// Whether the job is given a file with the value in it, and the file's path.
    #[serde(default, deserialize_with = "or_default")]
    pub file: bool,
    /// Whether `$` means nothing in it.
    #[serde(default, deserialize_with = "or_default")]
    pub raw: bool,
}
