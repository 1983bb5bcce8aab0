//! Sends what is due: of one approval after somebody answered, and of all of them again and again.
//!
//! Any number of processes may sweep. Of several that find the same approval one takes it, by a write that names the
//! version it has read, and nobody else sends anything of it until it lets go or its lease has run out.

use crate::apply::apply;
use crate::approval::Approval;
use crate::audit;
use crate::effects::{effects, under_way};
use crate::event::Event;
use crate::keys::Keys;
use crate::lease::Lease;
use crate::message::{Answer, Effect, Entry, Message, Sending};
use crate::observe;
use crate::outside::{Outside, Post, Report};
use crate::result;
use crate::status::Status;
use crate::store::{ChangeError, Kept, change_key, key, load_key, put_off, save};
use crate::time::UnixTime;
use crate::token::open_token;
use futures_util::{StreamExt, future, stream};
use runtask_log::{Chain, event, metric};
use runtask_state::{DocumentError, DocumentStore, Due};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{error, warn};

/// How long one that takes an approval has it. It lets go much earlier, unless it dies.
pub const LEASE: Duration = Duration::from_mins(1);

/// How long one message may take.
const MESSAGE_TIME: Duration = Duration::from_secs(10);

/// How often, before letting go, one looks for what has become due by what it sent.
const ROUNDS: usize = 4;

/// How many approvals are attended at a time, and found at a time.
const AT_A_TIME: usize = 10;
const PAGE: usize = 100;

/// Whatever is not over is due within this time: people are given less than an hour. Nothing expires in it.
const HORIZON: Duration = Duration::from_hours(1);

/// For how long an approval that cannot be read is put off.
const PUT_OFF: Duration = Duration::from_mins(5);

/// Sends what is due.
#[derive(Debug)]
pub struct Sweeper<S, O> {
    /// Where approvals are.
    pub store: S,
    /// How messages are sent.
    pub outside: O,
    /// What opens runs' tokens.
    pub keys: Arc<Keys>,
    /// For how long the store has the lines of the audit log; without, they are in the log alone.
    pub audit_kept: Option<Duration>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Approvals that were found due.
    pub due: usize,
    /// Those of them that it attended to. Others were faster at the rest.
    pub attended: usize,
    /// Those of them that could not be read, loaded or written.
    pub failed: usize,
    /// Whether time was up before all of them were looked at.
    pub unfinished: bool,
}

/// The state of all approvals that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Those that are open.
    pub open: usize,
    /// Those whose verdict HCP Terraform does not have yet.
    pub undelivered: usize,
    /// Messages that are due, or were tried in vain, given up or not.
    pub unsent: usize,
    /// How long ago HCP Terraform last heard of the open one of which it has heard least.
    pub oldest_word: Duration,
}

impl Gauges {
    /// Counts one more approval.
    fn count(&mut self, approval: &Approval, now: UnixTime) {
        match approval.status {
            Status::Open => {
                self.open += 1;
                self.oldest_word = self.oldest_word.max(now.since(approval.running_at));
            }
            Status::Decided { .. } => self.undelivered += 1,
            Status::Reported { .. } | Status::Cancelled { .. } | Status::Lost { .. } => {}
        }
        let in_vain =
            |it: &&Entry| it.state == Sending::GivenUp || (it.state == Sending::Waiting && it.tries > 0);
        let is_new =
            |it: &&Effect| it.due_at <= now && approval.entry(&it.message).is_none_or(|it| it.tries == 0);
        self.unsent += approval.outbox.iter().filter(in_vain).count();
        self.unsent += effects(approval).iter().filter(is_new).count();
    }
}

