//! Registers run tasks in an organization of HCP Terraform: what is asked of its API, what is read of the answers, and
//! what a refusal means in plain words.
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

pub use ask::HcpTerraform;
pub use attachment::Attachment;
pub use global::Global;
pub use refusal::Refused;
pub use run_task::{RunTask, RunTaskChange};
pub use scope::Scope;
pub use tag::Tag;
pub use workspace::Workspace;
