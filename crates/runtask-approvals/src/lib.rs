#![doc = include_str!("../README.md")]

mod answered;
mod apply;
mod approval;
mod directory;
mod effects;
mod event;
mod facts;
mod keys;
mod link;
mod message;
mod person;
mod record;
mod refusal;
pub mod result;
mod rules;
mod seal;
mod status;
pub mod store;
mod tally;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
mod text;
mod time;
mod token;
mod verdict;
mod vote;

pub use apply::{MAX_VOTES, apply};
pub use approval::{Approval, FORMAT, KEPT, Question};
pub use directory::{Directory, Group};
pub use effects::{RUNNING_EVERY, due_at, effects};
pub use event::Event;
pub use facts::{MAX_DESTROYS, PlanFacts, Policy, RunFacts};
pub use keys::{Keys, Purpose, SealError, Secret, SecretError};
pub use link::{LINK_KEPT, Link, Offer};
pub use message::{Answer, Channel, Effect, Entry, Fact, Message, Sending, UnknownMessage};
pub use person::{Identity, Person, Proof, Voter};
pub use record::RecordError;
pub use refusal::Refusal;
pub use rules::{BreakGlass, MAX_GROUPS, MAX_REQUIRED, Reject, Requirement, Rules};
pub use seal::Sealed;
pub use status::{Cause, Decision, Status};
pub use tally::{Progress, progress, who};
pub use time::UnixTime;
pub use token::{open_token, seal_token};
pub use verdict::Verdict;
pub use vote::{Ballot, Choice, Vote};
