#![doc = include_str!("../README.md")]

mod details_url;
mod enforcement_level;
mod job;
pub mod limits;
mod origins;
mod outcome;
mod payload;
mod probe;
mod result;
mod secret;
mod signature;
mod stage;
mod text;

pub use details_url::DetailsUrl;
pub use enforcement_level::{EnforcementLevel, UnknownEnforcementLevel};
pub use job::{Job, JobError, Receipt, ReceivedJob};
pub use origins::{AllowedOrigins, ForeignUrl, OriginError, origin};
pub use outcome::{Level, Outcome, OutcomeId, Tag};
pub use payload::{Capabilities, Classified, Payload, PayloadError, Run, RunId, TaskResultId};
pub use probe::Probe;
pub use result::{Status, TaskResult};
pub use secret::AccessToken;
pub use signature::{
    Key, KeyError, KeyName, KeyRing, SIGNATURE_HEADER, Signature, SignatureError, SignedBody,
};
pub use stage::{Stage, UnknownStage};
pub use text::{cut, cut_markdown};
