//! Holds one row of a result.

use crate::details_url::DetailsUrl;
use crate::limits;
use crate::text::{cut, cut_markdown};
use serde::Serialize;
use std::collections::BTreeMap;

/// An integrator's own id of an outcome, 1 to 64 characters. [`crate::TaskResult`] makes them distinct.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct OutcomeId(String);

impl OutcomeId {
    /// Cuts `id` to what HCP Terraform takes.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self(cut(if id.is_empty() { "outcome" } else { id }, limits::OUTCOME_ID))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id with a number behind it, still within its limit.
    pub(crate) fn numbered(&self, number: usize) -> Self {
        let suffix = format!("-{number}");
        let kept = limits::OUTCOME_ID - suffix.len();
        Self(self.0.chars().take(kept).chain(suffix.chars()).collect())
    }
}

/// How a label is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Plain.
    None,
    /// Blue.
    Info,
    /// Yellow.
    Warning,
    /// Red.
    Error,
}

/// A coloured label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    label: String,
    level: Level,
}

impl Tag {
    /// A label of 1 to 32 characters; a longer one is cut.
    #[must_use]
    pub fn new(label: &str, level: Level) -> Self {
        Self { label: cut(if label.is_empty() { "-" } else { label }, limits::LABEL), level }
    }

    /// The text shown.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

/// One row of a result: an id, one line, coloured labels and a Markdown body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Outcome {
    pub(crate) outcome_id: OutcomeId,
    pub(crate) description: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<&'static str, Vec<Tag>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<DetailsUrl>,
}

impl Outcome {
    /// A row; `description` is cut to 1000 characters and brought onto one line of printable text.
    #[must_use]
    pub fn new(id: OutcomeId, description: &str) -> Self {
        let separates = |it: char| it.is_whitespace() || it.is_control();
        let line = description.split(separates).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
        let line = if line.is_empty() { id.as_str().to_owned() } else { line };
        let description = cut(&line, limits::DESCRIPTION);
        Self { outcome_id: id, description, tags: BTreeMap::new(), body: None, url: None }
    }

    /// Adds the Markdown body, cut to 10 000 characters. An empty one is left out.
    #[must_use]
    pub fn body(mut self, markdown: &str) -> Self {
        self.body = Some(cut_markdown(markdown, limits::BODY)).filter(|it| !it.is_empty());
        self
    }

    /// The `Status` label, which HCP Terraform lifts into the list of outcomes.
    #[must_use]
    pub fn status(mut self, tag: Tag) -> Self {
        self.tags.insert("Status", vec![tag]);
        self
    }

    /// The `Severity` label, which HCP Terraform lifts into the list of outcomes.
    #[must_use]
    pub fn severity(mut self, tag: Tag) -> Self {
        self.tags.insert("Severity", vec![tag]);
        self
    }

    /// A link to more.
    #[must_use]
    pub fn url(mut self, url: DetailsUrl) -> Self {
        self.url = Some(url);
        self
    }
}
