//! `RUNTASK_DIALECT=teams-approval`: answers as ms-teams-approval-run-task did, for those who switch over from it.
//!
//! Its environment becomes a file of tasks with one task, and its texts and statuses stand between that task and its caller.
//! All else is as it always is: the record, the store, signs of life, pages. docs/migrating.md says what differs, and why.

mod filter;
mod links;
mod reply;
mod requests;
mod settings;

pub(crate) use filter::AutoApproval;
pub(crate) use links::{answer_link, choice};
pub(crate) use requests::{Requests, is_task};
pub(crate) use settings::Dialect;
