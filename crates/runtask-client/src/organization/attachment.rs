//! Run tasks in workspaces: reads how one is attached, and attaches it.

use super::answer::{entries, put, text};
use super::ask::HcpTerraform;
use super::refusal::Asked;
use super::scope::{Scope, scope};
use super::workspace::Workspace;
use crate::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

/// A run task in a workspace: HCP Terraform's `workspace-tasks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: String,
    pub task_id: String,
    pub workspace_id: String,
    pub scope: Scope,
}

impl HcpTerraform {
    /// How `task` is attached to `workspace`, if it is.
    pub async fn attachment(&self, workspace: &Workspace, task: &str) -> anyhow::Result<Option<Attachment>> {
        let asked = Asked::Attachments(&workspace.name);
        let pages = self.pages(&["workspaces", &workspace.id, "tasks"], &[], asked).await?;
        let mut all = pages.iter().flat_map(|it| entries(it, "data"));
        Ok(all.find_map(|it| attachment(it, Some(&workspace.id)).filter(|it| it.task_id == task)))
    }

    /// Attaches `task` to `workspace`, or changes how it is: `attachment` is the id of what there is.
    pub async fn attach(
        &self,
        workspace: &Workspace,
        attachment: Option<&str>,
        task: &str,
        scope: &Scope,
    ) -> anyhow::Result<()> {
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
        self.call(method, &self.url(&path, &[]), Some(&body), Asked::SaveAttachment(&workspace.name)).await?;
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
