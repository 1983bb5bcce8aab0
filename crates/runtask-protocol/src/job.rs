//! Defines the job that the request handler hands to the callback handler.
//!
//! A job is HCP Terraform's own payload, each value byte for byte, with one more key, `runtask`. So a callback
//! function in any language reads it as the payload it knows, and ours takes a bare payload for a job.

use crate::payload::{Payload, PayloadError, Run};
use crate::signature::SignedBody;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The key that we add to the payload.
const KEY: &str = "runtask";

/// Facts of the request that the payload does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The version of this form, [`Receipt::VERSION`] of whoever wrote it. Who finds a newer one than their own knows
    /// nothing else of it for sure.
    #[serde(default = "first_version")]
    pub version: u32,
    /// The task that the request's path named.
    #[serde(default = "default_task")]
    pub task: String,
    /// When the request came, in milliseconds since 1970-01-01T00:00:00Z.
    pub received_at_ms: Option<u64>,
}

fn first_version() -> u32 {
    1
}

fn default_task() -> String {
    "default".to_owned()
}

impl Default for Receipt {
    fn default() -> Self {
        Self { version: Self::VERSION, task: default_task(), received_at_ms: None }
    }
}

impl Receipt {
    /// The version that this code writes, and the newest that it reads. Raise it when an older reader would do the wrong
    /// thing with what is new; a key that may be ignored needs no new version.
    pub const VERSION: u32 = 1;

    /// Whether it is of a version that this code does not know.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.version > Self::VERSION
    }

    /// A receipt for the task named `task`, of a request that came at `now`.
    #[must_use]
    pub fn new(task: impl Into<String>, now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { task: task.into(), received_at_ms: u64::try_from(since.as_millis()).ok(), ..Self::default() }
    }

    /// The moment in `received_at_ms`.
    #[must_use]
    pub fn received_at(&self) -> Option<SystemTime> {
        self.received_at_ms.and_then(|it| UNIX_EPOCH.checked_add(Duration::from_millis(it)))
    }

    /// The event for the callback handler: `body` with this receipt in it.
    ///
    /// # Errors
    ///
    /// When `body` is not a JSON object.
    pub fn attach(&self, body: SignedBody<'_>) -> Result<Vec<u8>, PayloadError> {
        let receipt = serde_json::value::to_raw_value(self)?;
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body.as_bytes())?;
        fields.insert(KEY.to_owned(), &receipt);
        Ok(serde_json::to_vec(&fields)?)
    }
}

/// One task result to work on.
#[derive(Debug, Clone)]
pub struct Job {
    /// The run that waits.
    pub run: Run,
    /// When and for which task it came; the default for a bare payload.
    pub receipt: Receipt,
}

/// A job, and the body that it came in: whoever works on it in this process need not read it again.
#[derive(Debug)]
pub struct ReceivedJob<'a> {
    job: Job,
    body: SignedBody<'a>,
}

impl<'a> ReceivedJob<'a> {
    /// The job that `body` was read as.
    #[must_use]
    pub const fn new(job: Job, body: SignedBody<'a>) -> Self {
        Self { job, body }
    }

    /// The job.
    #[must_use]
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// The event for another process; [`Job::parse`] reads it.
    ///
    /// # Errors
    ///
    /// When the body is not a JSON object.
    pub fn to_event(&self) -> Result<Vec<u8>, PayloadError> {
        self.job.receipt.attach(self.body)
    }
}

/// Why an event is no job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// It has not what a result needs, so nobody can be told.
    #[error("the event is neither a job nor a run task payload")]
    Payload(#[source] PayloadError),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    runtask: Option<&'a RawValue>,
}

/// What a receipt of any version has.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default = "first_version")]
    version: u32,
}

impl Job {
    /// Reads an event: a job, or a bare payload.
    ///
    /// # Errors
    ///
    /// When no result could be sent for it. Trying again would not help.
    pub fn parse(event: &[u8]) -> Result<Self, JobError> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(event).map_err(PayloadError::from).map_err(JobError::Payload)?;
        let receipt = envelope.runtask.map(|it| receipt(it.get())).transpose();
        let receipt = receipt.map_err(PayloadError::from).map_err(JobError::Payload)?;
        let run = Payload::parse(SignedBody::unsigned(event))
            .and_then(Payload::into_run)
            .map_err(JobError::Payload)?;
        Ok(Self { run, receipt: receipt.unwrap_or_default() })
    }
}

