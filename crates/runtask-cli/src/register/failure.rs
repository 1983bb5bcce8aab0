//! Explains why `runtask register` failed, and what to do about it.

use runtask_client::StatusCode;
use runtask_client::organization::{
    AskError, Asked, CreateRunTaskError, FindByNameError, FindByTagError, Refusal, SetGlobalError,
};
use runtask_simulator::render::visible;
use std::fmt::Write;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// HCP Terraform said no. The text is complete and printable.
    Refused(String),
    /// It could not be asked, or not like this.
    Unable(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Unable(error)
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(refusal) => Self::Refused(explained(&refusal)),
            other => Self::Unable(other.into()),
        }
    }
}

impl From<CreateRunTaskError> for Failure {
    fn from(error: CreateRunTaskError) -> Self {
        match error {
            CreateRunTaskError::Ask(error) => error.into(),
            other => Self::Unable(other.into()),
        }
    }
}

impl From<FindByNameError> for Failure {
    fn from(error: FindByNameError) -> Self {
        match error {
            FindByNameError::Ask(error) => error.into(),
            FindByNameError::Missing { .. } => Self::Refused(visible(&format!(
                "{error}, or the owner of the token in TFE_TOKEN may not see it; nothing was changed"
            ))),
            other => Self::Unable(other.into()),
        }
    }
}

impl From<FindByTagError> for Failure {
    fn from(error: FindByTagError) -> Self {
        match error {
            FindByTagError::Ask(error) => error.into(),
            FindByTagError::Unfiltered { .. } => Self::Unable(anyhow::Error::msg(visible(&format!(
                "{error}. Name the workspaces with --workspace"
            )))),
            other => Self::Unable(other.into()),
        }
    }
}

impl From<SetGlobalError> for Failure {
    fn from(error: SetGlobalError) -> Self {
        match error {
            SetGlobalError::Ask(error) => error.into(),
            SetGlobalError::NotInPlan { .. } => {
                Self::Refused(visible(&format!("the run task was not made global\n{error}")))
            }
            other => Self::Unable(other.into()),
        }
    }
}

/// What was refused, what that can mean, and HCP Terraform's own words.
fn explained(refusal: &Refusal) -> String {
    let host = &refusal.host;
    let mut text = format!("{refusal}\n{}", meaning(refusal));
    for sentence in &refusal.sentences {
        let _infallible = write!(text, "\n{host} says: {sentence}");
    }
    visible(&text)
}

fn meaning(refusal: &Refusal) -> String {
    let (host, organization) = (&refusal.host, &refusal.organization);
    match (refusal.status, &refusal.asked) {
        (StatusCode::UNAUTHORIZED, _) => {
            format!("{host} does not know the token in TFE_TOKEN, or it has expired")
        }
        (StatusCode::FORBIDDEN, _) => "the owner of the token in TFE_TOKEN may not do this".to_owned(),
        (
            StatusCode::NOT_FOUND,
            Asked::RunTasks | Asked::SaveRunTask | Asked::Workspaces | Asked::TaskConfigurations,
        ) => format!(
            "{host} has no organization {organization}, or the owner of the token in TFE_TOKEN may not manage run \
             tasks in it, or its plan has none"
        ),
        (StatusCode::NOT_FOUND, Asked::WorkspaceTags(_)) => {
            "it may not know tags with values: name the workspaces with --workspace".to_owned()
        }
        (StatusCode::NOT_FOUND, _) => "it does not exist, or the owner of the token in TFE_TOKEN may not do this: a \
                                       team needs the right to manage run tasks of the organization and of the \
                                       workspace"
            .to_owned(),
        (StatusCode::UNPROCESSABLE_ENTITY, Asked::SaveRunTask) => {
            "HCP Terraform sends a probe to the run task's URL before it saves, and saves only when the answer is 200: \
             the run task must be running, reachable from HCP Terraform, and have this same key"
                .to_owned()
        }
        (StatusCode::UNPROCESSABLE_ENTITY, _) => "HCP Terraform does not take this".to_owned(),
        (StatusCode::TOO_MANY_REQUESTS, _) => {
            "too many requests, and waiting did not help: try again later".to_owned()
        }
        (status, _) if status.as_u16() >= 500 => format!("{host} has trouble: try again later"),
        _ => "this was not expected".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_says_is_made_printable() {
        let refusal = Refusal {
            asked: Asked::SaveAttachment("app\u{202e}".to_owned()),
            organization: "acme".to_owned(),
            host: "tfe.example.com".to_owned(),
            status: StatusCode::UNPROCESSABLE_ENTITY,
            sentences: vec!["plain \u{1b}[31m".to_owned()],
        };
        assert_eq!(
            explained(&refusal),
            "the run task was not attached to the workspace app\\u{202e} (422 Unprocessable Entity)\n\
             HCP Terraform does not take this\n\
             tfe.example.com says: plain \u{241b}[31m"
        );
    }
}
