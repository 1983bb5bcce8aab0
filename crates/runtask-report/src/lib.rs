#![doc = include_str!("../README.md")]

mod format;
mod github;
mod gitlab;
mod groups;
mod json;
mod junit;
mod markdown;
mod outcomes;
mod page;
mod plain;
#[cfg(test)]
mod sample;
mod sarif;
mod standing;
mod terminal;

pub use format::{Format, UnknownFormat, render};
pub use github::github;
pub use gitlab::gitlab;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use outcomes::{linked_task_result, task_result};
pub use page::{CONTENT_SECURITY_POLICY, Fact, MAX_PAGE_BYTES, PageDetails, page};
pub use sarif::sarif;
pub use standing::summary;
pub use terminal::{Style, terminal};
