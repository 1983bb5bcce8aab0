//! Describes what an organization has: workspaces, and run tasks as they were registered.

use runtask_protocol::Key;

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
    /// Whether the task configuration of a run task can be asked for, and a list of all is refused without a filter, as
    /// HCP Terraform's client has it; otherwise all are listed, and that is all.
    pub finds_task_configurations: bool,
    /// Whether its plan has global run tasks.
    pub global_run_tasks: bool,
    /// Whether a list of run tasks includes what is asked for beside it. A server that does not know `include` ignores it.
    pub includes: bool,
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
            finds_task_configurations: true,
            global_run_tasks: true,
            includes: true,
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
