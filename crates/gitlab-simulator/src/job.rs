//! What an instance keeps of one job, and what every call of a job must keep to.

use crate::call::{Call, Reply};
use crate::json::text_at;
use bytes::Bytes;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Longest time without any call while a job runs. The runner owes a sign of life after 30 s.
const SILENCE: Duration = Duration::from_secs(40);
/// Calls of one job in a minute: patches of the log, and others.
const CALLS_A_MINUTE: usize = 200;
/// What was on its way when the job ended is not held against anybody.
const ON_ITS_WAY: Duration = Duration::from_millis(500);

/// Where a job stands in GitLab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Waiting for a runner.
    Pending,
    /// Handed out.
    Running,
    /// Somebody wants it to stop; it runs on until the runner says how it ended.
    Canceling,
    /// It ended well.
    Success,
    /// It did not.
    Failed,
    /// It was cancelled.
    Canceled,
}

impl Status {
    /// As GitLab writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Canceling => "canceling",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Whether nothing changes it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Success | Self::Failed | Self::Canceled)
    }
}

/// How a job ended, in the runner's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalState {
    /// `success` or `failed`.
    pub state: String,
    /// The script's exit code, where there was one.
    pub exit_code: Option<i64>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    /// `crc32:…` of the log.
    pub checksum: Option<String>,
    /// Bytes of the log.
    pub bytesize: Option<u64>,
}

/// An artifact that was taken.
#[derive(Debug, Clone)]
pub struct StoredArtifact {
    /// The name of the file.
    pub filename: String,
    /// `archive`, `terraform`, `dotenv`, …
    pub artifact_type: String,
    /// `zip`, `gzip` or `raw`.
    pub artifact_format: String,
    /// How long it is kept, as it was said.
    pub expire_in: Option<String>,
    /// The file.
    pub content: Bytes,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) token: String,
    pub(crate) payload: Value,
    /// Jobs that have to succeed before.
    pub(crate) needs: Vec<u64>,
    pub(crate) status: Status,
    pub(crate) log: Vec<u8>,
    /// Where the next patch may start.
    pub(crate) starts: Vec<usize>,
    /// Every final state that was sent; they have to be equal.
    pub(crate) finals: Vec<FinalState>,
    /// The one that was taken.
    pub(crate) settled: Option<FinalState>,
    pub(crate) artifacts: Vec<StoredArtifact>,
    /// Seconds between patches, as it was told last.
    pub(crate) interval: u64,
    /// When the last patch was answered with 202, unless something else was answered since.
    pub(crate) stored_at: Option<Instant>,
    /// Patches in a row that came before their time; they are fine when the final state is all that comes after them.
    pub(crate) early: u32,
    /// Whether the runner has said `running`.
    pub(crate) accepted: bool,
    /// Since when nothing may come any more.
    pub(crate) over: Option<Instant>,
    /// Whether every call is answered with 403.
    pub(crate) forbidden: bool,
    /// Whether its runner has died, and somebody else may end it who does not know its log.
    pub(crate) abandoned: bool,
    /// How often the runner said `running`.
    pub(crate) touches: u32,
    pub(crate) patches: u32,
    last_call: Instant,
    patch_times: VecDeque<Instant>,
    other_times: VecDeque<Instant>,
    pub(crate) violations: Vec<String>,
}

impl Job {
    /// A job that waits.
    pub(crate) fn new(
        id: u64,
        token: String,
        payload: Value,
        needs: Vec<u64>,
        interval: u64,
        now: Instant,
    ) -> Self {
        Self {
            id,
            token,
            payload,
            needs,
            status: Status::Pending,
            log: Vec::new(),
            starts: vec![0],
            finals: Vec::new(),
            settled: None,
            artifacts: Vec::new(),
            interval,
            stored_at: None,
            early: 0,
            accepted: false,
            over: None,
            forbidden: false,
            abandoned: false,
            touches: 0,
            patches: 0,
            last_call: now,
            patch_times: VecDeque::new(),
            other_times: VecDeque::new(),
            violations: Vec::new(),
        }
    }

