#![doc = include_str!("../README.md")]

mod json;
mod outcomes;
mod terminal;

pub use json::json;
pub use outcomes::task_result;
pub use terminal::terminal;
