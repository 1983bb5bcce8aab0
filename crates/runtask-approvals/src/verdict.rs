//! Holds the two words that every approval ends in.

use serde::{Deserialize, Serialize};

/// What HCP Terraform is told in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The run may go on.
    Passed,
    /// It may not.
    Failed,
}
