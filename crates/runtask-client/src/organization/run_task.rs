//! Finds, creates and changes the organization's run tasks.

use super::answer::{at, entries, is_true, put, text};
use super::ask::{AskError, Organization};
use super::refusal::Asked;
use super::scope::{Scope, stages};
use crate::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// Why there is no new run task, or nobody knows which it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateRunTaskError {
    /// There is none.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// There is one: the next look at the list will show it.
    #[error("HCP Terraform created a run task and did not say which")]
    Unnamed,
}

/// A run task as the organization has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTask {
    /// `task-…`.
    pub id: String,
    /// What the organization calls it.
    pub name: String,
    /// Where HCP Terraform sends its requests.
    pub url: String,
    /// What people read about it; empty where there is nothing.
    pub description: String,
    /// Whether HCP Terraform calls it at all.
    pub enabled: bool,
    /// How it runs in every workspace, as the run task itself says. HCP Terraform says it elsewhere since 2026, where
    /// [`Organization::global`] looks first.
    pub(super) own_global: Option<Scope>,
}

/// What to change of a run task, or to set in a new one.
#[derive(Debug, Default)]
pub struct RunTaskChange {
    /// What the organization calls it.
    pub name: Option<String>,
    /// Where HCP Terraform sends its requests.
    pub url: Option<String>,
    /// What people read about it.
    pub description: Option<String>,
    /// Whether HCP Terraform calls it at all.
    pub enabled: Option<bool>,
    /// The HMAC key that signs the requests.
    pub key: Option<SecretString>,
}

impl Organization {
    /// Finds the run task called `name`.
    ///
    /// # Errors
    ///
    /// When the run tasks cannot be listed.
    pub async fn run_task(&self, name: &str) -> Result<Option<RunTask>, AskError> {
        let path = ["organizations", &self.name, "tasks"];
        let pages = self.pages(&path, &[], &Asked::RunTasks).await?;
        let mut all = pages.iter().flat_map(|it| entries(it, "data")).filter_map(run_task);
        Ok(all.find(|it| it.name == name))
    }

    /// Creates a run task. HCP Terraform sends the probe meanwhile.
    ///
    /// # Errors
    ///
    /// A refusal with the status 422 is most often that of a probe that was not answered with 200.
    pub async fn create(&self, wanted: &RunTaskChange) -> Result<RunTask, CreateRunTaskError> {
        let url = self.url(&["organizations", &self.name, "tasks"], &[]);
        let body = SecretString::from(wanted.document(None));
        let answer = self.ask(Method::POST, &url, Some(&body), &Asked::SaveRunTask).await?;
        answer.get("data").and_then(run_task).ok_or(CreateRunTaskError::Unnamed)
    }

    /// Changes the run task with this id. HCP Terraform sends the probe meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Organization::create`]; nothing was changed then.
    pub async fn change(&self, id: &str, change: &RunTaskChange) -> Result<(), AskError> {
        let body = SecretString::from(change.document(Some(id)));
        self.ask(Method::PATCH, &self.url(&["tasks", id], &[]), Some(&body), &Asked::SaveRunTask).await?;
        Ok(())
    }
}

impl RunTaskChange {
    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.url.is_none()
            && self.description.is_none()
            && self.enabled.is_none()
            && self.key.is_none()
    }

    /// The JSON of it, with the key in it.
    fn document(&self, id: Option<&str>) -> String {
        let mut attributes = Map::new();
        let texts = [
            ("name", self.name.as_deref()),
            ("url", self.url.as_deref()),
            ("description", self.description.as_deref()),
            // A table of the documentation and HashiCorp's clients have the hyphen; samples of it an underscore.
            ("hmac-key", self.key.as_ref().map(ExposeSecret::expose_secret)),
        ];
        attributes.extend(texts.into_iter().filter_map(|(name, it)| Some((name.to_owned(), json!(it?)))));
        attributes.extend(self.enabled.map(|it| ("enabled".to_owned(), json!(it))));
        attributes.insert("category".to_owned(), json!("task"));
        let mut data = json!({ "type": "tasks", "attributes": attributes });
        if let Some(id) = id {
            put(&mut data, "id", json!(id));
        }
        json!({ "data": data }).to_string()
    }
}

pub(super) fn run_task(value: &Value) -> Option<RunTask> {
    let attribute = |name| text(value, &["attributes", name]).unwrap_or_default().to_owned();
    let global = at(value, &["attributes", "global-configuration"]);
    Some(RunTask {
        id: text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("tasks"))?.to_owned(),
        name: attribute("name"),
        url: attribute("url"),
        description: attribute("description"),
        enabled: at(value, &["attributes", "enabled"]).is_none_or(is_true),
        own_global: global.filter(|it| it.get("enabled").is_some_and(is_true)).and_then(|it| {
            Some(Scope {
                stages: stages(it.get("stages")?)?,
                enforcement_level: text(it, &["enforcement-level"])?.to_owned(),
            })
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_task_is_read_as_the_documentation_shows_it() {
        // With the quoted boolean of the samples.
        let task = json!({
            "id": "task-1",
            "type": "tasks",
            "attributes": { "category": "task", "name": "fmt", "url": "https://a.example/", "enabled": "true", "hmac-key": null },
        });
        let task = run_task(&task).unwrap();
        assert_eq!((task.name.as_str(), task.description.as_str(), task.enabled), ("fmt", "", true));
        assert_eq!(run_task(&json!({ "id": "ws-1", "type": "workspaces" })), None);
    }

    /// F-11: the key's attribute has a hyphen, and nothing is sent that was not asked for.
    #[test]
    fn a_change_holds_what_changes() {
        let change =
            RunTaskChange { key: Some("key".into()), enabled: Some(false), ..RunTaskChange::default() };
        let document: Value = serde_json::from_str(&change.document(Some("task-1"))).unwrap();
        assert_eq!(
            document,
            json!({ "data": {
                "type": "tasks",
                "id": "task-1",
                "attributes": { "category": "task", "enabled": false, "hmac-key": "key" },
            }})
        );
        assert!(!change.is_empty() && RunTaskChange::default().is_empty());
        assert!(!format!("{change:?}").contains("\"key\""));
    }
}
