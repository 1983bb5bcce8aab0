//! Reports one job: its log while it runs, signs of life, and how it ended.
//!
//! One task owns the conversation. The job writes its log and listens to what GitLab wants; when it has ended, the rest of
//! the log is sent, and then the final state until GitLab has it.

use crate::client::{CallError, JobClient, Wish};
use crate::conversation::{Conversation, Moved};
use crate::final_state::{Delivery, DeliveryError, FinalState};
use crate::log::JobLog;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::warn;

/// How long one call may take while the job runs; what it could not say is said with the next one.
const PATIENCE: Duration = Duration::from_secs(25);
/// How long a call that is under way may go on once the job has ended.
const LAST_CALL: Duration = Duration::from_secs(5);
/// How often it is looked whether the log has grown.
const LOOK: Duration = Duration::from_millis(200);

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

/// Reports a job until it is finished, or dropped: then nothing more is said.
#[derive(Debug)]
pub struct Reporter {
    stop: oneshot::Sender<()>,
    task: JoinSet<Conversation>,
    wish: watch::Receiver<Wish>,
    failure_reasons: Vec<String>,
    /// What the task was given, should it come to nothing.
    spare: Conversation,
}

/// What the task does, and when.
#[derive(Debug)]
struct Task {
    conversation: Conversation,
    sign_of_life_after: Duration,
    /// When the next part may be sent.
    next_part: Instant,
    last_word: Instant,
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
        let ReportSettings { first_interval, sign_of_life_after, debug_trace, failure_reasons } = settings;
        let mut conversation = Conversation::new(job, log, debug_trace, first_interval);
        let wish = conversation.wish();
        let told = conversation.job.touch(deadline).await.map(|heard| conversation.hear(heard));
        let spare = conversation.clone();
        let last_word = Instant::now();
        let next_part = last_word + first_interval;
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(Task { conversation, sign_of_life_after, next_part, last_word }.run(stopped));
        (Self { stop, task, wish, failure_reasons, spare }, told)
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
        let Self { stop, mut task, spare, failure_reasons, .. } = self;
        let _ended_already = stop.send(());
        // Where the log goes on is said by GitLab (416), so a conversation that was lost costs one call.
        let conversation = task.join_next().await.and_then(Result::ok).unwrap_or(spare);
        conversation.finish(state, &failure_reasons, deadline).await
    }
}

impl Task {
    /// Until it is stopped, or the job is over.
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Conversation {
        while !self.conversation.is_over() {
            let look = self.next_part.max(Instant::now() + LOOK);
            let sign_of_life = self.last_word + self.sign_of_life_after;
            tokio::select! {
                _ = &mut stopped => break,
                () = sleep_until(look.min(sign_of_life)) => {}
            }
            let now = Instant::now();
            let may_send = self.conversation.has_more() && now >= self.next_part;
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
        self.conversation
    }

    async fn touch(&mut self, deadline: Instant) {
        match self.conversation.job.touch(deadline).await {
            Ok(heard) => self.conversation.hear(heard),
            Err(error) => warn!(gitlab.job = self.conversation.job.id(), "{error}"),
        }
        // One that failed is not made again at once: the calls do that by themselves.
        self.last_word = Instant::now();
    }

    async fn send_part(&mut self, deadline: Instant) {
        let moved = self.conversation.patch(deadline).await;
        let interval = self.conversation.interval;
        let pause = match moved {
            Moved::On | Moved::Not { pause: None } => interval,
            Moved::Elsewhere => Duration::ZERO,
            Moved::Not { pause: Some(pause) } => pause.max(interval),
        };
        self.last_word = Instant::now();
        self.next_part = self.last_word + pause;
    }
}
