//! Stand-ins for the services around approvals: an identity provider, Microsoft Teams, Slack.
//!
//! Each is a small server on loopback that takes what the real one takes, refuses what the real one refuses, and remembers
//! what it was sent. They judge by numbers of their own. A visitor goes from one to the other as a person would.

mod issuer;
mod listener;
mod slack;
mod teams;
mod visitor;

pub use issuer::{Account, Forgery, Signing, StandInIssuer};
pub use slack::{SlackUser, StandInSlack};
pub use teams::{Flow, Posted, StandInTeams};
pub use visitor::{Page, Visitor, Wish};
