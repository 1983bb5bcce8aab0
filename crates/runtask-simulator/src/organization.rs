//! An organization's run tasks and workspaces behind HCP Terraform's API, for whoever registers a run task.
//!
//! It takes what the documentation says that it takes, and refuses the rest: an attribute that HCP Terraform does not
//! know would be ignored there, and here is a mistake that shows.
//!
//! Sources: the pages "Tasks", "Task configurations" and "Workspaces" of HCP Terraform's API documentation. What HCP
//! Terraform says with a 422 is not published; those sentences are ours.

use crate::callback::MEDIA_TYPE;
use crate::delivery::{self, Signature};
use crate::random;
use crate::reply::Reply;
use crate::request;
use crate::spec::{RunSpec, Target};
use http::Method;
use runtask_protocol::Key;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// What an organization has, and what it is like.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its name.
    pub name: String,
    /// Its workspaces.
    pub workspaces: Vec<Workspace>,
    /// Entries of a page where nobody asks for fewer; HCP Terraform's is 20.
    pub page_size: usize,
    /// Whether global run tasks are kept in task configurations, as HCP Terraform does since 2026, or in the run task
    /// itself, as Terraform Enterprise does.
    pub task_configurations: bool,
    /// Whether its plan has global run tasks.
    pub global_run_tasks: bool,
    /// Whether workspaces can be filtered by tags with values. A server that does not know the filter ignores it.
    pub filters_by_value: bool,
    /// How many requests are answered 429 before the first that is not.
    pub too_many_requests: usize,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            name: "simulated-organization".to_owned(),
            workspaces: Vec::new(),
            page_size: 20,
            task_configurations: true,
            global_run_tasks: true,
            filters_by_value: true,
            too_many_requests: 0,
        }
    }
}

/// A workspace of an [`Organization`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Its tags: keys, with a value where there is one.
    pub tags: Vec<(String, Option<String>)>,
}

/// A run task as it was registered.
#[derive(Debug, Clone)]
pub struct RunTask {
    /// `task-…`
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is called.
    pub url: String,
    /// What people read about it.
    pub description: Option<String>,
    /// Whether it is called.
    pub enabled: bool,
    /// What requests are signed with.
    pub key: Option<Key>,
    /// Where it runs in every workspace.
    pub global: Option<Scope>,
    /// By the workspace's name.
    pub attachments: Vec<(String, Scope)>,
}

/// When a run task is called, and what its failure does to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The stages.
    pub stages: Vec<String>,
    /// `advisory` or `mandatory`.
    pub enforcement_level: String,
}

/// An organization that the simulator plays. Clones share it.
#[derive(Clone)]
pub struct SimulatedOrganization(pub(crate) Arc<State>);

impl fmt::Debug for SimulatedOrganization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatedOrganization").field("name", &self.0.spec.name).finish_non_exhaustive()
    }
}

impl SimulatedOrganization {
    /// The one token that may do everything.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.0.token
    }

    /// Its run tasks, in the order of their creation.
    #[must_use]
    pub fn run_tasks(&self) -> Vec<RunTask> {
        self.0.records().tasks.iter().map(|it| it.task.clone()).collect()
    }

    /// The method and path of every request that changed something, or was refused to.
    #[must_use]
    pub fn writes(&self) -> Vec<String> {
        self.0.records().writes.clone()
    }

    /// How many probes were sent.
    #[must_use]
    pub fn probes(&self) -> usize {
        self.0.records().probes
    }
}

pub(crate) struct State {
    spec: Organization,
    token: String,
    /// `ws-…`, in the order of the workspaces.
    workspace_ids: Vec<String>,
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    tasks: Vec<Registered>,
    writes: Vec<String>,
    probes: usize,
    requests: usize,
}

struct Registered {
    task: RunTask,
    /// `wstask-…`, in the order of the attachments.
    attachment_ids: Vec<String>,
    /// `taskcfg-…`, once there is one.
    configuration: Option<String>,
}

/// A request to the API.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    /// What follows `/api/v2/`, decoded.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Why a request is refused.
struct Refusal {
    status: u16,
    detail: String,
    pointer: Option<&'static str>,
}

type Judged<T> = Result<T, Refusal>;

/// What may not be seen does not exist, either.
const NOT_FOUND: Refusal = Refusal { status: 404, detail: String::new(), pointer: None };

fn refusal(status: u16, detail: &str) -> Refusal {
    Refusal { status, detail: detail.to_owned(), pointer: None }
}

fn unprocessable(pointer: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal { status: 422, detail: detail.into(), pointer: Some(pointer) }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let Refusal { status, detail, pointer } = refusal;
        let reply = Self::errors(status, vec![(detail, pointer.map(str::to_owned))]);
        Self { retry_after: (status == 429).then_some(0), ..reply }
    }
}

