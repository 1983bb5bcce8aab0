//! Keeps one task result as HCP Terraform does: takes or refuses callbacks, watches the time, notes what happens.

use crate::answer;
use crate::callback::{self, Problem, Reading};
use crate::fault::Fault;
use crate::interference::{Interfered, Interference};
use crate::judgement;
use crate::random;
use crate::record::{Callback, Delivery, Event, Record, Status, TaskResult, What};
use crate::reply::Reply;
use crate::request::{self, Ids};
use crate::spec::RunSpec;
use bytes::Bytes;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Sees each event as it happens.
pub(crate) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// A callback, where sentences name who came without a good token.
const CALLBACK: &str = "the callback";
/// How long the answer to a final result takes that is slow.
pub(crate) const SLOW: Duration = Duration::from_secs(3);
/// Characters of an answer that are shown.
const ANSWER_SHOWN: usize = 300;
/// So many refused callbacks within so many milliseconds are too many. HCP Terraform's limit is 30 a second, for all
/// that an organization's tokens do.
const HAMMERING: (usize, u64) = (20, 2000);

/// One task result.
pub(crate) struct Task {
    pub(crate) ids: Ids,
    pub(crate) spec: RunSpec,
    pub(crate) token: String,
    pub(crate) body: Bytes,
    pub(crate) archive: Bytes,
    pub(crate) plan: Bytes,
    /// A task result that only a forged request named: whoever touches it worked for a forger.
    pub(crate) decoy_of: Option<(Arc<Task>, Fault)>,
    start: Instant,
    observer: Option<Observer>,
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

/// What changes while it goes on.
pub(crate) struct Inner {
    events: Vec<Event>,
    violations: Vec<String>,
    callbacks: Vec<Callback>,
    result: TaskResult,
    ended: Option<Ender>,
    /// Since when the time limits count; not before the request was delivered.
    timed_from: Option<Instant>,
    last_progress: Instant,
    token_from: Instant,
    token_has_expired: bool,
    finals_accepted: usize,
    finals_refused: usize,
    interference: Interference,
    /// The final result whose answer was lost, and may therefore come again.
    lost: Option<String>,
    plan_requests: usize,
    /// Secret parts of the links that were given out.
    links: Vec<String>,
}

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ender {
    RunTask,
    User,
    HcpTerraform,
}

/// A callback as it came over the wire.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a http::Method,
    pub(crate) query: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl Task {
    pub(crate) fn new(
        spec: RunSpec,
        base: &str,
        archive: Bytes,
        start: Instant,
        observer: Option<Observer>,
        decoy_of: Option<(Arc<Self>, Fault)>,
    ) -> Self {
        let ids = Ids::new(&spec);
        // The token of a probe, which is no secret.
        let token = if spec.has(Fault::TokenTest) { "test-token".to_owned() } else { random::token() };
        let body = request::body(&spec, &ids, &token, base).into();
        let plan = spec.plan.clone().unwrap_or_else(|| request::empty_plan().into());
        let now = Instant::now();
        let inner = Inner {
            events: Vec::new(),
            violations: Vec::new(),
            callbacks: Vec::new(),
            result: TaskResult::default(),
            ended: None,
            timed_from: None,
            last_progress: now,
            token_from: now,
            token_has_expired: false,
            finals_accepted: 0,
            finals_refused: 0,
            interference: Interference::default(),
            lost: None,
            plan_requests: 0,
            links: Vec::new(),
        };
        let inner = Mutex::new(inner);
        let changed = watch::Sender::new(());
        Self { ids, spec, token, body, archive, plan, decoy_of, start, observer, inner, changed }
    }

    /// Notes an event.
    pub(crate) fn note(&self, what: What) {
        self.change(|task, inner| task.push(inner, what));
    }

    /// Notes a break of the protocol; the same one is noted once.
    pub(crate) fn violation(&self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.change(|task, inner| task.push_violation(inner, sentence));
    }

    /// Notes what a delivery was answered. The timers start when the request itself was accepted.
    pub(crate) fn answered(&self, delivery: Delivery, status: u16, body: &str) {
        self.change(|task, inner| {
            let shown: String = body.chars().take(ANSWER_SHOWN).collect();
            let shown = task.without_secrets(inner, shown, "an answer to a request");
            task.push(inner, What::Answered { delivery, status, body: shown });
            if delivery == Delivery::Request && status == 200 {
                task.start_timers(inner);
            }
            let is_run = matches!(delivery, Delivery::Request | Delivery::Duplicate);
            if is_run && request::reads_answers(&task.spec) && answer::says_result(body) {
                let sentence =
                    "the answer to a run's request holds a result, which a sender may take for the run's";
                task.push_violation(inner, sentence.to_owned());
                let message =
                    "The sender has read a result in the answer to its request, and waits for no other.";
                inner.end(Status::Errored, Some(message.to_owned()), Ender::HcpTerraform);
            }
        });
    }

    /// Something of this run came to an origin that nobody allowed.
    pub(crate) fn contacted_stranger(&self, what: &str, authorized: bool) {
        self.change(|task, inner| {
            task.push_violation(inner, format!("{what} went to an origin that is not allowed"));
            if authorized {
                task.push_violation(inner, "the token went to an origin that is not allowed".to_owned());
            }
        });
    }

    /// Starts the timers now.
    pub(crate) fn started(&self) {
        self.change(|task, inner| task.start_timers(inner));
    }

    /// HCP Terraform ends it without the run task.
    pub(crate) fn end(&self, status: Status, message: String) {
        self.change(|_task, inner| inner.end(status, Some(message), Ender::HcpTerraform));
    }

    /// The run is canceled.
    pub(crate) fn cancel(&self) {
        self.change(|task, inner| task.cancel_now(inner));
    }

    /// Everything so far.
    pub(crate) fn record(&self) -> Record {
        self.change(|task, inner| {
            task.expire(inner, Instant::now());
            let mut record = Record {
                run_id: task.ids.run.clone(),
                task_result_id: task.ids.task_result.clone(),
                stage: request::stage(&task.spec).to_owned(),
                enforcement: request::enforcement(&task.spec).to_owned(),
                organization: task.spec.organization.clone(),
                workspace: task.spec.workspace.clone(),
                result: inner.result.clone(),
                violations: inner.violations.clone(),
                callbacks: inner.callbacks.clone(),
                finals_accepted: inner.finals_accepted,
                finals_refused: inner.finals_refused,
                events: inner.events.clone(),
                faults: Vec::new(),
            };
            record.faults = judgement::judge(&task.spec.faults, &record);
            record
        })
    }

    /// Waits until `holds`, at most `timeout`; whether it came to hold.
    pub(crate) async fn wait_until(&self, timeout: Duration, holds: impl Fn(&Record) -> bool) -> bool {
        let mut changed = self.changed.subscribe();
        // A timeout too long to be told is none.
        let until = Instant::now().checked_add(timeout);
        loop {
            changed.mark_unchanged();
            if holds(&self.record()) {
                return true;
            }
            let limit = self.lock().limit(&self.spec).map(|(at, _)| at);
            let next = match (until, limit) {
                (Some(until), Some(limit)) => Some(until.min(limit)),
                (until, limit) => until.or(limit),
            };
            if until.is_some_and(|it| it <= Instant::now()) {
                return false;
            }
            let sleep = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _changed = changed.changed() => {}
                () = sleep => {}
            }
        }
    }

