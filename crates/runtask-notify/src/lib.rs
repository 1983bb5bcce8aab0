#![doc = include_str!("../README.md")]

mod answer;
mod channel;
mod datadog;
mod eventbridge;
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
pub use eventbridge::Events;
pub use message::{Message, Outcome};
pub use notifier::{Notifier, Told};
pub use send::NotSent;
pub use settings::{ChannelSettings, SETTINGS};
