//! What is written down of a job that is being run, so that somebody else can end it: its number, and its token, which is
//! encrypted; and how it has ended, from when that is decided.
//!
//! The key is made from the runner's token: whoever can read that can ask for jobs anyway, and whoever can read the table
//! alone learns nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gitlab_runner::Outcome;
use gitlab_runner_protocol::job::Job;
use gitlab_runner_protocol::{JobToken, RunnerToken};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is written. A reader of an older release refuses a newer one.
const VERSION: u32 = 1;

/// A job that is being run.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its number.
    pub job: u64,
    /// Its token.
    pub token: JobToken,
    /// When the function ends that runs it: milliseconds since 1970.
    pub deadline_ms: u64,
    /// The failure reasons that its instance knows.
    pub failure_reasons: Vec<String>,
    /// How it has ended, if that is decided: GitLab may have been told already, and must not be told something else.
    pub outcome: Option<Outcome>,
}

/// A ticket that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadTicket {
    /// It is something else.
    #[error("it is no ticket of this release")]
    Form,
    /// It is of another instance.
    #[error("it is of another GitLab instance")]
    Elsewhere,
    /// It was written with another token of the runner.
    #[error("it was written with another token of the runner")]
    Sealed,
}

/// Writes and reads tickets of one runner of one instance.
pub struct TicketSeal {
    key: LessSafeKey,
    url: String,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    url: String,
    job: u64,
    /// Nonce and ciphertext in base64.
    token: String,
    deadline_ms: u64,
    failure_reasons: Vec<String>,
    #[serde(default)]
    outcome: Option<Outcome>,
}

/// A ticket as it is kept, with how its job has ended.
#[must_use]
pub(crate) fn decided(content: &[u8], outcome: Outcome) -> Option<Vec<u8>> {
    let mut written: Written = serde_json::from_slice(content).ok()?;
    written.outcome = Some(outcome);
    serde_json::to_vec(&written).ok()
}

impl TicketSeal {
    /// For the runner with this token of the instance with this address. `None` where the library has no such key, which is
    /// never.
    #[must_use]
    pub fn new(token: &RunnerToken, url: &str) -> Option<Self> {
        let salt = Salt::new(HKDF_SHA256, b"gitlab-runner ticket 1");
        let secret = salt.extract(token.expose().as_bytes());
        let key: UnboundKey = secret.expand(&[b"job token"], &AES_256_GCM).ok()?.into();
        Some(Self { key: LessSafeKey::new(key), url: url.to_owned() })
    }

    /// A ticket as it is kept; `None` where the system has no random numbers.
    #[must_use]
    pub fn write(&self, job: &Job, deadline_ms: u64) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut sealed = job.token.expose().as_bytes().to_vec();
        let whose = Aad::from(self.whose(job.id));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), whose, &mut sealed).ok()?;
        let written = Written {
            version: VERSION,
            url: self.url.clone(),
            job: job.id,
            token: STANDARD.encode([&nonce[..], &sealed].concat()),
            deadline_ms,
            failure_reasons: job.features.failure_reasons.clone(),
            outcome: None,
        };
        serde_json::to_vec(&written).ok()
    }

    /// Reads a ticket.
    ///
    /// # Errors
    ///
    /// When it is none of ours.
    pub fn read(&self, content: &[u8]) -> Result<Ticket, BadTicket> {
        let written: Written = serde_json::from_slice(content).map_err(|_another_form| BadTicket::Form)?;
        if written.version != VERSION {
            return Err(BadTicket::Form);
        }
        if written.url != self.url {
            return Err(BadTicket::Elsewhere);
        }
        let sealed = STANDARD.decode(&written.token).map_err(|_no_base64| BadTicket::Form)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(BadTicket::Form)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| BadTicket::Form)?;
        let mut sealed = sealed.to_vec();
        let whose = Aad::from(self.whose(written.job));
        let token =
            self.key.open_in_place(nonce, whose, &mut sealed).map_err(|_another_key| BadTicket::Sealed)?;
        let token = std::str::from_utf8(token).map_err(|_its_bytes| BadTicket::Form)?;
        Ok(Ticket {
            job: written.job,
            token: JobToken::new(token),
            deadline_ms: written.deadline_ms,
            failure_reasons: written.failure_reasons,
            outcome: written.outcome,
        })
    }

    /// What a token belongs to: it cannot be put into another ticket.
    fn whose(&self, job: u64) -> Vec<u8> {
        format!("{job} {}", self.url).into_bytes()
    }
}

impl fmt::Debug for TicketSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketSeal").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gitlab_runner::Failure;

    fn seal(token: &str, url: &str) -> TicketSeal {
        TicketSeal::new(&RunnerToken::new(token), url).unwrap()
    }

    #[test]
    fn a_ticket_is_read_as_it_was_written_by_whoever_has_the_runners_token() {
        let ours = seal("glrt-EXAMPLE", "https://gitlab.example.com");
        let job =
            br#"{"id":7,"token":"glcbt-EXAMPLE","features":{"failure_reasons":["runner_system_failure"]}}"#;
        let job = Job::parse(job).unwrap();
        let content = ours.write(&job, 1234).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("glcbt"));
        let ticket = ours.read(&content).unwrap();
        assert_eq!((ticket.job, ticket.token.expose(), ticket.deadline_ms), (7, "glcbt-EXAMPLE", 1234));
        assert_eq!(
            (ticket.failure_reasons, ticket.outcome),
            (vec!["runner_system_failure".to_owned()], None)
        );
        for outcome in [Outcome::Success, Outcome::Failed(Failure::Script { code: Some(3) })] {
            let content = decided(&content, outcome).unwrap();
            assert_eq!(ours.read(&content).unwrap().outcome, Some(outcome));
        }

        let why_not = |seal: &TicketSeal, content: &[u8]| seal.read(content).unwrap_err();
        assert_eq!(why_not(&seal("glrt-OTHER", "https://gitlab.example.com"), &content), BadTicket::Sealed);
        assert_eq!(why_not(&seal("glrt-EXAMPLE", "https://other"), &content), BadTicket::Elsewhere);
        let of_another_job = String::from_utf8(content).unwrap().replace(r#""job":7"#, r#""job":8"#);
        assert_eq!(why_not(&ours, of_another_job.as_bytes()), BadTicket::Sealed);
        for content in
            ["", "{}", r#"{"version":2,"url":"u","job":1,"token":"","deadline_ms":0,"failure_reasons":[]}"#]
        {
            assert_eq!(why_not(&ours, content.as_bytes()), BadTicket::Form);
        }
        assert!(!format!("{ours:?}").contains("glrt"));
    }
}
