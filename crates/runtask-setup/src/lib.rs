#![doc = include_str!("../README.md")]

mod asking;
mod checks;
mod client;
mod failure_settings;
mod job_settings;
mod report_settings;
mod task_set;
mod tasks_file;

pub use asking::Asking;
pub use checks::{CHECKS, ENTRIES};
pub use client::client_settings;
pub use failure_settings::FailureSettings;
pub use job_settings::{JobSettings, max_plan_bytes};
pub use report_settings::{ReportPlace, ReportSettings};
pub use task_set::{LoadedTask, TaskSet};
pub use tasks_file::{TasksFile, TasksFileKinds, tasks_file_kinds};
