//! Names the points of a run at which HCP Terraform asks.

use serde::Deserialize;
use std::fmt;

/// The point of a run at which HCP Terraform asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Before the plan; there is no plan to read.
    PrePlan,
    /// After the plan, before policies and cost estimation.
    PostPlan,
    /// After somebody confirmed, before the apply.
    PreApply,
    /// After the apply; nothing can be stopped any more.
    PostApply,
    /// A probe's.
    Test,
    /// A stage that HCP Terraform got after this was written. Kept, and declined politely.
    Other(String),
}

impl Stage {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PrePlan => "pre_plan",
            Self::PostPlan => "post_plan",
            Self::PreApply => "pre_apply",
            Self::PostApply => "post_apply",
            Self::Test => "test",
            Self::Other(name) => name,
        }
    }
}

impl<'de> Deserialize<'de> for Stage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)? {
            it if it == "pre_plan" => Self::PrePlan,
            it if it == "post_plan" => Self::PostPlan,
            it if it == "pre_apply" => Self::PreApply,
            it if it == "post_apply" => Self::PostApply,
            it if it == "test" => Self::Test,
            it => Self::Other(it),
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
