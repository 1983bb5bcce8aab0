//! Lists an organization's run tasks and where they run.

use super::answer::{at, entries};
use super::ask::{AskError, Organization};
use super::attachment::{Attachment, attachment};
use super::refusal::Asked;
use super::run_task::{RunTask, run_task};
use super::workspace::{Workspace, workspace};
use serde_json::Value;

/// An organization's run tasks, where they are attached, and the workspaces that those name.
#[derive(Debug, Default)]
pub struct Listing {
    /// The run tasks.
    pub run_tasks: Vec<RunTask>,
    /// What is attached where.
    pub attachments: Vec<Attachment>,
    /// The workspaces that the owner of the token may see.
    pub workspaces: Vec<Workspace>,
    /// Those among them whose run tasks the owner of the token may not see.
    pub hidden: Vec<Workspace>,
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
        let pages = self.pages(&path, &query, &Asked::RunTasks).await?;
        for page in &pages {
            listing.run_tasks.extend(entries(page, "data").filter_map(run_task));
            listing.attachments.extend(entries(page, "included").filter_map(|it| attachment(it, None)));
            listing.workspaces.extend(entries(page, "included").filter_map(workspace));
        }
        // A server that does not know `include` leaves it out without a word.
        let left_out = pages.iter().all(|it| it.get("included").is_none());
        let may_be_attached = |it: &Value| {
            at(it, &["relationships", "tasks", "data"])
                .and_then(Value::as_array)
                .is_none_or(|it| !it.is_empty())
        };
        if left_out && pages.iter().flat_map(|it| entries(it, "data")).any(may_be_attached) {
            self.list_by_workspace(&mut listing).await?;
        }
        Ok(listing)
    }

    /// Asks every workspace for its run tasks.
    async fn list_by_workspace(&self, listing: &mut Listing) -> Result<(), AskError> {
        let pages = self.pages(&["organizations", &self.name, "workspaces"], &[], &Asked::Workspaces).await?;
        listing.workspaces = pages.iter().flat_map(|it| entries(it, "data")).filter_map(workspace).collect();
        for workspace in &listing.workspaces {
            match self.attachments(workspace).await {
                Ok(attachments) => listing.attachments.extend(attachments),
                Err(error) if error.is_not_found() => listing.hidden.push(workspace.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
