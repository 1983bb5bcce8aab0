#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod characters;
mod doubt;
mod edits;
mod files;
mod formatted;
mod formatter;
mod kind;
mod label;
mod layout;
mod limits;
mod parser;
mod refusal;
mod scanner;
mod summary;
mod tables;
#[cfg(test)]
mod tests;
mod token;
mod work;

pub use doubt::{Doubt, DoubtReason};
pub use files::{Flavour, Version, is_formatted, is_ignored};
pub use formatted::{Formatted, Loss, LossKind};
pub use formatter::{Formatter, format};
pub use limits::{MAX_DEPTH, MAX_INPUT_BYTES};
pub use refusal::{Refusal, SyntaxError};
pub use summary::Summary;
