#![doc = include_str!("../README.md")]

mod job;
pub mod limits;
mod outcome;
mod payload;
mod probe;
mod result;
mod secret;
mod signature;
mod text;

pub use job::{Job, JobError, Receipt};
pub use outcome::{Level, Outcome, OutcomeId, Tag};
pub use payload::{
    Capabilities, Classified, EnforcementLevel, Payload, PayloadError, Run, RunId, Stage, TaskResultId,
};
pub use probe::{PROBE_ANSWER, PROBE_TOKEN};
pub use result::{DetailsUrl, Status, TaskResult};
pub use secret::AccessToken;
pub use signature::{Key, KeyError, KeyName, KeyRing, SIGNATURE_HEADER, SignatureError, SignedBody};
pub use text::{cut, cut_markdown};
