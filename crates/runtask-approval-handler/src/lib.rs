#![doc = include_str!("../README.md")]

mod handler;
mod settings;

pub use handler::ApprovalHandler;
pub use settings::{HandlerSettings, RoomSettings, SignInSettings, SlackApiSettings, SlackAppSettings};
