//! Makes run tasks global: HCP Terraform's `task-configs`.

use super::document::{Judged, NOT_FOUND, Request, read, refusal, related, scope, unprocessable};
use super::state::{Registered, State};
use crate::random;
use serde_json::{Value, json};

const CONFIGURATION_ATTRIBUTES: &[&str] = &["global", "enforcement-level", "allowed-stages"];

impl State {
    /// Task configurations: one for a run task that is, or was, global.
    pub(super) fn configure(
        &self,
        request: &Request<'_>,
        method: &str,
        path: &[&str],
    ) -> Judged<(u16, Option<Value>)> {
        let of_organization = path == ["organizations", self.spec.name.as_str(), "task-configs"];
        match (method, path) {
            ("GET", ["organizations", name, "task-configs", "for-owner"])
                if self.spec.finds_task_configurations && *name == self.spec.name =>
            {
                let asked = |name: &str| request.query.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
                let owner = (asked("q[owner-id]"), asked("q[owner-type]"));
                if owner != (Some(&self.spec.name), Some("organizations")) {
                    return Err(refusal(400, "q[owner-id] and q[owner-type] must name an owner"));
                }
                let records = self.records();
                let own = records.tasks.iter().find(|it| asked("q[task-id]") == Some(&it.task.id));
                let own = own.and_then(|it| self.configuration(it)).ok_or(NOT_FOUND)?;
                Ok((200, Some(json!({ "data": own }))))
            }
            ("GET", _) if of_organization && self.spec.finds_task_configurations => {
                Err(refusal(400, "filter[target-id] and filter[target-type] are required"))
            }
            ("GET", _) if of_organization => {
                let all = self.records().tasks.iter().filter_map(|it| self.configuration(it)).collect();
                Ok((200, Some(self.page(request, all))))
            }
            ("POST", _) if of_organization => {
                let task = related(request, "task").ok_or(NOT_FOUND)?;
                if related(request, "owner").as_deref() != Some(&self.spec.name) {
                    return Err(unprocessable("/data/relationships/owner", "Owner must exist"));
                }
                let mut records = self.records();
                let own = records.tasks.iter_mut().find(|it| it.task.id == task).ok_or(NOT_FOUND)?;
                if own.configuration.is_some() {
                    return Err(unprocessable(
                        "/data/relationships/task",
                        "Task has already been configured",
                    ));
                }
                self.save_configuration(own, request)?;
                own.configuration = Some(random::id("taskcfg"));
                Ok((201, self.configuration(own).map(|it| json!({ "data": it }))))
            }
            ("PATCH", ["task-configs", id]) => {
                let mut records = self.records();
                let own = records.tasks.iter_mut().find(|it| it.configuration.as_deref() == Some(id));
                let own = own.ok_or(NOT_FOUND)?;
                self.save_configuration(own, request)?;
                Ok((200, self.configuration(own).map(|it| json!({ "data": it }))))
            }
            _ => Err(NOT_FOUND),
        }
    }

    fn save_configuration(&self, own: &mut Registered, request: &Request<'_>) -> Judged<()> {
        let attributes = read(request, "task-configs", CONFIGURATION_ATTRIBUTES)?;
        let scope = scope(&attributes, "allowed-stages")?;
        let global = attributes.get("global").and_then(Value::as_bool);
        let global =
            global.ok_or_else(|| unprocessable("/data/attributes/global", "Global must be true or false"))?;
        if global && !self.spec.global_run_tasks {
            return Err(unprocessable(
                "/data/attributes/global",
                "Organization does not have global run tasks",
            ));
        }
        own.task.global = global.then_some(scope);
        Ok(())
    }

    fn configuration(&self, own: &Registered) -> Option<Value> {
        let global = own.task.global.as_ref();
        Some(json!({
            "id": own.configuration.as_ref()?,
            "type": "task-configs",
            "attributes": {
                "global": global.is_some(),
                "enforcement-level": global.map(|it| &it.enforcement_level),
                "allowed-stages": global.map(|it| &it.stages),
            },
            "relationships": {
                "owner": { "data": { "id": self.spec.name, "type": "organizations" } },
                "task": { "data": { "id": own.task.id, "type": "tasks" } },
            },
        }))
    }
}
