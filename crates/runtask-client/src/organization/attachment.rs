//! Attaches run tasks to workspaces, and reads how they are attached.

use super::answer::{entries, put, text};
use super::ask::{AskError, Organization};
use super::refusal::Asked;
use super::scope::{Scope, scope};
use super::workspace::Workspace;
use crate::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

/// A run task in a workspace: HCP Terraform's `workspace-tasks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// `wstask-…`.
    pub id: String,
    /// Of which run task.
    pub task_id: String,
    /// In which workspace.
    pub workspace_id: String,
    /// When it is called there, and what its failure does.
    pub scope: Scope,
}

impl Organization {
    /// Reads how the run task with the id `task` is attached to `workspace`.
    ///
    /// # Errors
    ///
    /// When the workspace's run tasks cannot be listed.
    pub async fn attachment(
        &self,
        workspace: &Workspace,
        task: &str,
    ) -> Result<Option<Attachment>, AskError> {
        Ok(self.attachments(workspace).await?.into_iter().find(|it| it.task_id == task))
    }

    /// Every run task that is attached to `workspace`.
    pub(super) async fn attachments(&self, workspace: &Workspace) -> Result<Vec<Attachment>, AskError> {
        let asked = Asked::Attachments(workspace.name.clone());
        let pages = self.pages(&["workspaces", &workspace.id, "tasks"], &[], &asked).await?;
        let all = pages.iter().flat_map(|it| entries(it, "data"));
        Ok(all.filter_map(|it| attachment(it, Some(&workspace.id))).collect())
    }

    /// Attaches the run task with the id `task` to `workspace`, or changes the attachment with the id `attachment`.
    ///
    /// # Errors
    ///
    /// When nothing was changed.
    pub async fn attach(
        &self,
        workspace: &Workspace,
        attachment: Option<&str>,
        task: &str,
        scope: &Scope,
    ) -> Result<(), AskError> {
        let mut path = vec!["workspaces", &workspace.id, "tasks"];
        path.extend(attachment);
        let mut data = json!({
            "type": "workspace-tasks",
            "attributes": { "enforcement-level": scope.enforcement_level, "stages": scope.stages },
        });
        let method = match attachment {
            Some(id) => {
                put(&mut data, "id", json!(id));
                Method::PATCH
            }
            None => {
                put(
                    &mut data,
                    "relationships",
                    json!({ "task": { "data": { "type": "tasks", "id": task } } }),
                );
                Method::POST
            }
        };
        let body = SecretString::from(json!({ "data": data }).to_string());
        self.ask(method, &self.url(&path, &[]), Some(&body), &Asked::SaveAttachment(workspace.name.clone()))
            .await?;
        Ok(())
    }
}

/// `workspace` is whose list it came from, where it came from one.
pub(super) fn attachment(value: &Value, workspace: Option<&str>) -> Option<Attachment> {
    let related = |name| text(value, &["relationships", name, "data", "id"]);
    Some(Attachment {
        id: text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("workspace-tasks"))?.to_owned(),
        task_id: related("task")?.to_owned(),
        workspace_id: workspace.or_else(|| related("workspace"))?.to_owned(),
        scope: scope(value, "stages")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_of_an_old_terraform_enterprise_has_one_stage() {
        let value = json!({
            "id": "wstask-1",
            "type": "workspace-tasks",
            "attributes": { "enforcement-level": "advisory", "stage": "pre_plan" },
            "relationships": { "task": { "data": { "id": "task-1", "type": "tasks" } } },
        });
        assert_eq!(attachment(&value, Some("ws-1")).unwrap().scope.stages, ["pre_plan"]);
        assert_eq!(attachment(&value, None), None);
    }
}
