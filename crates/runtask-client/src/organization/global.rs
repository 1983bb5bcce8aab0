//! Has run tasks run in every workspace, and reads how they do.

use super::answer::{at, entries, is_true, put, text};
use super::ask::{AskError, Organization};
use super::refusal::Asked;
use super::run_task::{RunTask, run_task};
use super::scope::{Scope, scope};
use crate::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

/// How a server refuses a question about task configurations that it does not know, or not like this.
const DOES_NOT_KNOW: [StatusCode; 3] =
    [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY];

/// Why a run task does not run in every workspace.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetGlobalError {
    /// HCP Terraform was not asked, or said no.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// HCP Terraform left it out without a word, as it does for a plan without global run tasks.
    #[error("the plan of the organization {organization} has no global run tasks")]
    NotInPlan {
        /// Whose plan.
        organization: String,
    },
}

/// How a run task runs in every workspace.
#[derive(Debug)]
pub struct Global {
    /// Nothing where it does not.
    pub scope: Option<Scope>,
    kept: Kept,
}

/// Where HCP Terraform keeps that.
#[derive(Debug)]
enum Kept {
    /// In a task configuration, which exists or does not yet.
    TaskConfiguration(Option<String>),
    /// In the run task: HCP Terraform until 2026, Terraform Enterprise.
    RunTask,
}

impl Global {
    /// As a task configuration says it, where there is one.
    fn kept_in(configuration: Option<&Value>) -> Self {
        let is_global = |it: &&Value| at(it, &["attributes", "global"]).is_some_and(is_true);
        let scope = configuration.filter(is_global).and_then(|it| scope(it, "allowed-stages"));
        let id = configuration.and_then(|it| text(it, &["id"])).map(str::to_owned);
        Self { scope, kept: Kept::TaskConfiguration(id) }
    }
}

impl Organization {
    /// Reads how `task` runs in every workspace.
    ///
    /// # Errors
    ///
    /// When the organization's task configurations cannot be read.
    pub async fn global(&self, task: &RunTask) -> Result<Global, AskError> {
        match self.task_configuration(task).await {
            Ok(found) => return Ok(Global::kept_in(found.as_ref())),
            // There is none, or the server does not know the question.
            Err(error) if error.is_refused_with(&DOES_NOT_KNOW) => {}
            Err(error) => return Err(error),
        }
        match self.listed_task_configuration(task).await {
            Ok(found) => Ok(Global::kept_in(found.as_ref())),
            // It is refused without a filter, and so it is there; unless the run task has it itself.
            Err(error)
                if error.is_refused_with(&DOES_NOT_KNOW)
                    && !error.is_not_found()
                    && task.own_global.is_none() =>
            {
                Ok(Global::kept_in(None))
            }
            Err(error) if error.is_refused_with(&DOES_NOT_KNOW) => {
                Ok(Global { scope: task.own_global.clone(), kept: Kept::RunTask })
            }
            Err(error) => Err(error),
        }
    }

    /// The configuration of `task` for the whole organization, as HCP Terraform finds it.
    async fn task_configuration(&self, task: &RunTask) -> Result<Option<Value>, AskError> {
        let path = ["organizations", &self.name, "task-configs", "for-owner"];
        let query =
            [("q[task-id]", &*task.id), ("q[owner-id]", &self.name), ("q[owner-type]", "organizations")];
        let answer =
            self.ask(Method::GET, &self.url(&path, &query), None, &Asked::TaskConfigurations).await?;
        Ok(match answer.get("data") {
            Some(Value::Array(all)) => all.first().cloned(),
            data => data.filter(|it| it.is_object()).cloned(),
        })
    }

    /// The same from the list of all, for servers that have the list only.
    async fn listed_task_configuration(&self, task: &RunTask) -> Result<Option<Value>, AskError> {
        let path = ["organizations", &self.name, "task-configs"];
        let pages = self.pages(&path, &[], &Asked::TaskConfigurations).await?;
        let mut all = pages.iter().flat_map(|it| entries(it, "data"));
        Ok(all.find(|it| text(it, &["relationships", "task", "data", "id"]) == Some(&task.id)).cloned())
    }

    /// Has `task` run in every workspace, as `scope` says; `current` is what [`Organization::global`] read.
    ///
    /// # Errors
    ///
    /// When nothing was changed.
    pub async fn set_global(
        &self,
        task: &RunTask,
        current: &Global,
        scope: &Scope,
    ) -> Result<(), SetGlobalError> {
        if let Kept::TaskConfiguration(id) = &current.kept {
            match self.save_task_configuration(task, id.as_deref(), scope).await {
                // There was none, and there is no place for one.
                Err(error) if id.is_none() && error.is_not_found() => {}
                saved => return Ok(saved?),
            }
        }
        let global = json!({
            "enabled": true,
            "stages": scope.stages,
            "enforcement-level": scope.enforcement_level,
        });
        let data =
            json!({ "type": "tasks", "id": task.id, "attributes": { "global-configuration": global } });
        let body = SecretString::from(json!({ "data": data }).to_string());
        let url = self.url(&["tasks", &task.id], &[]);
        let answer = self.ask(Method::PATCH, &url, Some(&body), &Asked::SaveGlobal).await?;
        // An organization that may not have global run tasks gets no refusal: the part is left out.
        match answer.get("data").and_then(run_task) {
            Some(RunTask { own_global: Some(_), .. }) => Ok(()),
            _ => Err(SetGlobalError::NotInPlan { organization: self.name.clone() }),
        }
    }

    /// Creates the task configuration, or changes the one with the id `configuration`.
    async fn save_task_configuration(
        &self,
        task: &RunTask,
        configuration: Option<&str>,
        scope: &Scope,
    ) -> Result<(), AskError> {
        let attributes = json!({
            "global": true,
            "enforcement-level": scope.enforcement_level,
            "allowed-stages": scope.stages,
        });
        let mut data = json!({ "type": "task-configs", "attributes": attributes });
        let (method, url) = match configuration {
            Some(id) => {
                put(&mut data, "id", json!(id));
                (Method::PATCH, self.url(&["task-configs", id], &[]))
            }
            None => {
                let relationships = json!({
                    "task": { "data": { "type": "tasks", "id": task.id } },
                    "owner": { "data": { "type": "organizations", "id": self.name } },
                });
                put(&mut data, "relationships", relationships);
                (Method::POST, self.url(&["organizations", &self.name, "task-configs"], &[]))
            }
        };
        let body = SecretString::from(json!({ "data": data }).to_string());
        self.ask(method, &url, Some(&body), &Asked::SaveGlobal).await?;
        Ok(())
    }
}