impl<S: DocumentStore, O: Outside> Sweeper<S, O> {
    /// Attends to every approval that is due, for at most `time` and a little.
    ///
    /// # Errors
    ///
    /// When the store does not say which are due. Trouble with one approval is logged, and the others are attended to.
    pub async fn sweep(&self, now: UnixTime, time: Duration) -> Result<Swept, DocumentError> {
        let started = Instant::now();
        let mut swept = Swept::default();
        let mut seen = HashSet::new();
        loop {
            let at = now.plus(started.elapsed());
            let page = self.store.due(at.into(), PAGE).await?;
            // The list may lag behind what was done.
            let new: Vec<Due> = page.into_iter().filter(|it| seen.insert(it.key.clone())).collect();
            if new.is_empty() {
                return Ok(swept);
            }
            swept.due += new.len();
            let (attended, failed, left) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
            stream::iter(new)
                .for_each_concurrent(AT_A_TIME, async |it: Due| {
                    if started.elapsed() >= time {
                        left.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    match self.attend_key(&it.key, now.plus(started.elapsed())).await {
                        Ok(true) => attended.fetch_add(1, Ordering::Relaxed),
                        Ok(false) => 0,
                        Err(error) => {
                            self.failed(&it.key, &error, now.plus(started.elapsed())).await;
                            failed.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                })
                .await;
            swept.attended += attended.into_inner();
            swept.failed += failed.into_inner();
            if left.into_inner() > 0 {
                swept.unfinished = true;
                return Ok(swept);
            }
        }
    }

    /// Sends what is due of one approval, such as a verdict that was just decided. `false` when nothing is due, or somebody
    /// else is at it.
    ///
    /// # Errors
    ///
    /// When the approval cannot be read or written. What is left, a sweep does.
    pub async fn attend(&self, id: &str, now: UnixTime) -> Result<bool, ChangeError> {
        self.attend_key(&key(id), now).await
    }

    /// Ends every open approval, because what is remembered of it is about to be lost, and sends the verdicts.
    ///
    /// # Errors
    ///
    /// When the store does not say which there are.
    pub async fn stop(&self, now: UnixTime, time: Duration) -> Result<Swept, DocumentError> {
        let all = self.store.due(now.plus(HORIZON).into(), usize::MAX).await?;
        for due in all {
            if let Err(error) = change_key(&self.store, &due.key, &Event::Stop, now).await {
                self.failed(&due.key, &error, now).await;
            }
        }
        self.sweep(now, time).await
    }

    /// How all approvals stand that are not over; reads each of them.
    ///
    /// # Errors
    ///
    /// When the store did not say which there are. One that cannot be read is not counted: whoever attends to it says so.
    pub async fn gauges(&self, now: UnixTime) -> Result<Gauges, DocumentError> {
        let all = self.store.due(now.plus(HORIZON).into(), usize::MAX).await?;
        let load = async |due: Due| load_key(&self.store, &due.key, now).await.ok().flatten();
        let loaded = stream::iter(all).map(load).buffer_unordered(AT_A_TIME);
        let count = |mut gauges: Gauges, kept: Option<Kept>| {
            if let Some(kept) = kept {
                gauges.count(&kept.approval, now);
            }
            future::ready(gauges)
        };
        Ok(loaded.fold(Gauges::default(), count).await)
    }

    async fn attend_key(&self, key: &str, now: UnixTime) -> Result<bool, ChangeError> {
        let started = Instant::now();
        let at = || now.plus(started.elapsed());
        let Some(kept) = load_key(&self.store, key, now).await? else { return Ok(false) };
        // While somebody else has it, it is not due.
        if kept.due_at.is_none_or(|it| it > now.into()) {
            return Ok(false);
        }
        let lease = Lease { holder: fastrand::u64(..), until: now.plus(LEASE) };
        let mut next = ticked(&kept.approval, now);
        let mut due = take(&mut next, lease, now);
        let Some(mut kept) = self.keep(&kept, next, now).await? else { return Ok(false) };
        for round in 1.. {
            if due.is_empty() {
                break;
            }
            let answers = future::join_all(due.iter().map(|it| self.send(&kept.approval, it, at()))).await;
            let answers: Vec<_> = due.into_iter().zip(answers).collect();
            let goes_on = round < ROUNDS;
            (kept, due) = self.take_down(kept, &answers, lease, goes_on, at()).await?;
        }
        Ok(true)
    }

    /// Writes down what came of messages, and takes what has become due by that; lets go when that is nothing.
    async fn take_down(
        &self,
        mut kept: Kept,
        answers: &[(Message, Answer)],
        lease: Lease,
        goes_on: bool,
        now: UnixTime,
    ) -> Result<(Kept, Vec<Message>), ChangeError> {
        loop {
            let mut next = kept.approval.clone();
            for (message, answer) in answers {
                let event = Event::Tried { message: message.clone(), answer: answer.clone() };
                next = apply(&next, event, now).map_err(ChangeError::Refused)?;
            }
            // Whoever took over sends what is left.
            let is_ours = next.lease.is_some_and(|it| it.holder == lease.holder);
            let mut due = Vec::new();
            if is_ours {
                next.lease = None;
                if goes_on {
                    due = take(&mut next, lease, now);
                }
            }
            if let Some(kept) = self.keep(&kept, next, now).await? {
                return Ok((kept, due));
            }
            let again = load_key(&self.store, &key(&kept.approval.id), now).await?;
            kept = again.ok_or(ChangeError::NotFound)?;
        }
    }

    /// Writes the next version; `None` when somebody else was faster.
    async fn keep(&self, kept: &Kept, next: Approval, now: UnixTime) -> Result<Option<Kept>, DocumentError> {
        let saved = save(&self.store, kept.version, next, now).await?;
        if let Some(saved) = &saved {
            observe::moved(&kept.approval, &saved.approval);
        }
        Ok(saved)
    }

    /// Makes one try.
    async fn send(&self, approval: &Approval, message: &Message, now: UnixTime) -> Answer {
        let sent = async {
            match message {
                Message::Verdict => match result::verdict(approval, self.outside.page(approval)) {
                    Some(result) => self.report(approval, &result, now).await,
                    None => Answer::Refused,
                },
                Message::Running => {
                    let result = result::running(approval, self.outside.page(approval));
                    self.report(approval, &result, now).await
                }
                Message::Card(channel) => self.outside.post(approval, channel, Post::Question).await,
                Message::FollowUp(channel) => {
                    let question = approval.entry(&Message::Card(channel.clone()));
                    let question = question.and_then(|it| it.reference.as_deref());
                    self.outside.post(approval, channel, Post::Ending { question }).await
                }
                Message::Audit(fact) => {
                    audit::write(&self.store, self.audit_kept, approval, *fact, now).await
                }
            }
        };
        let answer = tokio::time::timeout(MESSAGE_TIME, sent)
            .await
            .unwrap_or(Answer::Again { after_s: None, maybe_taken: true });
        if !matches!(answer, Answer::Taken { .. }) {
            warn!(
                event = event::APPROVAL_NOT_SENT,
                task_result.id = approval.id,
                message = %message,
                answer = ?answer,
                "a message of an approval was not taken"
            );
            metric::count_by("ApprovalMessagesNotTaken", "Kind", kind(message));
        }
        answer
    }

    async fn report(
        &self,
        approval: &Approval,
        result: &runtask_protocol::TaskResult,
        now: UnixTime,
    ) -> Answer {
        let Some(token) = open_token(&self.keys, approval, now) else { return Answer::TokenRefused };
        // Less than may be taken, so that its own account of what happened is heard.
        let time = MESSAGE_TIME.saturating_sub(Duration::from_secs(1));
        self.outside
            .report(Report { callback_url: &approval.callback_url, token: &token, result, time })
            .await
    }

    /// Says what is wrong with an approval. One that cannot be read is put off, so that it does not stand before others.
    async fn failed(&self, key: &str, error: &ChangeError, now: UnixTime) {
        error!(event = event::APPROVAL_FAILED, key, "an approval was not attended to: {}", Chain(error));
        metric::count("ApprovalsFailed");
        if matches!(error, ChangeError::Record(_))
            && let Err(error) = put_off(&self.store, key, now.plus(PUT_OFF), now).await
        {
            error!(event = event::APPROVAL_FAILED, key, "an approval was not put off: {}", Chain(&error));
        }
    }
}

/// Time alone is never refused.
fn ticked(approval: &Approval, now: UnixTime) -> Approval {
    apply(approval, Event::Tick, now).unwrap_or_else(|_never| approval.clone())
}

/// Takes an approval if something of it is due, and notes that this is under way.
fn take(approval: &mut Approval, lease: Lease, now: UnixTime) -> Vec<Message> {
    let due: Vec<Message> =
        effects(approval).into_iter().filter(|it| it.due_at <= now).map(|it| it.message).collect();
    if !due.is_empty() {
        approval.lease = Some(Lease { until: now.plus(LEASE), ..lease });
        under_way(approval, &due, now);
    }
    due
}

fn kind(message: &Message) -> &'static str {
    match message {
        Message::Verdict => "verdict",
        Message::Running => "running",
        Message::Card(_) => "question",
        Message::FollowUp(_) => "ending",
        Message::Audit(_) => "audit",
    }
}
