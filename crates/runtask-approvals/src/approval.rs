//! Holds one approval: everything that is known of it, as it is kept in a store.
//!
//! It holds no clock and sends nothing. [`apply`](crate::apply()) moves it, [`effects`](crate::effects()) says what is to be
//! sent.

use crate::facts::{PlanFacts, Policy, RunFacts, bounded_policies};
use crate::lease::Lease;
use crate::message::{Channel, Entry, Message};
use crate::rules::Rules;
use crate::seal::Sealed;
use crate::status::Status;
use crate::time::UnixTime;
use crate::vote::Vote;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The form of a record that this version writes. Raise it when an older reader would do the wrong thing.
pub const FORMAT: u32 = 1;

/// How long after its closing time an approval is kept: a late click sees who decided.
pub const KEPT: Duration = Duration::from_hours(25);

/// One approval. Its key is the task result's id: one stage of one run, so one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The form it was written in.
    pub format: u32,
    /// The task result's id, `taskrs-…`.
    pub id: String,
    /// The name of the task in `runtask.toml`.
    #[serde(default)]
    pub task: String,
    /// Since when people are asked.
    pub asked_at: UnixTime,
    /// When the time to answer is up.
    pub closes_at: UnixTime,
    /// Where it stands.
    pub status: Status,
    /// The run that waits.
    pub run: RunFacts,
    /// What its plan would do; `None` where there is no plan or nobody could read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanFacts>,
    /// What policies said, those that failed first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<Policy>,
    /// What it is judged by.
    pub rules: Rules,
    /// All answers in the order in which they came, those that were taken back among them.
    #[serde(default)]
    pub votes: Vec<Vote>,
    /// Where results go.
    pub callback_url: String,
    /// What results are sent with; gone when nothing more can be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_token: Option<Sealed>,
    /// Whether results may carry outcomes; older versions of Terraform Enterprise take none.
    #[serde(default)]
    pub accepts_outcomes: bool,
    /// When HCP Terraform last took word of this task result.
    pub running_at: UnixTime,
    /// Where the question goes, at least one, each once.
    pub channels: Vec<Channel>,
    /// Where it goes when one of them does not take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Channel>,
    /// Who sends what is due just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// How far messages have come.
    #[serde(default)]
    pub outbox: Vec<Entry>,
}

/// What an approval is made of.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields of `Approval`")]
pub struct Question {
    pub id: String,
    pub task: String,
    pub closes_at: UnixTime,
    pub run: RunFacts,
    pub plan: Option<PlanFacts>,
    pub policies: Vec<Policy>,
    pub rules: Rules,
    pub callback_url: String,
    pub sealed_token: Sealed,
    pub accepts_outcomes: bool,
    pub channels: Vec<Channel>,
    pub fallback: Option<Channel>,
}

impl Approval {
    /// Asks. HCP Terraform has heard of this task result just now. Texts are cut to what a record holds.
    #[must_use]
    pub fn ask(question: Question, now: UnixTime) -> Self {
        Self {
            format: FORMAT,
            id: question.id,
            task: question.task,
            asked_at: now,
            closes_at: question.closes_at,
            status: Status::Open,
            run: question.run.bounded(),
            plan: question.plan.map(PlanFacts::bounded),
            policies: bounded_policies(question.policies),
            rules: question.rules,
            votes: Vec::new(),
            callback_url: question.callback_url,
            sealed_token: Some(question.sealed_token),
            accepts_outcomes: question.accepts_outcomes,
            running_at: now,
            channels: question.channels,
            fallback: question.fallback,
            lease: None,
            outbox: Vec::new(),
        }
    }

    /// Whether the plan destroys something.
    #[must_use]
    pub fn destroys(&self) -> bool {
        self.plan.as_ref().is_some_and(|it| it.destroy > 0)
    }

    /// When it is forgotten.
    #[must_use]
    pub const fn expires_at(&self) -> UnixTime {
        self.closes_at.plus(KEPT)
    }

    /// How far a message has come; `None` when it was never tried.
    #[must_use]
    pub fn entry(&self, message: &Message) -> Option<&Entry> {
        self.outbox.iter().find(|it| it.message == *message)
    }

    pub(crate) fn put_entry(&mut self, entry: Entry) {
        match self.outbox.iter_mut().find(|it| it.message == entry.message) {
            Some(known) => *known = entry,
            None => self.outbox.push(entry),
        }
    }

    /// The votes that count.
    pub fn counted(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|it| it.counts())
    }
}
