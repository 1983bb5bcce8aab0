//! Has run tasks run in every workspace, and reads how they do.

use super::answer::{at, entries, is_true, put, text};
use super::ask::{AskError, Organization};
use super::refusal::Asked;
use super::run_task::{RunTask, run_task};
use super::scope::{Scope, scope};
use crate::Method;
use secrecy::SecretString;
use serde_json::json;

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

impl Organization {
    /// Reads how `task` runs in every workspace.
    ///
    /// # Errors
    ///
    /// When the organization's task configurations cannot be listed.
    pub async fn global(&self, task: &RunTask) -> Result<Global, AskError> {
        let path = ["organizations", &self.name, "task-configs"];
        let pages = match self.pages(&path, &[], &Asked::TaskConfigurations).await {
            Ok(pages) => pages,
            Err(error) if error.is_not_found() => {
                return Ok(Global { scope: task.own_global.clone(), kept: Kept::RunTask });
            }
            Err(error) => return Err(error),
        };
        let mut all = pages.iter().flat_map(|it| entries(it, "data"));
        let own = all.find(|it| text(it, &["relationships", "task", "data", "id"]) == Some(&task.id));
        let scope = own
            .filter(|it| at(it, &["attributes", "global"]).is_some_and(is_true))
            .and_then(|it| scope(it, "allowed-stages"));
        let id = own.and_then(|it| text(it, &["id"])).map(str::to_owned);
        Ok(Global { scope, kept: Kept::TaskConfiguration(id) })
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
        let attributes = json!({
            "global": true,
            "enforcement-level": scope.enforcement_level,
            "allowed-stages": scope.stages,
        });
        let mut data = json!({ "type": "task-configs", "attributes": attributes });
        let (method, url) = match &current.kept {
            Kept::TaskConfiguration(Some(id)) => {
                put(&mut data, "id", json!(id));
                (Method::PATCH, self.url(&["task-configs", id], &[]))
            }
            Kept::TaskConfiguration(None) => {
                let relationships = json!({
                    "task": { "data": { "type": "tasks", "id": task.id } },
                    "owner": { "data": { "type": "organizations", "id": self.name } },
                });
                put(&mut data, "relationships", relationships);
                (Method::POST, self.url(&["organizations", &self.name, "task-configs"], &[]))
            }
            Kept::RunTask => {
                let global = json!({
                    "enabled": true,
                    "stages": scope.stages,
                    "enforcement-level": scope.enforcement_level,
                });
                data = json!({ "type": "tasks", "id": task.id, "attributes": { "global-configuration": global } });
                (Method::PATCH, self.url(&["tasks", &task.id], &[]))
            }
        };
        let body = SecretString::from(json!({ "data": data }).to_string());
        let answer = self.ask(method, &url, Some(&body), &Asked::SaveGlobal).await?;
        // An organization that may not have global run tasks gets no refusal: the part is left out.
        let taken = match current.kept {
            Kept::TaskConfiguration(_) => true,
            Kept::RunTask => answer.get("data").and_then(run_task).is_some_and(|it| it.own_global.is_some()),
        };
        if taken {
            return Ok(());
        }
        Err(SetGlobalError::NotInPlan { organization: self.name.clone() })
    }
}
