//! Names every message that an approval can send, and holds how far each has come.

use crate::time::UnixTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A message. What it says is derived from the approval when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Message {
    /// The final result, to HCP Terraform.
    Verdict,
    /// `running`, to HCP Terraform, again and again.
    Running,
    /// The question, to a channel.
    Card(Channel),
    /// How it ended, to a channel that has the question.
    FollowUp(Channel),
    /// A fact, to the audit log.
    Audit(Fact),
}

/// A channel as settings write it: `teams:payments`, `slack:C0EXAMPLE01`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channel(pub String);

/// A fact for the audit log, once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Who was asked for what.
    Asked,
    /// The vote with this place in the list of votes.
    Vote(usize),
    /// That this vote was taken back.
    Withdrawn(usize),
    /// The verdict.
    Decided,
    /// What became of it.
    Ended,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict => f.write_str("verdict"),
            Self::Running => f.write_str("running"),
            Self::Card(Channel(name)) => write!(f, "card/{name}"),
            Self::FollowUp(Channel(name)) => write!(f, "follow-up/{name}"),
            Self::Audit(Fact::Asked) => f.write_str("audit/asked"),
            Self::Audit(Fact::Vote(number)) => write!(f, "audit/vote/{number}"),
            Self::Audit(Fact::Withdrawn(number)) => write!(f, "audit/withdrawn/{number}"),
            Self::Audit(Fact::Decided) => f.write_str("audit/decided"),
            Self::Audit(Fact::Ended) => f.write_str("audit/ended"),
        }
    }
}

/// A text that names no message.
#[derive(Debug, thiserror::Error)]
#[error("this names no message of an approval")]
pub struct UnknownMessage;

impl FromStr for Message {
    type Err = UnknownMessage;

    fn from_str(text: &str) -> Result<Self, UnknownMessage> {
        let number = |it: &str| it.parse().map_err(|_no_number| UnknownMessage);
        match text {
            "verdict" => return Ok(Self::Verdict),
            "running" => return Ok(Self::Running),
            "audit/asked" => return Ok(Self::Audit(Fact::Asked)),
            "audit/decided" => return Ok(Self::Audit(Fact::Decided)),
            "audit/ended" => return Ok(Self::Audit(Fact::Ended)),
            _ => {}
        }
        match text.split_once('/') {
            Some(("card", name)) => Ok(Self::Card(Channel(name.to_owned()))),
            Some(("follow-up", name)) => Ok(Self::FollowUp(Channel(name.to_owned()))),
            Some(("audit", fact)) => match fact.split_once('/') {
                Some(("vote", it)) => Ok(Self::Audit(Fact::Vote(number(it)?))),
                Some(("withdrawn", it)) => Ok(Self::Audit(Fact::Withdrawn(number(it)?))),
                _ => Err(UnknownMessage),
            },
            _ => Err(UnknownMessage),
        }
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How far a message has come. One that was never tried has no entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which one.
    #[serde(rename = "key")]
    pub message: Message,
    /// How far.
    pub state: Sending,
    /// How often it was tried since it was last taken.
    #[serde(default)]
    pub tries: u32,
    /// When it is tried again; when it was taken or given up.
    pub at: UnixTime,
    /// Whether a try has begun of which nothing is known yet. Nothing will be, if whoever made it has died.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub under_way: bool,
    /// Whether a try may have been taken although no answer came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub maybe_taken: bool,
    /// What the receiver calls it, so that it can be changed later.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Entry {
    /// A message that was never tried.
    pub(crate) const fn new(message: Message, at: UnixTime) -> Self {
        let state = Sending::Waiting;
        Self { message, state, tries: 0, at, under_way: false, maybe_taken: false, reference: None }
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sending {
    /// It is tried again.
    Waiting,
    /// It was taken.
    Done,
    /// It is not tried any more.
    GivenUp,
}

/// A message that is still to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Which one.
    pub message: Message,
    /// From when on.
    pub due_at: UnixTime,
}

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receiver has it.
    Taken {
        /// What the receiver calls it, so that it can be changed later.
        reference: Option<String>,
    },
    /// Nothing more is wanted: HCP Terraform's 409.
    Over,
    /// The run's token is not taken: HCP Terraform's 401, or none that can be opened any more.
    TokenRefused,
    /// There is no such task result (any more): HCP Terraform's 404.
    NotFound,
    /// Trying again does not mend it.
    Refused,
    /// Trying again may.
    Again {
        /// How long the receiver asks us to wait, in seconds.
        after_s: Option<u64>,
        /// Whether it may have been taken although no answer came.
        maybe_taken: bool,
    },
}
