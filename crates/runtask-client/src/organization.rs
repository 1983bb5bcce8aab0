//! HCP Terraform's API as far as registering a run task needs it: what is asked, what is read of the answers, and what
//! a refusal means in plain words.
//!
//! Sources: the pages "Tasks", "Task configurations" and "Workspaces" of HCP Terraform's API documentation. Reading is
//! lenient, because the pages do not always show what the service sends: their samples quote booleans.

use crate::{Client, Method, StatusCode};
use anyhow::Context;
use runtask_protocol::AccessToken;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use url::Url;

/// Entries of one page; the most that HCP Terraform gives.
const PAGE_SIZE: &str = "100";
/// Pages that are read of one list. More would be a server that goes round in circles.
const PAGES: u64 = 1000;
/// Characters of one of the API's own sentences that are shown.
const SENTENCE: usize = 500;

/// An organization, and who asks.
#[derive(Debug)]
pub struct HcpTerraform {
    pub client: Client,
    /// Scheme, host and port.
    pub address: Url,
    pub token: AccessToken,
    pub organization: String,
}

/// A run task as the organization has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTask {
    pub id: String,
    pub name: String,
    pub url: String,
    pub description: String,
    pub enabled: bool,
    /// Where it runs in every workspace, as the run task itself says. HCP Terraform says it elsewhere since 2026: see
    /// [`HcpTerraform::global`].
    own_global: Option<Scope>,
}

/// What is to be changed of a run task, or set in a new one.
#[derive(Debug, Default)]
pub struct RunTaskChange {
    pub name: Option<String>,
    pub url: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub key: Option<SecretString>,
}

/// When a run task is called, and what its failure does to the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub stages: Vec<String>,
    pub enforcement_level: String,
}

impl Scope {
    /// Whether both mean the same: the order of stages has no meaning.
    pub fn is_like(&self, other: &Self) -> bool {
        let sorted = |it: &Self| {
            let mut stages = it.stages.clone();
            stages.sort_unstable();
            stages
        };
        self.enforcement_level == other.enforcement_level && sorted(self) == sorted(other)
    }
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workspace {
    pub name: String,
    pub id: String,
}

/// A run task in a workspace: HCP Terraform's `workspace-tasks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: String,
    pub task_id: String,
    pub workspace_id: String,
    pub scope: Scope,
}

/// Where a run task runs in every workspace.
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

/// A tag to find workspaces by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub key: String,
    pub value: Option<String>,
}

impl std::str::FromStr for Tag {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        // A comma separates tags on the wire.
        if key.is_empty() || key.contains(',') || value.as_ref().is_some_and(String::is_empty) {
            return Err("write KEY or KEY=VALUE");
        }
        Ok(Self { key: key.to_owned(), value })
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

/// HCP Terraform said no. The text is for people: what was asked, what it can mean, and the API's own words, which need
/// not be printable.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    pub status: StatusCode,
    text: String,
}

/// What a call is about, for what is said when it is refused.
#[derive(Debug, Clone, Copy)]
enum Asked<'a> {
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

impl HcpTerraform {
    /// Every run task of the organization, with its attachments and the workspaces those name.
    pub async fn all(&self) -> anyhow::Result<(Vec<RunTask>, Vec<Attachment>, Vec<Workspace>)> {
        let path = ["organizations", &self.organization, "tasks"];
        let query = [("include", "workspace_tasks,workspace_tasks.workspace")];
        let (mut tasks, mut attachments, mut workspaces) = (Vec::new(), Vec::new(), Vec::new());
        for page in self.pages(&path, &query, Asked::RunTasks).await? {
            tasks.extend(entries(&page, "data").filter_map(run_task));
            attachments.extend(entries(&page, "included").filter_map(|it| attachment(it, None)));
            workspaces.extend(entries(&page, "included").filter_map(workspace));
        }
        Ok((tasks, attachments, workspaces))
    }

    /// The run task called `name`, if there is one.
    pub async fn run_task(&self, name: &str) -> anyhow::Result<Option<RunTask>> {
        let path = ["organizations", &self.organization, "tasks"];
        let pages = self.pages(&path, &[], Asked::RunTasks).await?;
        let mut all = pages.iter().flat_map(|it| entries(it, "data")).filter_map(run_task);
        Ok(all.find(|it| it.name == name))
    }

    /// Creates a run task. HCP Terraform sends the probe meanwhile.
    pub async fn create(&self, wanted: &RunTaskChange) -> anyhow::Result<RunTask> {
        let url = self.url(&["organizations", &self.organization, "tasks"], &[]);
        let body = SecretString::from(wanted.document(None));
        let answer = self.call(Method::POST, &url, Some(&body), Asked::SaveRunTask).await?;
        answer
            .get("data")
            .and_then(run_task)
            .context("HCP Terraform created a run task and did not say which")
    }

