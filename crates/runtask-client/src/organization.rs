//! Registers run tasks in an organization of HCP Terraform: run tasks, the workspaces they are attached to,
//! and the task configurations that run them everywhere.
//!
//! Sources: the pages "Tasks", "Task configurations" and "Workspaces" of HCP Terraform's API documentation. Reading is
//! lenient, because the pages do not always show what the service sends: their samples quote booleans.

mod answer;
mod ask;
mod attachment;
mod global;
mod listing;
mod refusal;
mod run_task;
mod scope;
mod tag;
mod workspace;

pub use ask::{AskError, Organization};
pub use attachment::Attachment;
pub use global::{Global, SetGlobalError};
pub use listing::Listing;
pub use refusal::{Asked, Refusal};
pub use run_task::{CreateRunTaskError, RunTask, RunTaskChange};
pub use scope::Scope;
pub use tag::{BadTag, Tag};
pub use workspace::{FindByNameError, FindByTagError, Workspace};
