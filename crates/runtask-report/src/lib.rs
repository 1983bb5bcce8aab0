#![doc = include_str!("../README.md")]

mod format;
mod github;
mod groups;
mod json;
mod junit;
mod markdown;
mod outcomes;
mod plain;
#[cfg(test)]
mod sample;
mod sarif;
mod standing;
mod terminal;

pub use format::{Format, UnknownFormat, render};
pub use github::github;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use outcomes::task_result;
pub use sarif::sarif;
pub use terminal::{Style, terminal};
