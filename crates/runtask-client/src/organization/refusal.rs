//! Says what a refusal means.

use super::answer::{entries, text};
use crate::StatusCode;
use serde_json::Value;
use std::fmt::Write;

/// Characters of one of the API's own sentences that are shown.
const SENTENCE: usize = 500;

/// HCP Terraform said no. The text is for people: what was asked, what it can mean, and the API's own words, which need
/// not be printable.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    pub status: StatusCode,
    pub(super) text: String,
}

/// What a call is about, for what is said when it is refused.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    RunTasks,
    SaveRunTask,
    Workspace(&'a str),
    Workspaces,
    WorkspaceTags(&'a str),
    Attachments(&'a str),
    SaveAttachment(&'a str),
    TaskConfigurations,
    SaveGlobal,
}

impl Refused {
    pub(super) fn new(
        host: &str,
        organization: &str,
        asked: Asked<'_>,
        status: StatusCode,
        body: &[u8],
    ) -> Self {
        let what = match asked {
            Asked::RunTasks => format!("the run tasks of the organization {organization} cannot be read"),
            Asked::SaveRunTask => "the run task was not saved".to_owned(),
            Asked::Workspace(name) => format!("the workspace {name} cannot be read"),
            Asked::Workspaces => format!("the workspaces of the organization {organization} cannot be read"),
            Asked::WorkspaceTags(name) => format!("the tags of the workspace {name} cannot be read"),
            Asked::Attachments(name) => format!("the run tasks of the workspace {name} cannot be read"),
            Asked::SaveAttachment(name) => format!("the run task was not attached to the workspace {name}"),
            Asked::TaskConfigurations => {
                format!("the task configurations of the organization {organization} cannot be read")
            }
            Asked::SaveGlobal => "the run task was not made global".to_owned(),
        };
        let why = match (status.as_u16(), asked) {
            (401, _) => format!("{host} does not know the token in TFE_TOKEN, or it has expired"),
            (403, _) => "the owner of the token in TFE_TOKEN may not do this".to_owned(),
            (404, Asked::RunTasks | Asked::SaveRunTask | Asked::Workspaces | Asked::TaskConfigurations) => format!(
                "{host} has no organization {organization}, or the owner of the token in TFE_TOKEN may not manage \
                 run tasks in it, or its plan has none"
            ),
            (404, Asked::WorkspaceTags(_)) => {
                "it may not know tags with values: name the workspaces with --workspace".to_owned()
            }
            (404, _) => "it does not exist, or the owner of the token in TFE_TOKEN may not do this: a team needs \
                         the right to manage run tasks of the organization and of the workspace"
                .to_owned(),
            (422, Asked::SaveRunTask) => "HCP Terraform sends a probe to the run task's URL before it saves, and saves \
                                          only when the answer is 200: the run task must be running, reachable from \
                                          HCP Terraform, and have this same key"
                .to_owned(),
            (422, _) => "HCP Terraform does not take this".to_owned(),
            (429, _) => "too many requests, and waiting did not help: try again later".to_owned(),
            (500.., _) => format!("{host} has trouble: try again later"),
            _ => "this was not expected".to_owned(),
        };
        let mut text = format!("{what} ({status})\n{why}");
        for sentence in sentences(body) {
            let _infallible = write!(text, "\n{host} says: {sentence}");
        }
        Self { status, text }
    }
}

pub(super) fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|it| it.status == StatusCode::NOT_FOUND)
}

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
