//! Lists, creates and changes run tasks; saves only what answers the probe.

use super::contents::RunTask;
use super::document::{Judged, NOT_FOUND, Request, read, scope, string, unprocessable};
use super::state::{Registered, State};
use crate::delivery::{self, Signature};
use crate::random;
use crate::request;
use crate::spec::{RunSpec, Target};
use runtask_protocol::Key;
use serde_json::{Map, Value, json};
use url::Url;

const TASK_ATTRIBUTES: &[&str] =
    &["name", "url", "description", "category", "hmac-key", "enabled", "global-configuration"];

impl State {
    pub(super) fn tasks(&self, request: &Request<'_>) -> (u16, Option<Value>) {
        let ids: Vec<String> = self.records().tasks.iter().map(|it| it.task.id.clone()).collect();
        let all = ids.iter().filter_map(|it| self.task(it).ok()).collect();
        let mut page = self.page(request, all);
        let included = request
            .query
            .iter()
            .any(|(name, value)| name == "include" && value == "workspace_tasks,workspace_tasks.workspace");
        if included
            && self.spec.includes
            && let Some(page) = page.as_object_mut()
        {
            let attachments = self.attachments();
            let workspaces = (0..self.spec.workspaces.len()).map(|it| self.workspace(it)).filter(|it| {
                attachments.iter().any(|(name, _)| it.pointer("/attributes/name") == Some(&json!(name)))
            });
            let all: Vec<Value> =
                attachments.iter().map(|(_, attachment)| attachment.clone()).chain(workspaces).collect();
            page.insert("included".to_owned(), json!(all));
        }
        (200, Some(page))
    }

    /// A run task as HCP Terraform answers it: without its key.
    pub(super) fn task(&self, id: &str) -> Judged<Value> {
        let records = self.records();
        let own = records.tasks.iter().find(|it| it.task.id == id).ok_or(NOT_FOUND)?;
        let RunTask { name, url, description, enabled, global, .. } = &own.task;
        let mut attributes = json!({
            "category": "task",
            "name": name,
            "url": url,
            "description": description,
            "enabled": enabled,
            "hmac-key": null,
        });
        if self.spec.global_run_tasks
            && let Some(attributes) = attributes.as_object_mut()
        {
            // Beside task configurations, what a run task itself says is a left-over.
            let own = global.as_ref().filter(|_| !self.spec.task_configurations);
            let value = json!({
                "enabled": own.is_some(),
                "stages": own.map(|it| &it.stages),
                "enforcement-level": own.map(|it| &it.enforcement_level),
            });
            attributes.insert("global-configuration".to_owned(), value);
        }
        let attached = own.attachment_ids.iter().map(|it| json!({ "id": it, "type": "workspace-tasks" }));
        Ok(json!({
            "id": id,
            "type": "tasks",
            "attributes": attributes,
            "relationships": {
                "organization": { "data": { "id": self.spec.name, "type": "organizations" } },
                "tasks": { "data": attached.collect::<Vec<_>>() },
            },
            "links": { "self": format!("/api/v2/tasks/{id}") },
        }))
    }

    pub(super) async fn create_task(&self, request: &Request<'_>) -> Judged<(u16, Option<Value>)> {
        let attributes = read(request, "tasks", TASK_ATTRIBUTES)?;
        let name = string(&attributes, "name")?
            .ok_or_else(|| unprocessable("/data/attributes/name", "Name can't be blank"))?;
        let url = string(&attributes, "url")?
            .ok_or_else(|| unprocessable("/data/attributes/url", "Url can't be blank"))?;
        let mut task = RunTask {
            id: random::id("task"),
            name: String::new(),
            url: url.clone(),
            description: None,
            enabled: true,
            key: None,
            global: None,
            attachments: Vec::new(),
        };
        if self.records().tasks.iter().any(|it| it.task.name == name) {
            return Err(unprocessable("/data/attributes/name", "Name has already been taken"));
        }
        self.apply(&mut task, &attributes)?;
        self.probe(&task).await?;
        let id = task.id.clone();
        self.records().tasks.push(Registered { task, attachment_ids: Vec::new(), configuration: None });
        Ok((201, Some(json!({ "data": self.task(&id)? }))))
    }

    pub(super) async fn change_task(&self, request: &Request<'_>, id: &str) -> Judged<(u16, Option<Value>)> {
        let mut task = {
            let records = self.records();
            records.tasks.iter().find(|it| it.task.id == id).ok_or(NOT_FOUND)?.task.clone()
        };
        let attributes = read(request, "tasks", TASK_ATTRIBUTES)?;
        self.apply(&mut task, &attributes)?;
        self.probe(&task).await?;
        if let Some(own) = self.records().tasks.iter_mut().find(|it| it.task.id == id) {
            own.task = task;
        }
        Ok((200, Some(json!({ "data": self.task(id)? }))))
    }

    fn apply(&self, task: &mut RunTask, attributes: &Map<String, Value>) -> Judged<()> {
        if let Some(category) = string(attributes, "category")?
            && category != "task"
        {
            return Err(unprocessable("/data/attributes/category", "Category must be task"));
        }
        if let Some(name) = string(attributes, "name")? {
            let plain = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
            if name.is_empty() || !name.chars().all(plain) {
                return Err(unprocessable("/data/attributes/name", "Name is invalid"));
            }
            task.name = name;
        }
        if let Some(url) = string(attributes, "url")? {
            task.url = url;
        }
        if let Some(description) = string(attributes, "description")? {
            if description.chars().count() > 300 {
                return Err(unprocessable("/data/attributes/description", "Description is too long"));
            }
            task.description = Some(description);
        }
        if let Some(enabled) = attributes.get("enabled") {
            let refusal = || unprocessable("/data/attributes/enabled", "Enabled must be true or false");
            task.enabled = enabled.as_bool().ok_or_else(refusal)?;
        }
        if let Some(key) = string(attributes, "hmac-key")? {
            task.key = Key::new(&key).ok();
        }
        // Without the entitlement, this is left out without a word.
        if let Some(global) = attributes.get("global-configuration").filter(|_| self.spec.global_run_tasks) {
            let global = global.as_object().cloned().unwrap_or_default();
            task.global = if global.get("enabled") == Some(&json!(true)) {
                Some(scope(&global, "stages")?)
            } else {
                None
            };
        }
        Ok(())
    }

    /// HCP Terraform saves a run task only when it answers the probe with 200.
    async fn probe(&self, task: &RunTask) -> Judged<()> {
        let refusal = |detail: String| unprocessable("/data/attributes/url", detail);
        let url: Url = task.url.parse().map_err(|_not_a_url| refusal("Url is invalid".to_owned()))?;
        let spec = RunSpec::default();
        let target = Target { url, key: task.key.clone() };
        let body = request::probe(&spec);
        self.records().probes += 1;
        let client = delivery::client(&spec, &target);
        let client = client.map_err(|error| refusal(format!("Url could not be called: {error}")))?;
        let headers = delivery::headers(Signature::Proper(target.key.as_ref()), &body);
        match client.post(target.url).headers(headers).body(body).send().await {
            Ok(answer) if answer.status() == 200 => Ok(()),
            Ok(answer) => Err(refusal(format!(
                "Url responded with {} to the verification request",
                answer.status().as_u16()
            ))),
            Err(_no_answer) => Err(refusal("Url did not respond to the verification request".to_owned())),
        }
    }
}
