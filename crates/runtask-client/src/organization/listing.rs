//! Lists an organization's run tasks and where they run.

use super::answer::entries;
use super::ask::{AskError, Organization};
use super::attachment::{Attachment, attachment};
use super::refusal::Asked;
use super::run_task::{RunTask, run_task};
use super::workspace::{Workspace, workspace};

/// An organization's run tasks, where they are attached, and the workspaces that those name.
#[derive(Debug, Default)]
pub struct Listing {
    /// The run tasks.
    pub run_tasks: Vec<RunTask>,
    /// What is attached where.
    pub attachments: Vec<Attachment>,
    /// The workspaces that the owner of the token may see.
    pub workspaces: Vec<Workspace>,
}

impl Organization {
    /// Lists every run task of the organization.
    ///
    /// # Errors
    ///
    /// When they cannot be read to the end.
    pub async fn list(&self) -> Result<Listing, AskError> {
        let path = ["organizations", &self.name, "tasks"];
        let query = [("include", "workspace_tasks,workspace_tasks.workspace")];
        let mut listing = Listing::default();
        for page in self.pages(&path, &query, &Asked::RunTasks).await? {
            listing.run_tasks.extend(entries(&page, "data").filter_map(run_task));
            listing.attachments.extend(entries(&page, "included").filter_map(|it| attachment(it, None)));
            listing.workspaces.extend(entries(&page, "included").filter_map(workspace));
        }
        Ok(listing)
    }
}
