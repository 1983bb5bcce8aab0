//! Asks people in Microsoft Teams and Slack, and tells them how it ended.
//!
//! What a message says is derived from the approval when it is sent, so it can be sent again. What became of a try is an
//! [`Answer`](crate::Answer); when it is tried again, the approval decides. Addresses and tokens of channels are secrets.

mod answers;
mod links;
mod rate_limit;
pub mod slack;
pub mod teams;
mod words;

pub use links::{LinkForm, Links};
