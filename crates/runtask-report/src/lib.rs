#![doc = include_str!("../README.md")]

mod groups;
mod json;
mod outcomes;
mod plain;
#[cfg(test)]
mod sample;
mod standing;
mod terminal;

pub use json::json;
pub use outcomes::task_result;
pub use terminal::terminal;
