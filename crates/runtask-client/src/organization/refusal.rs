//! Says what HCP Terraform refused, and what it said about that.
//!
//! What a person can do about it depends on how they asked, so that is for the caller to say.

use super::answer::{entries, text};
use crate::StatusCode;
use serde_json::Value;
use std::fmt;

/// Characters of one of the API's own sentences that are kept.
const SENTENCE: usize = 500;

/// What was asked of HCP Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// To list the organization's run tasks.
    RunTasks,
    /// To create or change a run task.
    SaveRunTask,
    /// To show the workspace with this name.
    Workspace(String),
    /// To list the organization's workspaces.
    Workspaces,
    /// To list the tags of the workspace with this name.
    WorkspaceTags(String),
    /// To list the run tasks of the workspace with this name.
    Attachments(String),
    /// To attach a run task to the workspace with this name.
    SaveAttachment(String),
    /// To list the organization's task configurations.
    TaskConfigurations,
    /// To run a run task in every workspace.
    SaveGlobal,
}

/// HCP Terraform said no. The text says what did not happen, and with what status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked.
    pub asked: Asked,
    /// Of which organization.
    pub organization: String,
    /// The name of the host that refused.
    pub host: String,
    /// With what status.
    pub status: StatusCode,
    /// Its own sentences, a line each. They come from outside: make them printable before anybody sees them.
    pub sentences: Vec<String>,
}

impl Refusal {
    pub(super) fn new(asked: Asked, organization: &str, host: &str, status: StatusCode, body: &[u8]) -> Self {
        let (organization, host) = (organization.to_owned(), host.to_owned());
        Self { asked, organization, host, status, sentences: sentences(body) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let organization = &self.organization;
        match &self.asked {
            Asked::RunTasks => write!(f, "the run tasks of the organization {organization} cannot be read"),
            Asked::SaveRunTask => write!(f, "the run task was not saved"),
            Asked::Workspace(name) => write!(f, "the workspace {name} cannot be read"),
            Asked::Workspaces => {
                write!(f, "the workspaces of the organization {organization} cannot be read")
            }
            Asked::WorkspaceTags(name) => write!(f, "the tags of the workspace {name} cannot be read"),
            Asked::Attachments(name) => write!(f, "the run tasks of the workspace {name} cannot be read"),
            Asked::SaveAttachment(name) => write!(f, "the run task was not attached to the workspace {name}"),
            Asked::TaskConfigurations => {
                write!(f, "the task configurations of the organization {organization} cannot be read")
            }
            Asked::SaveGlobal => write!(f, "the run task was not made global"),
        }?;
        write!(f, " ({})", self.status)
    }
}

impl std::error::Error for Refusal {}

/// What the errors of an answer say, each in one line, otherwise as it was sent.
fn sentences(body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    entries(&body, "errors")
        .filter_map(|it| match it {
            Value::String(text) => Some(text.clone()),
            it => match (text(it, &["title"]), text(it, &["detail"])) {
                (Some(title), Some(detail)) => Some(format!("{title}: {detail}")),
                (title, detail) => detail.or(title).map(str::to_owned),
            },
        })
        .map(|it| it.lines().collect::<Vec<_>>().join(" ").chars().take(SENTENCE).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_errors_of_an_answer_are_shown_in_one_line_each() {
        let body = json!({ "errors": [
            { "status": "422", "title": "invalid attribute", "detail": "Name has\nalready been taken" },
            { "status": 429, "title": "Too many requests" },
            "plain \u{1b}[31m",
        ]});
        assert_eq!(
            sentences(body.to_string().as_bytes()),
            ["invalid attribute: Name has already been taken", "Too many requests", "plain \u{1b}[31m"]
        );
        assert!(sentences(b"<html>").is_empty());
    }
}