    /// The status to refuse a request for data with, when its token is not good.
    pub(crate) fn refuses(&self, authorization: Option<&str>, asked_for: &str) -> Option<u16> {
        self.change(|task, inner| match task.authorize(inner, authorization, asked_for) {
            Ok(()) => None,
            Err(reply) => reply.status,
        })
    }

    /// Ends the token's life, whatever its time says and whatever is reported from now on.
    pub(crate) fn expire_token(&self) {
        self.lock().token_has_expired = true;
    }

    /// Which request for the plan this is, counted from 1.
    pub(crate) fn count_plan_request(&self) -> usize {
        let mut inner = self.lock();
        inner.plan_requests += 1;
        inner.plan_requests
    }

    /// The answer to a request for data that somebody gives in HCP Terraform's place, if anybody does.
    pub(crate) fn interfered_download(&self, kind: &'static str) -> Option<Reply> {
        self.lock().interference.download(&self.spec, kind)
    }

    /// Remembers the secret part of a link, to look for where it must not be.
    pub(crate) fn gave_link(&self, secret: &str) {
        self.lock().links.push(secret.to_owned());
    }

    /// Takes a callback.
    pub(crate) fn callback(&self, call: &Call<'_>) -> Reply {
        self.change(|task, inner| {
            let now = Instant::now();
            task.expire(inner, now);
            let outcomes_welcome = request::takes_outcomes(&task.spec);
            let mut reading = callback::read(call.content_type, call.body, outcomes_welcome);
            task.clean(inner, &mut reading);
            let before = inner.events.len();
            let reply = task.judge(inner, call, &reading, now);
            let is_final = matches!(reading.status.as_deref(), Some("passed" | "failed"));
            if is_final && reply.status.is_some_and(|it| it != 200) {
                inner.finals_refused += 1;
            }
            task.push_callback(inner, reading, reply.status);
            // On the time line, what was wrong with it comes behind it.
            if let Some(news) = inner.events.get_mut(before..) {
                news.rotate_right(1);
            }
            reply
        })
    }

