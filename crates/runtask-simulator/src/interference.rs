//! Answers callbacks and downloads as a busy or broken HCP Terraform does, or a proxy before it, before they are looked at.

use crate::fault::Fault;
use crate::reply::Reply;
use crate::spec::RunSpec;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// A wait that is shorter by more than this than the `Retry-After` that asked for it was no wait.
const RETRY_AFTER_TOLERANCE: Duration = Duration::from_millis(100);
/// How long callbacks are answered 429 with `Retry-After: 0`.
const LIMITED_FOR: Duration = Duration::from_secs(2);
/// What a proxy in trouble answers, one after the other; without a status, nothing.
const TROUBLE: [Option<u16>; 4] = [Some(502), Some(503), Some(504), None];

/// What was answered so far.
#[derive(Debug, Default)]
pub(crate) struct Interference {
    limited_at: Option<Instant>,
    /// How often a fault has interfered with what.
    times: HashMap<(Fault, &'static str), usize>,
}

/// What comes of a callback before it is looked at.
#[derive(Debug, Default)]
pub(crate) struct Interfered {
    /// Its answer, unless it is to be looked at.
    pub(crate) reply: Option<Reply>,
    /// Why it should not have come yet.
    pub(crate) violation: Option<&'static str>,
}

impl Interference {
    /// What comes of a callback with this status.
    pub(crate) fn callback(&mut self, spec: &RunSpec, status: Option<&str>, now: Instant) -> Interfered {
        let mut interfered = Interfered::default();
        if spec.has(Fault::Callback429) {
            let Some(limited_at) = self.limited_at else {
                self.limited_at = Some(now);
                interfered.reply = Some(limited(1));
                return interfered;
            };
            if now + RETRY_AFTER_TOLERANCE < limited_at + Duration::from_secs(1) {
                interfered.violation =
                    Some("a callback came before the time that `Retry-After` had asked for");
            }
        }
        interfered.reply = self.refusal(spec, status, now);
        interfered
    }

    fn refusal(&mut self, spec: &RunSpec, status: Option<&str>, now: Instant) -> Option<Reply> {
        let is_final = matches!(status, Some("passed" | "failed"));
        if spec.has(Fault::CallbackRetryAfter0) && now < *self.limited_at.get_or_insert(now) + LIMITED_FOR {
            return Some(limited(0));
        }
        if self.interferes(spec, Fault::Callback500, "", 2).is_some() {
            return Some(Reply::refusal(500, "something went wrong"));
        }
        if let Some(at) = self.interferes(spec, Fault::CallbackProxyTrouble, "", TROUBLE.len()) {
            return Some(trouble(at));
        }
        let twice = if is_final { 2 } else { 0 };
        for (fault, status, times) in [
            (Fault::Callback401First, 401, 1),
            (Fault::Callback401Final, 401, twice),
            (Fault::Callback401Always, 401, usize::MAX),
            (Fault::Callback404First, 404, 2),
            (Fault::Callback404Final, 404, twice),
            (Fault::Callback404Always, 404, usize::MAX),
        ] {
            if self.interferes(spec, fault, "", times).is_some() {
                let detail = if status == 401 { "unauthorized" } else { "no such task result" };
                return Some(Reply::refusal(status, detail));
            }
        }
        None
    }

    /// The answer to a request for the `kind` of data, unless it is to have some.
    pub(crate) fn download(&mut self, spec: &RunSpec, kind: &'static str) -> Option<Reply> {
        self.interferes(spec, Fault::DownloadProxyTrouble, kind, TROUBLE.len()).map(trouble)
    }

    /// How often a fault has interfered before, when it does so once more, at most so many times.
    fn interferes(
        &mut self,
        spec: &RunSpec,
        fault: Fault,
        kind: &'static str,
        times: usize,
    ) -> Option<usize> {
        let before = self.times.entry((fault, kind)).or_default();
        if !spec.has(fault) || *before >= times {
            return None;
        }
        *before += 1;
        Some(*before - 1)
    }
}

fn limited(retry_after: u64) -> Reply {
    let reply = Reply::refusal(429, "You have exceeded the API's rate limit.");
    Reply { retry_after: Some(retry_after), ..reply }
}

fn trouble(at: usize) -> Reply {
    TROUBLE.get(at).copied().flatten().map_or_else(Reply::none, Reply::page)
}
