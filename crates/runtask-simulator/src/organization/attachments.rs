//! Attaches run tasks to workspaces: HCP Terraform's `workspace-tasks`.

use super::document::{Judged, NOT_FOUND, Request, read, related, scope, unprocessable};
use super::state::State;
use crate::random;
use serde_json::{Value, json};

const ATTACHMENT_ATTRIBUTES: &[&str] = &["enforcement-level", "stage", "stages"];

impl State {
    /// Every attachment with its workspace's name.
    pub(super) fn attachments(&self) -> Vec<(String, Value)> {
        let records = self.records();
        let mut all = Vec::new();
        for own in &records.tasks {
            for ((name, scope), id) in own.task.attachments.iter().zip(&own.attachment_ids) {
                let index = self.spec.workspaces.iter().position(|it| it.name == *name);
                let workspace = index.and_then(|it| self.workspace_ids.get(it));
                let attachment = json!({
                    "id": id,
                    "type": "workspace-tasks",
                    "attributes": {
                        "enforcement-level": scope.enforcement_level,
                        "stage": scope.stages.first(),
                        "stages": scope.stages,
                    },
                    "relationships": {
                        "task": { "data": { "id": own.task.id, "type": "tasks" } },
                        "workspace": { "data": { "id": workspace, "type": "workspaces" } },
                    },
                });
                all.push((name.clone(), attachment));
            }
        }
        all
    }

    pub(super) fn attach(&self, request: &Request<'_>, workspace: &str) -> Judged<(u16, Option<Value>)> {
        let name = self.workspace_of(workspace)?.name.clone();
        let attributes = read(request, "workspace-tasks", ATTACHMENT_ATTRIBUTES)?;
        let scope = scope(&attributes, "stages")?;
        let task = related(request, "task").ok_or(NOT_FOUND)?;
        let id = random::id("wstask");
        {
            let mut records = self.records();
            let own = records.tasks.iter_mut().find(|it| it.task.id == task).ok_or(NOT_FOUND)?;
            if own.task.attachments.iter().any(|it| it.0 == name) {
                return Err(unprocessable("/data/relationships/task", "Task has already been attached"));
            }
            own.task.attachments.push((name, scope));
            own.attachment_ids.push(id.clone());
        }
        Ok((201, self.attachment(&id)))
    }

    pub(super) fn reattach(
        &self,
        request: &Request<'_>,
        workspace: &str,
        id: &str,
    ) -> Judged<(u16, Option<Value>)> {
        let name = self.workspace_of(workspace)?.name.clone();
        let attributes = read(request, "workspace-tasks", ATTACHMENT_ATTRIBUTES)?;
        let scope = scope(&attributes, "stages")?;
        {
            let mut records = self.records();
            let mut all = records
                .tasks
                .iter_mut()
                .flat_map(|own| own.task.attachments.iter_mut().zip(&own.attachment_ids));
            let found = all.find(|((workspace, _), it)| *workspace == name && *it == id);
            found.ok_or(NOT_FOUND)?.0.1 = scope;
        }
        Ok((200, self.attachment(id)))
    }

    fn attachment(&self, id: &str) -> Option<Value> {
        let all = self.attachments().into_iter().map(|(_, attachment)| attachment);
        all.into_iter().find(|it| it.get("id") == Some(&json!(id))).map(|it| json!({ "data": it }))
    }
}