    fn judge(&self, inner: &mut Inner, call: &Call<'_>, reading: &Reading, now: Instant) -> Reply {
        if let Some(code) = &self.ids.url_code
            && call.query != Some(format!("url_code={code}").as_str())
        {
            self.push_violation(inner, "the callback URL lost its query on the way back".to_owned());
            return Reply::refusal(404, "no such task result");
        }
        if call.method != http::Method::PATCH {
            self.push_violation(inner, format!("the callback came as {} instead of PATCH", call.method));
            return Reply::refusal(405, "a callback is a PATCH");
        }
        let lenient = self.spec.has(Fault::CallbackLenient);
        if (!lenient || self.decoy_of.is_some())
            && let Err(reply) = self.authorize(inner, call.authorization, CALLBACK)
        {
            return reply;
        }
        let Interfered { reply, violation } =
            inner.interference.callback(&self.spec, reading.status.as_deref(), now);
        if let Some(sentence) = violation {
            self.push_violation(inner, sentence.to_owned());
        }
        if let Some(reply) = reply {
            return reply;
        }
        let mut answer = 200;
        if !lenient {
            for problem in &reading.problems {
                self.push_violation(inner, problem.sentence.clone());
                if answer == 200 {
                    answer = problem.answer;
                }
            }
        }
        if let Some(reply) = self.after_the_end(inner, reading) {
            return reply;
        }
        if answer != 200 {
            let refused = |it: &&Problem| it.answer == answer;
            let error = |it: &Problem| (it.sentence.clone(), Some(it.pointer.clone()));
            return Reply::errors(answer, reading.problems.iter().filter(refused).map(error).collect());
        }
        if self.spec.has(Fault::Callback422Outcomes) && !reading.outcomes.is_empty() {
            let pointer = "/data/relationships/outcomes".to_owned();
            return Reply::errors(422, vec![("outcomes are not accepted".to_owned(), Some(pointer))]);
        }
        self.accept(inner, reading, now)
    }

    /// What a callback is answered once nothing can change any more.
    fn after_the_end(&self, inner: &mut Inner, reading: &Reading) -> Option<Reply> {
        let cancels = self.spec.has(Fault::Cancel) || self.spec.has(Fault::Cancel404);
        if cancels && inner.ended.is_none() && reading.status.as_deref() != Some("running") {
            self.cancel_now(inner);
        }
        match inner.ended? {
            Ender::RunTask => {
                let resent = inner.lost.is_some() && inner.lost == reading.status;
                inner.lost = None;
                if !resent {
                    let status = reading.status.as_deref().unwrap_or("unreadable");
                    let sentence = match status {
                        "passed" | "failed" if inner.result.status.as_str() == status => {
                            "the final result was sent twice".to_owned()
                        }
                        "passed" | "failed" => {
                            format!(
                                "a second final result was sent: `{status}` after `{}`",
                                inner.result.status.as_str()
                            )
                        }
                        _ => format!("a callback with the status `{status}` was sent after the final result"),
                    };
                    self.push_violation(inner, sentence);
                }
                let status = match () {
                    () if self.spec.has(Fault::AfterFinal422) => 422,
                    () if self.spec.has(Fault::AfterFinal401) => 401,
                    () => 409,
                };
                Some(Reply::refusal(status, "the task result is in a terminal state"))
            }
            Ender::User if self.spec.has(Fault::Cancel404) => {
                Some(Reply::refusal(404, "no such task result"))
            }
            Ender::User | Ender::HcpTerraform => {
                Some(Reply::refusal(409, "the task result is in a terminal state"))
            }
        }
    }

