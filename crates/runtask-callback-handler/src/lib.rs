#![doc = include_str!("../README.md")]

mod attempt;
mod config;
mod configuration;
mod disk;
mod handler;
mod heartbeat;
mod plan;
mod stream;
mod task;
mod work;

pub use attempt::{Attempt, Shutdown, StopAt};
pub use config::{Settings, client_from, terraform_from};
pub use handler::{End, Handler, NotReported};
pub use task::CheckName;
