#![doc = include_str!("../README.md")]

mod attempt;
mod claims;
mod configuration;
mod decline;
mod disk;
mod end;
#[cfg(feature = "lambda")]
mod event_bus;
mod failure;
mod handler;
mod heartbeat;
#[cfg(feature = "lambda")]
pub mod lambda;
mod notice;
mod page_of_result;
mod people;
mod plan;
#[cfg(feature = "reports")]
mod reports;
mod stream;
mod telling;
mod work;

pub use attempt::{Attempt, Shutdown, StopAt};
pub use end::{End, NotDelivered};
pub use failure::{FailureHandler, RecordError};
pub use handler::Handler;
pub use page_of_result::{Judged, KeepPage, Kept};
pub use people::NoPeople;
#[cfg(feature = "reports")]
pub use reports::{Reports, page_facts};
