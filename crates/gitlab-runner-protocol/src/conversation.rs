//! The conversation about a job: its log part by part, and its final state.

use crate::client::{Ending, Finished, Heard, JobClient, Patched, Wish, request_id};
use crate::final_state::{Delivery, DeliveryError, FinalState};
use crate::log::JobLog;
use reqwest::StatusCode;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

/// The longest part of a log, in bytes.
const PART: usize = 1024 * 1024;
/// Pauses between attempts at the end double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// How long one attempt may take at the end: a server that hangs must not have all the time that is left.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(8);

/// Where the conversation about a job stands.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) job: JobClient,
    log: JobLog,
    /// Where our log begins in GitLab's.
    base: usize,
    /// Whether ours goes behind whatever GitLab has, and so says nothing of the whole.
    appends: bool,
    /// How much of ours GitLab has.
    sent: usize,
    debug_trace: bool,
    /// How long to wait between two parts.
    pub(crate) interval: Duration,
    wish: watch::Sender<Wish>,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// GitLab has it.
    On,
    /// GitLab wants the log from another place on.
    Elsewhere,
    /// The same again, after a while.
    Not { pause: Option<Duration> },
}

impl Conversation {
    /// About a job of which all is said by us.
    pub(crate) fn new(job: JobClient, log: JobLog, debug_trace: bool, interval: Duration) -> Self {
        let (wish, _listener) = watch::channel(Wish::GoOn);
        Self { job, log, base: 0, appends: false, sent: 0, debug_trace, interval, wish }
    }

    /// About a job of which somebody else has said something, who does not any more.
    pub(crate) fn taken_over(job: JobClient, log: JobLog) -> Self {
        Self { appends: true, ..Self::new(job, log, false, FIRST_PAUSE) }
    }

    /// What GitLab wants, from now on.
    pub(crate) fn wish(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    pub(crate) fn is_over(&self) -> bool {
        *self.wish.borrow() == Wish::Over
    }

    pub(crate) fn has_more(&self) -> bool {
        self.log.bytes() > self.sent
    }

    pub(crate) fn hear(&mut self, heard: Heard) {
        self.interval = heard.interval.unwrap_or(self.interval);
        self.wish.send_if_modified(|wish| {
            let is_news = match heard.wish {
                Wish::GoOn => false,
                Wish::Cancel => *wish == Wish::GoOn,
                Wish::Over => *wish != Wish::Over,
            };
            if is_news {
                info!(gitlab.job = self.job.id(), "GitLab wants the job to end: {:?}", heard.wish);
                *wish = heard.wish;
            }
            is_news
        });
    }

    /// Sends the next part.
    pub(crate) async fn patch(&mut self, deadline: Instant) -> Moved {
        let part = self.log.part(self.sent, PART);
        match self.job.patch(self.base + self.sent, part, self.debug_trace, deadline).await {
            Ok((patched, heard)) => {
                self.hear(heard);
                match patched {
                    Patched::Stored(size) => {
                        self.sent = size.saturating_sub(self.base);
                        Moved::On
                    }
                    Patched::Elsewhere(size) => {
                        info!(gitlab.job = self.job.id(), size, "the log goes on elsewhere");
                        if self.appends && self.sent == 0 {
                            self.base = size;
                        }
                        self.sent = size.saturating_sub(self.base);
                        Moved::Elsewhere
                    }
                    Patched::Malformed => {
                        warn!(gitlab.job = self.job.id(), "GitLab finds a part of the log malformed");
                        Moved::Not { pause: None }
                    }
                    Patched::Again { pause } => Moved::Not { pause },
                }
            }
            Err(error) => {
                warn!(gitlab.job = self.job.id(), "{error}");
                Moved::Not { pause: None }
            }
        }
    }

    /// Sends what is left of the log. Whether GitLab has all of it then.
    async fn send_rest(&mut self, deadline: Instant) -> bool {
        // A server that loses again and again what it has just stored is not asked without a pause.
        let mut attempts = 0;
        while self.has_more() && !self.is_over() && Instant::now() < deadline {
            let pause = match self.patch(attempt_until(deadline)).await {
                Moved::On => {
                    attempts = 0;
                    continue;
                }
                Moved::Elsewhere if attempts < 2 => Duration::ZERO,
                Moved::Not { pause: Some(pause) } => pause,
                Moved::Elsewhere | Moved::Not { pause: None } => doubled(attempts),
            };
            attempts += 1;
            sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
        !self.has_more()
    }

    /// Sends the rest of the log, and then `state`, until GitLab has it or `deadline` is there.
    pub(crate) async fn finish(
        mut self,
        state: FinalState,
        failure_reasons: &[String],
        deadline: Instant,
    ) -> Result<Delivery, DeliveryError> {
        let ending = self.ending(state, failure_reasons);
        // A log that does not get through must not cost the state: it has the last third of the time for itself.
        let for_log = |now: Instant| now + deadline.saturating_duration_since(now) * 2 / 3;
        if !self.send_rest(for_log(Instant::now())).await && !self.is_over() {
            warn!(gitlab.job = self.job.id(), "the end of the log could not be delivered");
        }
        let request_id = request_id();
        let (mut attempts, mut waits) = (0, 0);
        while !self.is_over() {
            attempts += 1;
            let answer = self.job.finish(&ending, &request_id, attempt_until(deadline)).await;
            if let Ok((_, heard)) = &answer {
                self.hear(Heard { interval: None, ..*heard });
            }
            let (last, pause) = match answer {
                Ok((Finished::Taken, _)) => return Ok(Delivery::Accepted),
                Ok((Finished::Refused(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), _)) => break,
                Ok((Finished::Refused(status), _)) => return Err(DeliveryError::Refused { status }),
                Ok((Finished::NotYet, heard)) => {
                    waits += 1;
                    let pause = heard.interval.unwrap_or_else(|| doubled(waits));
                    ("202, the log is still being stored".to_owned(), pause)
                }
                Ok((Finished::LogInvalid, _)) => {
                    self.sent = 0;
                    self.send_rest(for_log(Instant::now())).await;
                    let pause = if attempts > 1 { doubled(attempts) } else { Duration::ZERO };
                    ("412, the log is invalid".to_owned(), pause)
                }
                Ok((Finished::Again { status, pause }, _)) => {
                    (status.to_string(), pause.unwrap_or_else(|| doubled(attempts)))
                }
                Err(error) => (error.to_string(), doubled(attempts)),
            };
            if Instant::now() + pause >= deadline {
                return Err(DeliveryError::Late { attempts, last });
            }
            info!(gitlab.job = self.job.id(), attempts, "the final state is sent again: {last}");
            sleep(pause).await;
        }
        Ok(Delivery::Over)
    }

    fn ending(&self, state: FinalState, failure_reasons: &[String]) -> Ending {
        let log = (!self.appends).then(|| self.log.summary());
        match state {
            FinalState::Success => Ending { state: "success", reason: None, exit_code: Some(0), log },
            FinalState::Failed { reason, exit_code } => {
                Ending { state: "failed", reason: Some(reason.sent(failure_reasons)), exit_code, log }
            }
        }
    }
}

/// The pause after so many attempts; the first one is that of none or one.
fn doubled(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(6)).min(LONGEST_PAUSE)
}

fn attempt_until(deadline: Instant) -> Instant {
    deadline.min(Instant::now() + LONGEST_ATTEMPT)
}
