//! Reports one job: its log while it runs, signs of life, and how it ended.
//!
//! One task owns the conversation. The job writes its log and listens to what GitLab wants; when it has ended, the rest of
//! the log is sent, and then the final state until GitLab has it.

use crate::client::{CallError, Ending, Finished, Heard, JobClient, Patched, Wish, request_id};
use crate::failure_reason::FailureReason;
use crate::log::JobLog;
use reqwest::StatusCode;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{info, warn};

/// The longest part of a log, in bytes.
const PART: usize = 1024 * 1024;
/// How long one call may take while the job runs; what it could not say is said with the next one.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long a call that is under way may go on once the job has ended.
const LAST_CALL: Duration = Duration::from_secs(5);
/// How often it is looked whether the log has grown.
const LOOK: Duration = Duration::from_millis(200);
/// Pauses between attempts at the end double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// How a job is reported.
#[derive(Debug, Clone)]
pub struct ReportSettings {
    /// Time between two parts of the log until GitLab says otherwise: 3 s.
    pub first_interval: Duration,
    /// After so long without a word there is a sign of life: 30 s.
    pub sign_of_life_after: Duration,
    /// Whether the log may be read by people with write access alone, because it holds a trace of the shell.
    pub debug_trace: bool,
    /// Failure reasons that the instance knows, as in `features.failure_reasons` of the job.
    pub failure_reasons: Vec<String>,
}

impl Default for ReportSettings {
    fn default() -> Self {
        Self {
            first_interval: Duration::from_secs(3),
            sign_of_life_after: Duration::from_secs(30),
            debug_trace: false,
            failure_reasons: Vec::new(),
        }
    }
}

/// How a job ended. It is decided once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalState {
    /// Well.
    Success,
    /// Not well.
    Failed {
        /// Why.
        reason: FailureReason,
        /// The script's exit code, where there was one.
        exit_code: Option<i32>,
    },
}

/// What became of a final state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// GitLab has it.
    Accepted,
    /// GitLab wants nothing more for this job: it was cancelled, or dropped, or its state came through without an answer.
    Over,
}

/// A final state that GitLab has not got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// Time ran out between attempts.
    #[error(
        "the job's final state could not be delivered in time, after {attempts} attempts; the last: {last}"
    )]
    Late {
        /// How often it was sent.
        attempts: u32,
        /// What the last attempt met.
        last: String,
    },
    /// An answer that sending it again does not mend.
    #[error("GitLab answered {status} to the job's final state")]
    Refused {
        /// With what.
        status: StatusCode,
    },
}

/// Reports a job until it is finished, or dropped: then nothing more is said.
#[derive(Debug)]
pub struct Reporter {
    stop: oneshot::Sender<()>,
    task: JoinSet<Conversation>,
    wish: watch::Receiver<Wish>,
    /// What the task was given, should it come to nothing.
    spare: Conversation,
}

/// Where the conversation about a job stands.
#[derive(Debug, Clone)]
struct Conversation {
    job: JobClient,
    log: JobLog,
    settings: ReportSettings,
    /// How much of the log GitLab has.
    sent: usize,
    interval: Duration,
    /// When the next part may be sent.
    next_part: Instant,
    last_word: Instant,
    wish: watch::Sender<Wish>,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    /// GitLab has it.
    On,
    /// GitLab wants the log from another place on.
    Elsewhere,
    /// The same again, after a while.
    Not { pause: Option<Duration> },
}

impl Reporter {
    /// Says that the job runs, and reports it from then on. [`Reporter::wish`] is `Over` at once if it was cancelled
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// Beside the reporter, when GitLab could not be told until the deadline. The job is running there all the same, so it
    /// has to be finished.
    pub async fn begin(
        job: JobClient,
        log: JobLog,
        settings: ReportSettings,
        deadline: Instant,
    ) -> (Self, Result<(), CallError>) {
        let (wish, listener) = watch::channel(Wish::GoOn);
        let interval = settings.first_interval;
        let told = job.touch(deadline).await;
        let now = Instant::now();
        let mut conversation = Conversation {
            job,
            log,
            settings,
            sent: 0,
            interval,
            next_part: now + interval,
            last_word: now,
            wish,
        };
        let told = told.map(|heard| conversation.hear(heard));
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        let spare = conversation.clone();
        task.spawn(conversation.go_on(stopped));
        (Self { stop, task, wish: listener, spare }, told)
    }

    /// What GitLab wants; it changes from `GoOn` to `Cancel` to `Over`, never back.
    #[must_use]
    pub fn wish(&self) -> watch::Receiver<Wish> {
        self.wish.clone()
    }

