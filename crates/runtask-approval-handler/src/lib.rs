#![doc = include_str!("../README.md")]

#[cfg(feature = "lambda")]
mod asker;
mod handler;
#[cfg(feature = "lambda")]
pub mod lambda;
mod settings;
#[cfg(feature = "lambda")]
mod sweep;

#[cfg(feature = "lambda")]
pub use asker::{Asker, NoAsker};
pub use handler::ApprovalHandler;
pub use settings::{HandlerSettings, RoomSettings, SignInSettings, SlackApiSettings, SlackAppSettings};
#[cfg(feature = "lambda")]
pub use sweep::sweep;
