//! Holds what can happen to an approval.

use crate::message::{Answer, Message};
use crate::person::Person;
use crate::vote::Ballot;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody answers.
    Vote(Ballot),
    /// Somebody takes their answer back.
    Withdraw(Person),
    /// Time has passed.
    Tick,
    /// The service stops, and with it what it remembers.
    Stop,
    /// A message was tried.
    Tried {
        /// Which one.
        message: Message,
        /// What came of it.
        answer: Answer,
    },
}
