//! Lists an organization's run tasks and where they run.

use super::answer::entries;
use super::ask::HcpTerraform;
use super::attachment::{Attachment, attachment};
use super::refusal::Asked;
use super::run_task::{RunTask, run_task};
use super::workspace::{Workspace, workspace};

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
}
