//! What GitLab can do with what a runner sends for a job.

use super::lenient::{or_default, or_ignored, without_nulls};
use serde::Deserialize;

/// The features of the instance, for one job.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct JobFeatures {
    /// Whether sections of the log are understood.
    #[serde(default, deserialize_with = "or_default")]
    pub trace_sections: bool,
    /// Beginnings of tokens that are to be masked in the log, besides the usual ones.
    #[serde(default, deserialize_with = "without_nulls")]
    pub token_mask_prefixes: Vec<String>,
    /// The failure reasons that the instance knows.
    #[serde(default, deserialize_with = "or_ignored")]
    pub failure_reasons: Vec<String>,
}
