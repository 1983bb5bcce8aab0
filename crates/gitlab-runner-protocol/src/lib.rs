#![doc = include_str!("../README.md")]

mod abandoned;
pub mod client;
mod conversation;
mod failure_reason;
mod final_state;
mod identity;
pub mod job;
pub mod log;
mod reporter;
mod secret;

pub use failure_reason::FailureReason;
pub use final_state::{Delivery, DeliveryError, FinalState};
pub use identity::{Identity, MoreFeatures, SystemId};
pub use reporter::{ReportSettings, Reporter};
pub use reqwest::StatusCode;
pub use secret::{JobToken, RunnerToken, SecretText};