    /// Changes a run task. HCP Terraform sends the probe meanwhile.
    pub async fn change(&self, id: &str, change: &RunTaskChange) -> anyhow::Result<()> {
        let body = SecretString::from(change.document(Some(id)));
        self.call(Method::PATCH, &self.url(&["tasks", id], &[]), Some(&body), Asked::SaveRunTask).await?;
        Ok(())
    }

    /// The workspaces with these names; a refusal names all that are missing.
    pub async fn workspaces(&self, names: &[String]) -> anyhow::Result<Vec<Workspace>> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            let url = self.url(&["organizations", &self.organization, "workspaces", name], &[]);
            match self.call(Method::GET, &url, None, Asked::Workspace(name)).await {
                Ok(answer) => found.extend(answer.get("data").and_then(workspace)),
                Err(error) if is_not_found(&error) => missing.push(name.as_str()),
                Err(error) => return Err(error),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let text = format!(
            "the organization {} has no workspace {}, or the owner of the token in TFE_TOKEN may not see it; nothing \
             was changed",
            self.organization,
            missing.join(", ")
        );
        Err(Refused { status: StatusCode::NOT_FOUND, text }.into())
    }

    /// The workspaces that have all of `tags`.
    pub async fn tagged(&self, tags: &[Tag]) -> anyhow::Result<Vec<Workspace>> {
        let keys: Vec<&str> = tags.iter().filter(|it| it.value.is_none()).map(|it| it.key.as_str()).collect();
        let pairs: Vec<_> =
            tags.iter().filter_map(|it| Some((it.key.as_str(), it.value.as_deref()?))).collect();
        let keys = keys.join(",");
        let names: Vec<_> = (0..pairs.len())
            .map(|at| (format!("filter[tagged][{at}][key]"), format!("filter[tagged][{at}][value]")))
            .collect();
        let mut query = Vec::new();
        if !keys.is_empty() {
            query.push(("search[tags]", keys.as_str()));
        }
        for ((key_name, value_name), (key, value)) in names.iter().zip(&pairs) {
            query.extend([(key_name.as_str(), *key), (value_name.as_str(), *value)]);
        }
        let path = ["organizations", &self.organization, "workspaces"];
        let pages = self.pages(&path, &query, Asked::Workspaces).await?;
        let mut found: Vec<_> =
            pages.iter().flat_map(|it| entries(it, "data")).filter_map(workspace).collect();
        found.sort();
        found.dedup();
        // A server that does not know the filter leaves it out, and would have every workspace attached.
        for workspace in found.iter().filter(|_| !pairs.is_empty()) {
            self.check_tags(workspace, &pairs).await?;
        }
        Ok(found)
    }

    async fn check_tags(&self, workspace: &Workspace, pairs: &[(&str, &str)]) -> anyhow::Result<()> {
        let path = ["workspaces", &workspace.id, "effective-tag-bindings"];
        let pages = self.pages(&path, &[], Asked::WorkspaceTags(&workspace.name)).await?;
        let has = |key: &str, value: &str| {
            pages.iter().flat_map(|it| entries(it, "data")).any(|it| {
                text(it, &["attributes", "key"]) == Some(key)
                    && text(it, &["attributes", "value"]) == Some(value)
            })
        };
        match pairs.iter().find(|(key, value)| !has(key, value)) {
            None => Ok(()),
            Some((key, value)) => anyhow::bail!(
                "{} does not find workspaces by tags with values: it named the workspace {}, which has no tag \
                 {key}={value}. Name the workspaces with --workspace",
                self.address.host_str().unwrap_or("HCP Terraform"),
                workspace.name,
            ),
        }
    }

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

