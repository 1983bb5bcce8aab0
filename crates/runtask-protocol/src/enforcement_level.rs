//! Names the enforcement levels: what a failure does to a run.

use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// HCP Terraform's reaction to a run task that fails. Our verdict does not depend on it.
///
/// HCP Terraform's own words are read leniently, by [`Deserialize`]; what people type is one of
/// [`EnforcementLevel::KNOWN`], or an error of [`FromStr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnforcementLevel {
    /// A failure warns.
    Advisory,
    /// A failure stops the run.
    Mandatory,
    /// A probe's.
    Test,
    /// A level that is not known here.
    Other(String),
}

/// A word that names no enforcement level of a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("`{word}` is not one of {}", EnforcementLevel::KNOWN.each_ref().map(EnforcementLevel::as_str).join(", "))]
pub struct UnknownEnforcementLevel {
    word: String,
}

impl EnforcementLevel {
    /// The levels that a run task can have, the milder one first.
    pub const KNOWN: [Self; 2] = [Self::Advisory, Self::Mandatory];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Advisory => "advisory",
            Self::Mandatory => "mandatory",
            Self::Test => "test",
            Self::Other(name) => name,
        }
    }
}

impl FromStr for EnforcementLevel {
    type Err = UnknownEnforcementLevel;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::KNOWN.into_iter().find(|it| it.as_str() == word);
        found.ok_or_else(|| UnknownEnforcementLevel { word: word.to_owned() })
    }
}

impl<'de> Deserialize<'de> for EnforcementLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)? {
            it if it == "advisory" => Self::Advisory,
            it if it == "mandatory" => Self::Mandatory,
            it if it == "test" => Self::Test,
            it => Self::Other(it),
        })
    }
}

impl fmt::Display for EnforcementLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn known_levels_read_back() {
        for level in EnforcementLevel::KNOWN {
            assert_eq!(level.to_string().parse(), Ok(level.clone()));
            assert_eq!(EnforcementLevel::deserialize(json!(level.as_str())).unwrap(), level);
        }
    }

    /// What people type is a level that a run task can have; what HCP Terraform sends is kept, whatever it is.
    #[test]
    fn people_are_corrected_and_hcp_terraform_is_not() {
        for word in ["soft", "test", ""] {
            assert_eq!(
                word.parse::<EnforcementLevel>().unwrap_err().to_string(),
                format!("`{word}` is not one of advisory, mandatory")
            );
        }
        assert_eq!(EnforcementLevel::deserialize(json!("test")).unwrap(), EnforcementLevel::Test);
        let other = EnforcementLevel::Other("soft".to_owned());
        assert_eq!(EnforcementLevel::deserialize(json!("soft")).unwrap(), other);
    }
}