    fn accept(&self, inner: &mut Inner, reading: &Reading, now: Instant) -> Reply {
        let result = &mut inner.result;
        result.message = reading.message.clone().or(result.message.take());
        result.url = reading.url.clone().or(result.url.take());
        result.outcomes.extend(reading.outcomes.iter().cloned());
        let (mut status, mut delay) = (Some(200), Duration::ZERO);
        match reading.status.as_deref() {
            Some(word @ ("passed" | "failed")) => {
                result.status = if word == "passed" { Status::Passed } else { Status::Failed };
                inner.ended = Some(Ender::RunTask);
                inner.finals_accepted += 1;
                if self.spec.has(Fault::CallbackLost) {
                    inner.lost = reading.status.clone();
                    status = None;
                }
                if self.spec.has(Fault::CallbackSlow) {
                    delay = SLOW;
                }
            }
            _ => {
                result.status = Status::Running;
                inner.last_progress = now;
                if !self.spec.has(Fault::TokenNotExtended) {
                    inner.token_from = now;
                }
                if self.spec.has(Fault::Cancel) || self.spec.has(Fault::Cancel404) {
                    self.cancel_now(inner);
                }
            }
        }
        let document = self.spec.has(Fault::CallbackDocument).then(|| {
            json!({
                "data": {
                    "id": self.ids.task_result,
                    "type": "task-results",
                    "attributes": {
                        "message": inner.result.message,
                        "status": inner.result.status.as_str(),
                        "url": inner.result.url,
                        "stage": request::stage(&self.spec),
                        "task-result-outcomes-count": inner.result.outcomes.len(),
                    },
                },
            })
        });
        Reply { status, delay, body: document, ..Reply::default() }
    }

    fn authorize(&self, inner: &mut Inner, authorization: Option<&str>, named: &str) -> Result<(), Reply> {
        if let Some((real, fault)) = &self.decoy_of {
            real.violation(format!("work was started for a forged request (`{fault}`): {named} came"));
            return Err(Reply::refusal(401, "unauthorized"));
        }
        if self.spec.has(Fault::TokenMissing) {
            // The code in a callback's URL is all that this sender asks for; data is for those who have a token.
            let is_callback = named == CALLBACK;
            return if is_callback { Ok(()) } else { Err(Reply::refusal(401, "unauthorized")) };
        }
        let Some(authorization) = authorization else {
            self.push_violation(inner, format!("{named} came without an `Authorization` header"));
            return Err(Reply::refusal(401, "unauthorized"));
        };
        let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if !scheme.eq_ignore_ascii_case("bearer") || token.trim() != self.token {
            self.push_violation(
                inner,
                format!("{named} came with something else than this task result's token"),
            );
            return Err(Reply::refusal(401, "unauthorized"));
        }
        if inner.token_has_expired || inner.token_from.elapsed() > self.spec.timers.token {
            return Err(Reply::refusal(401, "the token has expired"));
        }
        Ok(())
    }

    fn start_timers(&self, inner: &mut Inner) {
        let now = Instant::now();
        inner.timed_from = Some(now);
        inner.last_progress = now;
        inner.token_from = now;
    }

    fn cancel_now(&self, inner: &mut Inner) {
        if inner.ended.is_none() {
            inner.end(Status::Canceled, Some("The run was canceled.".to_owned()), Ender::User);
            self.push(inner, What::Canceled);
        }
    }

