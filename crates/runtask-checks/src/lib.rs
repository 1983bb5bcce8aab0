#![doc = include_str!("../README.md")]

mod check;
#[doc(hidden)]
pub mod fmt;
mod notify;
mod plan_changes;
mod plan_counts;
mod plan_file;
mod plan_summary;
mod stop;
mod terraform;
mod unjudged;

pub use check::{Check, CheckKind, FileReader, Given, Inputs, LoadedCheck, Loading, Needs, Tried};
pub use fmt::{Compared, Different, Faults, Fmt, compare, unified_hunks, workers};
pub use notify::Notify;
pub use plan_changes::{PlanChanges, plan_changes};
pub use plan_file::{NoPlanError, json_plan};
pub use plan_summary::PlanSummary;
pub use stop::{Stop, Stopper};
pub use terraform::{FindError, TIME_LIMIT, Terraform};
pub use unjudged::Unjudged;
