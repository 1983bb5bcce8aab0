//! Names the points of a run at which HCP Terraform asks.

use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// The point of a run at which HCP Terraform asks.
///
/// HCP Terraform's own words are read leniently, by [`Deserialize`]; what people type is one of [`Stage::KNOWN`], or an
/// error of [`FromStr`].
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

/// A word that names no stage of a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("`{word}` is not one of {}", Stage::KNOWN.each_ref().map(Stage::as_str).join(", "))]
pub struct UnknownStage {
    word: String,
}

impl Stage {
    /// The stages of a run, in its order.
    pub const KNOWN: [Self; 4] = [Self::PrePlan, Self::PostPlan, Self::PreApply, Self::PostApply];

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

impl FromStr for Stage {
    type Err = UnknownStage;

    /// Reads a stage of a run; `post-plan` is as good as `post_plan`.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let name = word.replace('-', "_");
        let found = Self::KNOWN.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| UnknownStage { word: word.to_owned() })
    }
}

impl<'de> Deserialize<'de> for Stage {
    /// Takes `post-plan` for `post_plan`, as old Terraform Enterprise documents it; what is not known is kept as it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Ok(match word.parse() {
            Ok(stage) => stage,
            Err(_unknown) if word == "test" => Self::Test,
            Err(_unknown) => Self::Other(word),
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_stages_read_back() {
        for stage in Stage::KNOWN {
            assert_eq!(stage.to_string().parse(), Ok(stage.clone()));
            assert_eq!(Stage::deserialize(json!(stage.as_str())).unwrap(), stage);
        }
        for (word, stage) in [("post-plan", Stage::PostPlan), ("pre-apply", Stage::PreApply)] {
            assert_eq!(word.parse(), Ok(stage.clone()));
            assert_eq!(Stage::deserialize(json!(word)).unwrap(), stage, "V-19");
        }
    }

    /// What people type is a stage of a run; what HCP Terraform sends is kept, whatever it is.
    #[test]
    fn people_are_corrected_and_hcp_terraform_is_not() {
        for word in ["test", "pre-destroy", "Post_Plan", ""] {
            assert_eq!(
                word.parse::<Stage>().unwrap_err().to_string(),
                format!("`{word}` is not one of pre_plan, post_plan, pre_apply, post_apply")
            );
        }
        assert_eq!(Stage::deserialize(json!("test")).unwrap(), Stage::Test);
        for word in ["pre-destroy", "Post_Plan", ""] {
            assert_eq!(Stage::deserialize(json!(word)).unwrap(), Stage::Other(word.to_owned()));
        }
    }
}
