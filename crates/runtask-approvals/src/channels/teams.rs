//! Asks in Microsoft Teams, through a Workflows webhook.
//!
//! Such a message cannot be changed or taken back, so a second, short one says how it ended. Whether anything was shown,
//! nobody can tell: 202 means that a flow was started, and a card of a form that the flow does not expect fails in silence.
//!
//! Sources: Microsoft, "Create incoming webhooks with Workflows", "Microsoft Teams – Connectors" (limits), "Retirement of Office 365
//! connectors within Microsoft Teams".

mod card;
mod channel;
mod form;
mod text;
mod webhook;

pub use channel::TeamsChannel;
pub use form::{CardForm, Mention, UnknownForm};
pub use webhook::{TeamsWebhook, WebhookError};