impl State {
    pub(crate) fn new(spec: Organization) -> Self {
        let workspace_ids = spec.workspaces.iter().map(|_| random::id("ws")).collect();
        Self { spec, token: random::token(), workspace_ids, records: Mutex::default() }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn answer(&self, request: &Request<'_>) -> Reply {
        match self.judge(request).await {
            Ok((status, body)) => Reply { status: Some(status), retry_after: None, body },
            Err(refusal) => refusal.into(),
        }
    }

    async fn judge(&self, request: &Request<'_>) -> Judged<(u16, Option<Value>)> {
        if request.authorization != Some(&format!("Bearer {}", self.token)) {
            return Err(refusal(401, ""));
        }
        {
            let mut records = self.records();
            records.requests += 1;
            if records.requests <= self.spec.too_many_requests {
                return Err(refusal(429, "You have exceeded the API's rate limit."));
            }
            if request.method != Method::GET {
                records.writes.push(format!("{} {}", request.method, request.path.join("/")));
            }
        }
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let organization = self.spec.name.as_str();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["organizations", name, "tasks"]) if *name == organization => Ok(self.tasks(request)),
            ("POST", ["organizations", name, "tasks"]) if *name == organization => {
                self.create_task(request).await
            }
            ("GET", ["tasks", id]) => Ok((200, Some(json!({ "data": self.task(id)? })))),
            ("PATCH", ["tasks", id]) => self.change_task(request, id).await,
            ("GET", ["organizations", name, "workspaces"]) if *name == organization => {
                Ok((200, Some(self.page(request, self.filtered(request)))))
            }
            ("GET", ["organizations", name, "workspaces", workspace]) if *name == organization => {
                let index =
                    self.spec.workspaces.iter().position(|it| it.name == *workspace).ok_or(NOT_FOUND)?;
                Ok((200, Some(json!({ "data": self.workspace(index) }))))
            }
            ("GET", ["workspaces", id, "effective-tag-bindings"]) => {
                let tags = self.workspace_of(id)?.tags.iter().map(|(key, value)| {
                    json!({
                        "type": "effective-tag-bindings",
                        "attributes": { "key": key, "value": value.as_deref().unwrap_or_default() },
                    })
                });
                Ok((200, Some(json!({ "data": tags.collect::<Vec<_>>() }))))
            }
            ("GET", ["workspaces", id, "tasks"]) => {
                let name = self.workspace_of(id)?.name.clone();
                let all = self.attachments().into_iter().filter(|(workspace, _)| *workspace == name);
                let all = all.map(|(_, attachment)| attachment).collect();
                Ok((200, Some(self.page(request, all))))
            }
            ("POST", ["workspaces", id, "tasks"]) => self.attach(request, id),
            ("PATCH", ["workspaces", id, "tasks", attachment]) => self.reattach(request, id, attachment),
            (method, path @ (["organizations", ..] | ["task-configs", ..]))
                if self.spec.task_configurations =>
            {
                self.configure(request, method, path)
            }
            _ => Err(NOT_FOUND),
        }
    }

    fn tasks(&self, request: &Request<'_>) -> (u16, Option<Value>) {
        let ids: Vec<String> = self.records().tasks.iter().map(|it| it.task.id.clone()).collect();
        let all = ids.iter().filter_map(|it| self.task(it).ok()).collect();
        let mut page = self.page(request, all);
        let included = request
            .query
            .iter()
            .any(|(name, value)| name == "include" && value == "workspace_tasks,workspace_tasks.workspace");
        if included && let Some(page) = page.as_object_mut() {
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
    fn task(&self, id: &str) -> Judged<Value> {
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

    async fn create_task(&self, request: &Request<'_>) -> Judged<(u16, Option<Value>)> {
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

    async fn change_task(&self, request: &Request<'_>, id: &str) -> Judged<(u16, Option<Value>)> {
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

    /// The workspace at `index`, as HCP Terraform answers it.
    fn workspace(&self, index: usize) -> Value {
        let Some((workspace, id)) = self.spec.workspaces.get(index).zip(self.workspace_ids.get(index)) else {
            return Value::Null;
        };
        let names: Vec<&String> = workspace.tags.iter().map(|(key, _)| key).collect();
        json!({
            "id": id,
            "type": "workspaces",
            "attributes": { "name": workspace.name, "tag-names": names, "execution-mode": "remote" },
            "relationships": { "organization": { "data": { "id": self.spec.name, "type": "organizations" } } },
            "links": { "self": format!("/api/v2/organizations/{}/workspaces/{}", self.spec.name, workspace.name) },
        })
    }

    fn workspace_of(&self, id: &str) -> Judged<&Workspace> {
        let index = self.workspace_ids.iter().position(|it| it == id);
        index.and_then(|it| self.spec.workspaces.get(it)).ok_or(NOT_FOUND)
    }

    /// Workspaces by `search[tags]` and `filter[tagged][i][key|value]`: those that have all of it.
    fn filtered(&self, request: &Request<'_>) -> Vec<Value> {
        let mut wanted: Vec<(String, Option<String>)> = Vec::new();
        let mut filters: HashMap<&str, (Option<&str>, Option<&str>)> = HashMap::new();
        for (name, value) in &request.query {
            if name == "search[tags]" {
                wanted.extend(value.split(',').map(|it| (it.to_owned(), None)));
            } else if let Some(filter) = name.strip_prefix("filter[tagged][")
                && let Some((index, part)) = filter.split_once("][")
            {
                let entry = filters.entry(index).or_default();
                match part {
                    "key]" => entry.0 = Some(value),
                    _ => entry.1 = Some(value),
                }
            }
        }
        if self.spec.filters_by_value {
            let filters = filters
                .values()
                .filter_map(|(key, value)| Some(((*key)?.to_owned(), value.map(str::to_owned))));
            wanted.extend(filters);
        }
        let has = |workspace: &Workspace, (key, value): &(String, Option<String>)| {
            workspace.tags.iter().any(|it| it.0 == *key && (value.is_none() || it.1 == *value))
        };
        let all = self.spec.workspaces.iter().enumerate();
        let fitting = all.filter(|(_, workspace)| wanted.iter().all(|it| has(workspace, it)));
        fitting.map(|(index, _)| self.workspace(index)).collect()
    }

    /// Every attachment with its workspace's name.
    fn attachments(&self) -> Vec<(String, Value)> {
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

    fn attach(&self, request: &Request<'_>, workspace: &str) -> Judged<(u16, Option<Value>)> {
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

    fn reattach(&self, request: &Request<'_>, workspace: &str, id: &str) -> Judged<(u16, Option<Value>)> {
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

    /// Task configurations: one for a run task that is, or was, global.
    fn configure(&self, request: &Request<'_>, method: &str, path: &[&str]) -> Judged<(u16, Option<Value>)> {
        let of_organization = path == ["organizations", self.spec.name.as_str(), "task-configs"];
        match (method, path) {
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

    /// One page of a list. HCP Terraform gives 100 entries at most.
    fn page(&self, request: &Request<'_>, all: Vec<Value>) -> Value {
        let number = |name: &str| {
            request.query.iter().find(|it| it.0 == name).and_then(|it| it.1.parse::<usize>().ok())
        };
        let size = number("page[size]").unwrap_or(20).min(self.spec.page_size).max(1);
        let current = number("page[number]").unwrap_or(1).max(1);
        let (count, pages) = (all.len(), all.len().div_ceil(size).max(1));
        let data: Vec<Value> = all.into_iter().skip((current - 1) * size).take(size).collect();
        json!({
            "data": data,
            "meta": { "pagination": {
                "current-page": current,
                "page-size": size,
                "prev-page": (current > 1).then(|| current - 1),
                "next-page": (current < pages).then_some(current + 1),
                "total-pages": pages,
                "total-count": count,
            }},
        })
    }
}

const TASK_ATTRIBUTES: &[&str] =
    &["name", "url", "description", "category", "hmac-key", "enabled", "global-configuration"];
const ATTACHMENT_ATTRIBUTES: &[&str] = &["enforcement-level", "stage", "stages"];
const CONFIGURATION_ATTRIBUTES: &[&str] = &["global", "enforcement-level", "allowed-stages"];

/// The attributes of a request's document, which must be of this type and have no others than `known`.
fn read(request: &Request<'_>, type_name: &str, known: &[&str]) -> Judged<Map<String, Value>> {
    if request.content_type != Some(MEDIA_TYPE) {
        return Err(refusal(415, &format!("The content type must be {MEDIA_TYPE}")));
    }
    let document = document(request);
    if document.pointer("/data/type") != Some(&json!(type_name)) {
        return Err(unprocessable("/data/type", format!("Type must be {type_name}")));
    }
    let attributes =
        document.pointer("/data/attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    match attributes.keys().find(|it| !known.contains(&it.as_str())) {
        Some(name) => Err(unprocessable("/data/attributes", format!("There is no attribute {name}"))),
        None => Ok(attributes),
    }
}

fn document(request: &Request<'_>) -> Value {
    serde_json::from_slice(request.body).unwrap_or_default()
}

/// The id of a related resource.
fn related(request: &Request<'_>, name: &str) -> Option<String> {
    let id = document(request).pointer(&format!("/data/relationships/{name}/data/id"))?.as_str()?.to_owned();
    Some(id)
}

fn string(attributes: &Map<String, Value>, name: &str) -> Judged<Option<String>> {
    match attributes.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(unprocessable("/data/attributes", format!("{name} must be a string"))),
    }
}

fn scope(attributes: &Map<String, Value>, stages_name: &str) -> Judged<Scope> {
    let stages = attributes.get(stages_name).and_then(Value::as_array);
    let stages: Option<Vec<String>> = match stages {
        Some(stages) => stages.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        None => Some(vec!["post_plan".to_owned()]),
    };
    let known = |it: &String| matches!(it.as_str(), "pre_plan" | "post_plan" | "pre_apply" | "post_apply");
    let stages = stages.filter(|it| !it.is_empty() && it.iter().all(known));
    let stages = stages.ok_or_else(|| unprocessable("/data/attributes/stages", "Stages are invalid"))?;
    match attributes.get("enforcement-level").and_then(Value::as_str) {
        Some(level @ ("advisory" | "mandatory")) => Ok(Scope { stages, enforcement_level: level.to_owned() }),
        _ => Err(unprocessable("/data/attributes/enforcement-level", "Enforcement level is invalid")),
    }
}
