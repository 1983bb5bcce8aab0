//! What a job uploads when it has ended.

use super::lenient::{or_default, or_ignored, without_nulls};
use super::step::When;
use serde::Deserialize;

/// One upload: the archive of `artifacts:paths`, or one report.
#[derive(Debug, Clone, Deserialize)]
pub struct Artifact {
    /// The name of the file without its ending, not expanded; `None` means `artifacts`.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether files that git does not track are taken, too.
    #[serde(default, deserialize_with = "or_default")]
    pub untracked: bool,
    /// Patterns of what is taken, not expanded.
    #[serde(default, deserialize_with = "without_nulls")]
    pub paths: Vec<String>,
    /// Patterns of what is left out of it.
    #[serde(default, deserialize_with = "without_nulls")]
    pub exclude: Vec<String>,
    /// After which end of the script.
    #[serde(default, deserialize_with = "or_ignored")]
    pub when: When,
    /// How long GitLab keeps it, in GitLab's words; passed on as it is.
    #[serde(default, deserialize_with = "or_ignored")]
    pub expire_in: Option<String>,
    /// `archive`, or the report's type: `terraform`, `dotenv`, `junit`, …
    #[serde(default = "archive", deserialize_with = "archive_for_null")]
    pub artifact_type: String,
    /// How the file is packed.
    #[serde(default, deserialize_with = "or_default")]
    pub artifact_format: ArtifactFormat,
}

/// How an artifact is packed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactFormat {
    /// One zip archive.
    #[default]
    Zip,
    /// Members of gzip, back to back.
    Gzip,
    /// One file as it is.
    Raw,
    /// A format that this runner does not know; such an upload is refused in words.
    #[serde(untagged)]
    Unknown(String),
}

impl ArtifactFormat {
    /// As GitLab writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Raw => "raw",
            Self::Unknown(name) => name,
        }
    }
}

fn archive() -> String {
    "archive".to_owned()
}

fn archive_for_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(archive))
}