    fn expire(&self, inner: &mut Inner, now: Instant) {
        if let Some((_, reason)) = inner.limit(&self.spec).filter(|(at, _)| *at <= now) {
            inner.end(
                Status::Errored,
                Some(format!("HCP Terraform gave up waiting: {reason}.")),
                Ender::HcpTerraform,
            );
            self.push(inner, What::TimedOut { reason });
        }
    }

    fn push(&self, inner: &mut Inner, what: What) {
        let at_ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        inner.events.push(Event { at_ms, what });
    }

    fn push_violation(&self, inner: &mut Inner, sentence: String) {
        // What is quoted from the other side may be as long as it likes there.
        let sentence = match sentence.char_indices().nth(600) {
            Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()),
            None => sentence,
        };
        if !inner.violations.contains(&sentence) {
            inner.violations.push(sentence.clone());
            self.push(inner, What::Violation { sentence });
        }
    }

    fn push_callback(&self, inner: &mut Inner, reading: Reading, answered: Option<u16>) {
        let Reading { document, status, message, url, outcomes, .. } = reading;
        self.push(
            inner,
            What::CallbackReceived {
                status: status.clone(),
                message: message.clone(),
                outcomes: outcomes.len(),
                answered,
            },
        );
        let at_ms = inner.events.last().map_or(0, |it| it.at_ms);
        inner.callbacks.push(Callback { at_ms, status, message, url, outcomes, answered, body: document });
        let (many, within) = HAMMERING;
        let refused =
            |it: &&Callback| it.at_ms + within > at_ms && it.answered.is_some_and(|answered| answered != 200);
        if inner.callbacks.iter().rev().take(many + 1).filter(refused).count() > many {
            let sentence =
                format!("more than {many} callbacks were refused within {} seconds", within / 1000);
            self.push_violation(inner, format!("{sentence}: the run task sends them again without a pause"));
        }
    }

    /// Takes the token and the links out of everything that came in.
    fn clean(&self, inner: &mut Inner, reading: &mut Reading) {
        reading.change_texts(|text| self.without_secrets(inner, text, "a callback's body"));
    }

    fn without_secrets(&self, inner: &mut Inner, mut text: String, named: &str) -> String {
        if text.contains(&self.token) && !self.spec.has(Fault::TokenTest) {
            text = text.replace(&self.token, "[token]");
            self.push_violation(inner, format!("the access token stands in {named}"));
        }
        let leaked: Vec<String> =
            inner.links.iter().filter(|it| text.contains(it.as_str())).cloned().collect();
        for secret in leaked {
            text = text.replace(&secret, "[link]");
            self.push_violation(inner, format!("a temporary link stands in {named}"));
        }
        text
    }

    /// Changes the state, then tells the observer and everybody who waits.
    fn change<T>(&self, change: impl FnOnce(&Self, &mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let (events, ended) = (inner.events.len(), inner.ended);
        let done = change(self, &mut inner);
        let news = inner.events.get(events..).unwrap_or_default().to_vec();
        let unchanged = news.is_empty() && ended == inner.ended;
        drop(inner);
        if let Some(observer) = &self.observer {
            news.iter().for_each(|it| observer(it));
        }
        if !unchanged {
            self.changed.send_replace(());
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn end(&mut self, status: Status, message: Option<String>, by: Ender) {
        if self.ended.is_none() {
            self.ended = Some(by);
            self.result.status = status;
            self.result.message = message;
        }
    }

    /// When HCP Terraform gives up, and why.
    fn limit(&self, spec: &RunSpec) -> Option<(Instant, String)> {
        if self.ended.is_some() {
            return None;
        }
        let from = self.timed_from?;
        let timers = &spec.timers;
        let total = (from + timers.total, format!("no final result within {:?}", timers.total));
        let progress = if spec.has(Fault::FixedDeadline) {
            (from + timers.progress, format!("no final result within {:?}", timers.progress))
        } else {
            (self.last_progress + timers.progress, format!("no progress for {:?}", timers.progress))
        };
        Some(if progress.0 < total.0 { progress } else { total })
    }
}
