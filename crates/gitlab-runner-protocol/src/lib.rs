#![doc = include_str!("../README.md")]

pub mod client;
mod failure_reason;
mod identity;
pub mod job;
pub mod log;
mod reporter;
mod secret;

pub use failure_reason::FailureReason;
pub use identity::{Identity, MoreFeatures, SystemId};
pub use reporter::{Delivery, DeliveryError, FinalState, ReportSettings, Reporter};
pub use reqwest::StatusCode;
pub use secret::{JobToken, RunnerToken, SecretText};