    /// Sends the rest of the log, and then how the job ended, again and again until GitLab has it or `deadline` is there.
    /// The log must be complete: flushed, and not written any more.
    ///
    /// # Errors
    ///
    /// When GitLab has not got it: the job is running there until GitLab gives it up.
    pub async fn finish(self, state: FinalState, deadline: Instant) -> Result<Delivery, DeliveryError> {
        let Self { stop, mut task, spare, .. } = self;
        let _ended_already = stop.send(());
        // What the log's parts are is asked of GitLab anyway (416), so a conversation that was lost costs one call.
        let conversation = task.join_next().await.and_then(Result::ok).unwrap_or(spare);
        conversation.finish(state, deadline).await
    }
}

impl Conversation {
    /// Until it is stopped, or the job is over.
    async fn go_on(mut self, mut stopped: oneshot::Receiver<()>) -> Self {
        while !self.is_over() {
            let look = self.next_part.max(Instant::now() + LOOK);
            let sign_of_life = self.last_word + self.settings.sign_of_life_after;
            tokio::select! {
                _ = &mut stopped => return self,
                () = sleep_until(look.min(sign_of_life)) => {}
            }
            let now = Instant::now();
            let may_send = self.has_more() && now >= self.next_part;
            if !may_send && now < sign_of_life {
                continue;
            }
            let mut speaking = std::pin::pin!(async {
                if may_send { self.send_part(now + PATIENCE).await } else { self.touch(now + PATIENCE).await }
            });
            tokio::select! {
                () = &mut speaking => {}
                _ = &mut stopped => {
                    let _cut_short = timeout(LAST_CALL, &mut speaking).await;
                    break;
                }
            }
        }
        self
    }

    fn is_over(&self) -> bool {
        *self.wish.borrow() == Wish::Over
    }

    fn has_more(&self) -> bool {
        self.log.bytes() > self.sent
    }

    fn hear(&mut self, heard: Heard) {
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

    async fn touch(&mut self, deadline: Instant) {
        match self.job.touch(deadline).await {
            Ok(heard) => self.hear(heard),
            Err(error) => warn!(gitlab.job = self.job.id(), "{error}"),
        }
        // One that failed is not made again at once: the calls do that by themselves.
        self.last_word = Instant::now();
    }

    /// One part while the job runs.
    async fn send_part(&mut self, deadline: Instant) {
        let pause = match self.patch(deadline).await {
            Moved::On | Moved::Not { pause: None } => self.interval,
            Moved::Elsewhere => Duration::ZERO,
            Moved::Not { pause: Some(pause) } => pause.max(self.interval),
        };
        self.last_word = Instant::now();
        self.next_part = self.last_word + pause;
    }

    /// Sends the next part.
    async fn patch(&mut self, deadline: Instant) -> Moved {
        let part = self.log.part(self.sent, PART);
        match self.job.patch(self.sent, part, self.settings.debug_trace, deadline).await {
            Ok((patched, heard)) => {
                self.hear(heard);
                match patched {
                    Patched::Stored(size) => {
                        self.sent = size;
                        Moved::On
                    }
                    Patched::Elsewhere(size) => {
                        info!(gitlab.job = self.job.id(), size, "the log goes on elsewhere");
                        self.sent = size;
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
            let pause = match self.patch(deadline).await {
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

    async fn finish(mut self, state: FinalState, deadline: Instant) -> Result<Delivery, DeliveryError> {
        let ending = self.ending(state);
        // A log that does not get through must not cost the state: it has the last third of the time for itself.
        let for_log = |now: Instant| now + deadline.saturating_duration_since(now) * 2 / 3;
        if !self.send_rest(for_log(Instant::now())).await && !self.is_over() {
            warn!(gitlab.job = self.job.id(), "the end of the log could not be delivered");
        }
        let request_id = request_id();
        let (mut attempts, mut waits) = (0, 0);
        while !self.is_over() {
            attempts += 1;
            let answer = self.job.finish(&ending, &request_id, deadline).await;
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

    fn ending(&self, state: FinalState) -> Ending {
        let log = Some(self.log.summary());
        match state {
            FinalState::Success => Ending { state: "success", reason: None, exit_code: Some(0), log },
            FinalState::Failed { reason, exit_code } => {
                let reason = Some(reason.sent(&self.settings.failure_reasons));
                Ending { state: "failed", reason, exit_code, log }
            }
        }
    }
}

/// The pause after so many attempts; the first one is that of none or one.
fn doubled(attempts: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(6)).min(LONGEST_PAUSE)
}
