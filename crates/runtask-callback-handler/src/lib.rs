#![doc = include_str!("../README.md")]

mod attempt;
mod claims;
mod config;
mod configuration;
mod decline;
mod disk;
mod failure;
mod handler;
mod heartbeat;
#[cfg(feature = "lambda")]
pub mod lambda;
mod plan;
mod stream;
mod tasks;
mod work;

pub use attempt::{Attempt, Shutdown, StopAt};
pub use config::{Settings, client_from, max_plan_bytes_from, terraform_from};
pub use failure::{FailureHandler, RecordError};
pub use handler::{End, Handler, NotReported};
pub use tasks::{TaskSet, TasksFile, evaluator_from};
