//! Names what a failure does to a run.

use serde::Deserialize;

/// What HCP Terraform does when a run task fails. It decides; our verdict does not depend on it.
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

impl<'de> Deserialize<'de> for EnforcementLevel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(deserializer)? {
            it if it == "advisory" => Self::Advisory,
            it if it == "mandatory" => Self::Mandatory,
            it if it == "test" => Self::Test,
            it => Self::Other(it),
        })
    }
}
