//! Plays an organization behind HCP Terraform's API, for whoever registers a run task.
//!
//! It takes what the documentation names, and refuses everything else. HCP Terraform ignores an attribute that it does
//! not know; here such a mistake shows.
//!
//! Sources: the pages "Tasks", "Task configurations" and "Workspaces" of HCP Terraform's API documentation. What HCP
//! Terraform says with a 422 is not published; those sentences are ours.

mod api;
mod attachments;
mod configurations;
mod contents;
mod document;
mod page;
mod run_tasks;
mod state;
mod workspaces;

pub use contents::{Organization, RunTask, Scope, Workspace};
pub(crate) use document::Request;
pub use state::SimulatedOrganization;
pub(crate) use state::State;