    /// Where `task` runs in every workspace.
    pub async fn global(&self, task: &RunTask) -> anyhow::Result<Global> {
        let path = ["organizations", &self.organization, "task-configs"];
        let pages = match self.pages(&path, &[], Asked::TaskConfigurations).await {
            Ok(pages) => pages,
            Err(error) if is_not_found(&error) => {
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

    /// Runs `task` in every workspace, as `scope` says.
    pub async fn set_global(&self, task: &RunTask, current: &Global, scope: &Scope) -> anyhow::Result<()> {
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
                    "owner": { "data": { "type": "organizations", "id": self.organization } },
                });
                put(&mut data, "relationships", relationships);
                (Method::POST, self.url(&["organizations", &self.organization, "task-configs"], &[]))
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
        let answer = self.call(method, &url, Some(&body), Asked::SaveGlobal).await?;
        // An organization that may not have global run tasks gets no refusal: the part is left out.
        let taken = match current.kept {
            Kept::TaskConfiguration(_) => true,
            Kept::RunTask => answer.get("data").and_then(run_task).is_some_and(|it| it.own_global.is_some()),
        };
        if taken {
            return Ok(());
        }
        let text = format!(
            "the run task was not made global\nthe plan of the organization {} has no global run tasks",
            self.organization
        );
        Err(Refused { status: StatusCode::FORBIDDEN, text }.into())
    }

    /// All pages of a list.
    async fn pages(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        asked: Asked<'_>,
    ) -> anyhow::Result<Vec<Value>> {
        let mut pages = Vec::new();
        for number in 1..=PAGES {
            let number_text = number.to_string();
            let page = [("page[number]", number_text.as_str()), ("page[size]", PAGE_SIZE)];
            let url = self.url(path, &[query, &page].concat());
            let answer = self.call(Method::GET, &url, None, asked).await?;
            let next = at(&answer, &["meta", "pagination", "next-page"]).and_then(Value::as_u64);
            pages.push(answer);
            if next.is_none_or(|it| it <= number) {
                return Ok(pages);
            }
        }
        anyhow::bail!("{} lists more than {PAGES} pages", self.address.host_str().unwrap_or("HCP Terraform"))
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.address.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().extend(["api", "v2"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn call(
        &self,
        method: Method,
        url: &Url,
        body: Option<&SecretString>,
        asked: Asked<'_>,
    ) -> anyhow::Result<Value> {
        let body = body.map(ExposeSecret::expose_secret);
        let answer = self.client.call(method, url, &self.token, body).await;
        let answer = answer
            .with_context(|| format!("{} could not be asked", self.address.as_str().trim_end_matches('/')))?;
        if !answer.status.is_success() {
            return Err(self.refusal(asked, answer.status, &answer.body).into());
        }
        if answer.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| {
            format!("{} answered {} with something that is not JSON", self.address, answer.status)
        })
    }

    fn refusal(&self, asked: Asked<'_>, status: StatusCode, body: &[u8]) -> Refused {
        let host = self.address.host_str().unwrap_or("HCP Terraform");
        let organization = &self.organization;
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
        Refused { status, text }
    }
}

impl RunTaskChange {
    /// Whether there is anything to change.
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

fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refused>().is_some_and(|it| it.status == StatusCode::NOT_FOUND)
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

fn entries<'a>(page: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    page.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// `true`, also where it is quoted.
fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or(value == "true")
}

fn run_task(value: &Value) -> Option<RunTask> {
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

fn workspace(value: &Value) -> Option<Workspace> {
    let id = text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("workspaces"))?;
    Some(Workspace { id: id.to_owned(), name: text(value, &["attributes", "name"])?.to_owned() })
}

/// `workspace` is whose list it came from, where it came from one.
fn attachment(value: &Value, workspace: Option<&str>) -> Option<Attachment> {
    let related = |name| text(value, &["relationships", name, "data", "id"]);
    Some(Attachment {
        id: text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("workspace-tasks"))?.to_owned(),
        task_id: related("task")?.to_owned(),
        workspace_id: workspace.or_else(|| related("workspace"))?.to_owned(),
        scope: scope(value, "stages")?,
    })
}

/// Stages under the attribute `name`; Terraform Enterprise before April 2024 has one, under `stage`.
fn scope(value: &Value, name: &str) -> Option<Scope> {
    let attribute = |name| at(value, &["attributes", name]);
    let stages = attribute(name).and_then(stages);
    let stages = stages.or_else(|| Some(vec![attribute("stage")?.as_str()?.to_owned()]));
    let level = text(value, &["attributes", "enforcement-level"])?.to_owned();
    Some(Scope { stages: stages?, enforcement_level: level })
}

fn stages(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
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

    #[test]
    fn scopes_are_alike_whatever_the_order_of_stages() {
        let scope = |stages: &[&str], level: &str| Scope {
            stages: stages.iter().map(|it| (*it).to_owned()).collect(),
            enforcement_level: level.to_owned(),
        };
        let one = scope(&["pre_plan", "post_plan"], "advisory");
        assert!(one.is_like(&scope(&["post_plan", "pre_plan"], "advisory")));
        assert!(!one.is_like(&scope(&["post_plan", "pre_plan"], "mandatory")));
        assert!(!one.is_like(&scope(&["post_plan"], "advisory")));
    }

    #[test]
    fn tags_are_keys_with_or_without_a_value() {
        let read =
            |text: &str| text.parse::<Tag>().map(|it| (it.key.clone(), it.value.clone(), it.to_string()));
        assert_eq!(read("prod"), Ok(("prod".to_owned(), None, "prod".to_owned())));
        let pair = ("environment".to_owned(), Some("a=b".to_owned()), "environment=a=b".to_owned());
        assert_eq!(read("environment=a=b"), Ok(pair));
        for text in ["", "=prod", "environment=", "a,b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

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