    /// Whether its token opens git, states and downloads.
    pub(crate) fn is_at_work(&self) -> bool {
        matches!(self.status, Status::Running | Status::Canceling) && !self.forbidden
    }

    /// Hands it out.
    pub(crate) fn hand_out(&mut self, now: Instant) {
        self.status = Status::Running;
        self.last_call = now;
    }

    /// Somebody cancels it.
    pub(crate) fn cancel(&mut self) {
        self.status = if self.status == Status::Pending { Status::Canceled } else { Status::Canceling };
    }

    pub(crate) fn violation(&mut self, sentence: impl Into<String>) {
        self.violations.push(format!("job {}: {}", self.id, sentence.into()));
    }

    /// What holds for every call of a job; an answer where there is nothing more to say.
    pub(crate) fn admit(&mut self, call: &Call) -> Option<Reply> {
        let name = call.name();
        if call.headers.contains_key("runner-token") || call.headers.contains_key("private-token") {
            self.violation(format!("{name} carries a token that is not the job's"));
        }
        let header = call.header("job-token");
        let body =
            if name.starts_with("PUT") { text_at(&call.json(), "/token").map(str::to_owned) } else { None };
        if header.into_iter().chain(body.as_deref()).any(|it| it != self.token)
            || header.or(body.as_deref()).is_none()
        {
            self.violation(format!("{name} does not carry the job's token"));
            return Some(Reply::message(403, "403 Forbidden"));
        }
        if self.status == Status::Pending {
            self.violation(format!("{name} is about a job that was not handed out"));
            return Some(Reply::message(403, "403 Forbidden"));
        }
        if let Some(since) = self.over {
            if call.at.saturating_duration_since(since) > ON_ITS_WAY {
                self.violation(format!("{name} came after the job was over"));
            }
            return Some(self.answer(403));
        }
        self.count(call);
        let is_touch = call.method == http::Method::PUT && text_at(&call.json(), "/state") == Some("running");
        if !self.accepted && !is_touch {
            self.violation(format!("{name} came before `PUT running`"));
        }
        if self.forbidden {
            return Some(self.end(call.at, 403));
        }
        None
    }

    /// An answer with the job's status and the interval.
    pub(crate) fn answer(&self, status: u16) -> Reply {
        Reply::new(status, status.to_string())
            .with("job-status", self.status.as_str())
            .with("x-gitlab-trace-update-interval", self.interval)
    }

    /// The last answer that this job gets.
    pub(crate) fn end(&mut self, now: Instant, status: u16) -> Reply {
        self.over = Some(now);
        self.answer(status)
    }

    fn count(&mut self, call: &Call) {
        let silence = call.at.saturating_duration_since(self.last_call);
        if silence > SILENCE && !self.abandoned {
            self.violation(format!("{} s without any call", silence.as_secs()));
        }
        self.last_call = call.at;
        let is_patch = call.method == http::Method::PATCH;
        let times = if is_patch { &mut self.patch_times } else { &mut self.other_times };
        times.push_back(call.at);
        times.retain(|it| call.at.saturating_duration_since(*it) < Duration::from_secs(60));
        if times.len() == CALLS_A_MINUTE + 1 {
            let kind = if is_patch { "patches" } else { "calls" };
            self.violation(format!("more than {CALLS_A_MINUTE} {kind} in a minute"));
        }
    }

    /// What can be said of it only once nothing more comes.
    pub(crate) fn silence_until(&self, now: Instant) -> Option<String> {
        let silence = now.saturating_duration_since(self.last_call);
        let is_silent = !self.abandoned && self.is_at_work() && self.over.is_none() && silence > SILENCE;
        is_silent.then(|| format!("job {}: {} s without any call", self.id, silence.as_secs()))
    }
}