/// Reads a receipt; of one that is newer than we know, its version alone.
fn receipt(text: &str) -> Result<Receipt, serde_json::Error> {
    match serde_json::from_str::<Receipt>(text) {
        Ok(receipt) if !receipt.is_newer() => Ok(receipt),
        of_any => {
            let Versioned { version } = serde_json::from_str(text)?;
            let newer = Receipt { version, ..Receipt::default() };
            if newer.is_newer() { Ok(newer) } else { of_any }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const BODY: &str = r#"{"access_token":"t","task_result_id":"taskrs-1","task_result_callback_url":"https://h/c",
        "run_message":"gr\u00f6\u00dfe","future":[1.50,12345678901234567890123]}"#;

    /// R-08: the payload's values are handed over as they came.
    #[test]
    fn a_job_is_the_payload_and_one_more_key() {
        let receipt = Receipt::new("default", UNIX_EPOCH + Duration::from_millis(1_790_000_000_123));
        let event = receipt.attach(SignedBody::unsigned(BODY.as_bytes())).unwrap();
        let text = String::from_utf8(event.clone()).unwrap();
        assert!(text.contains(r"gr\u00f6\u00dfe"), "escapes are kept: {text}");
        assert!(text.contains("[1.50,12345678901234567890123]"), "numbers are kept: {text}");
        let value: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(
            value["runtask"],
            json!({ "version": 1, "task": "default", "received_at_ms": 1_790_000_000_123_u64 })
        );

        let job = Job::parse(&event).unwrap();
        assert_eq!(job.receipt, receipt);
        assert_eq!(job.run.task_result_id.as_str(), "taskrs-1");
    }

    /// Whoever works on a job where it was received has what the others read.
    #[test]
    fn a_job_is_the_same_here_and_elsewhere() {
        let body = BODY.replacen('{', r#"{"runtask":{"task":"forged"},"#, 1);
        let body = SignedBody::unsigned(body.as_bytes());
        let run = Payload::parse(body).unwrap().into_run().unwrap();
        let received = ReceivedJob::new(Job { run, receipt: Receipt::new("format", UNIX_EPOCH) }, body);
        let read = Job::parse(&received.to_event().unwrap()).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", received.job()));
    }

    #[test]
    fn a_runtask_key_of_the_sender_does_not_survive() {
        let body = BODY.replacen('{', r#"{"runtask":{"task":"forged"},"#, 1);
        let event =
            Receipt::new("default", UNIX_EPOCH).attach(SignedBody::unsigned(body.as_bytes())).unwrap();
        assert_eq!(Job::parse(&event).unwrap().receipt.task, "default");
    }

    /// A deployment changes its functions one after the other.
    #[test]
    fn a_receipt_of_another_version_is_known_for_that() {
        let job = |receipt: &str| {
            let body = BODY.replacen('{', &format!("{{\"runtask\":{receipt},"), 1);
            Job::parse(body.as_bytes()).unwrap().receipt
        };
        let before_versions = job(r#"{"task":"format","received_at_ms":1}"#);
        assert_eq!((before_versions.version, &*before_versions.task), (1, "format"));
        let newer = job(r#"{"version":2,"task":{"name":"format"},"received_at_ms":"1970-01-01"}"#);
        assert!(newer.is_newer() && !before_versions.is_newer());
        assert_eq!((newer.version, newer.received_at_ms), (2, None));
    }

    #[test]
    fn a_bare_payload_is_a_job() {
        let job = Job::parse(BODY.as_bytes()).unwrap();
        assert_eq!(job.receipt, Receipt::default());
        assert_eq!(job.receipt.received_at(), None);
    }

    #[test]
    fn an_event_that_cannot_be_answered_is_refused() {
        let error = Job::parse(b"{}").unwrap_err();
        let JobError::Payload(source) = &error;
        assert_eq!(
            source.to_string(),
            "the request lacks access_token, task_result_callback_url, task_result_id"
        );
    }
}
