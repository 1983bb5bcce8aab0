//! Asks in Slack, as a bot: the message is changed when it is decided, and buttons in it may be votes.
//!
//! Sources: Slack, "chat.postMessage", "chat.update", "Verifying requests from Slack", "Handling user interaction", "users.info",
//! "Rate limits".

mod api;
mod app;
mod channel;
mod interaction;
mod message;
mod people;
mod refusal;
mod signature;

pub use api::{SlackApi, SlackToken};
pub use app::{SLACK_REPLIES, SlackApp, SlackSettings};
pub use channel::{SlackButtons, SlackChannel};
pub use interaction::{Click, Interaction, Place, Reason};
pub use people::SlackPersonError;
pub use refusal::SlackRefusal;
pub use signature::{SigningSecret, SigningSecretError};
