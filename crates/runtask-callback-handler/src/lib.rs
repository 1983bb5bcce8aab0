#![doc = include_str!("../README.md")]

mod attempt;
mod claims;
mod configuration;
mod decline;
mod disk;
mod end;
mod failure;
mod handler;
mod heartbeat;
#[cfg(feature = "lambda")]
pub mod lambda;
mod notice;
mod people;
mod plan;
mod stream;
mod work;

pub use attempt::{Attempt, Shutdown, StopAt};
pub use end::{End, NotDelivered};
pub use failure::{FailureHandler, RecordError};
pub use handler::Handler;
pub use people::NoPeople;
