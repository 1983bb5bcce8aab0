#![doc = include_str!("../README.md")]

mod channel;
mod datadog;
mod message;
mod notifier;
mod pagerduty;
mod place;
mod request;
mod send;
mod settings;
mod slack;
mod teams;
mod webhook;

pub use channel::Channel;
pub use message::{Message, Outcome};
pub use notifier::{Notifier, Told};
pub use send::NotSent;
pub use settings::{ChannelSettings, SETTINGS};
