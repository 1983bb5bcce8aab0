//! Works on one job, from its claim to its final result.

use crate::attempt::{Attempt, OutOfTime};
use crate::claims::{Asked, Claims, Hold};
use crate::configuration::Configuration;
use crate::decline::{TASK, on_error_of_unfinished, task_for};
use crate::end::{End, NotDelivered, count, trace_end};
use crate::heartbeat::{Heartbeat, Vain, say_running};
use crate::notice::notice;
use crate::page_of_result::{Judged, KeepPage};
use crate::people::{NoPeople, ask, waiting};
use crate::telling::Telling;
use crate::work::{Worked, facts, work};
use runtask_approvals::{AskPeople, Waiting};
use runtask_checks::Stopper;
use runtask_client::{CallbackError, Client, ClientError, Delivery};
use runtask_findings::{CheckReport, Verdict, verdict};
use runtask_log::{Chain, event, metric, milliseconds, trace};
use runtask_notify::{Message, Notifier};
use runtask_protocol::limits::RESULT_DEADLINE;
use runtask_protocol::{DetailsUrl, Job, Receipt, Run, Stage, TaskResult};
use runtask_report::{linked_task_result, task_result};
use runtask_setup::{JobSettings, LoadedTask};
use runtask_state::ClaimStore;
use runtask_tasks::Date;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout};
use tracing::{Instrument, Span, error, info, info_span, warn};
use url::Url;

/// How long work may take to end when it is told to.
const STOPPING: Duration = Duration::from_secs(1);

/// How long making and keeping the page of a result may take: a result never waits longer for it.
const PAGE_LIMIT: Duration = Duration::from_secs(2);

/// Works on jobs.
#[derive(Debug)]
pub struct Handler<C, P = NoPeople> {
    settings: Arc<JobSettings>,
    client: Client,
    claims: Arc<Claims<C>>,
    turns: Arc<Semaphore>,
    telling: Telling,
    /// Who asks people, where tasks have it.
    people: Option<Arc<P>>,
    /// Nothing where results link to no page.
    pages: Option<Arc<dyn KeepPage>>,
}

/// The end of a job's work.
enum Work {
    Done(Box<Done>),
    Stopped(OutOfTime),
    Died,
    InVain(Vain),
}

/// Checked.
struct Done {
    next: Next,
    leftovers: Option<Configuration>,
}

/// What follows from it.
enum Next {
    /// A result that was clear before anything was checked.
    Report(TaskResult),
    /// What the checks say is the verdict.
    Judge(Vec<CheckReport>, Verdict),
    /// People decide.
    Ask(Box<Waiting>),
}

/// Ends a task with whoever waits for it.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<C: ClaimStore + 'static, P: AskPeople + 'static> Handler<C, P> {
    /// `now` is the clock for claims and for what comes too late. `people` asks people, where tasks have them asked; without, the
    /// runs of such tasks end as those that nobody decides.
    ///
    /// # Errors
    ///
    /// When no HTTP client can be made from the settings.
    pub fn new(
        settings: JobSettings,
        claims: C,
        people: Option<Arc<P>>,
        now: fn() -> SystemTime,
    ) -> Result<Self, ClientError> {
        let client = Client::new(settings.client.clone())?;
        let notifier = match settings.channels.as_slice() {
            [] => None,
            channels => Some(Notifier::new(channels.to_vec(), &settings.client)?),
        };
        let turns = Arc::new(Semaphore::new(settings.concurrency));
        let claims = Arc::new(Claims { store: claims, now });
        let settings = Arc::new(settings);
        let telling = Telling::new(Arc::clone(&settings), notifier);
        Ok(Self { settings, client, claims, turns, telling, people, pages: None })
    }

    /// Has a page made of each result, which then links to it, if there is who keeps pages.
    #[must_use]
    pub fn with_pages(mut self, pages: Option<Arc<dyn KeepPage>>) -> Self {
        self.pages = pages;
        self
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &JobSettings {
        &self.settings
    }

    /// Works on one job inside the time of one attempt.
    ///
    /// A claim that another attempt holds is waited for where that attempt may have died: see
    /// [`Attempt::others_may_have_died`].
    ///
    /// # Errors
    ///
    /// When the final result could not be delivered: another attempt should try.
    pub async fn run(&self, job: Job, attempt: Attempt) -> Result<End, NotDelivered> {
        let (span, receipt, mut traced) = (span(&job), job.receipt.clone(), traced(&job));
        let end = traced.around(self.run_in_span(job, attempt)).instrument(span).await;
        count(&end, &receipt);
        trace_end(&end, &mut traced);
        end
    }

    async fn run_in_span(&self, job: Job, attempt: Attempt) -> Result<End, NotDelivered> {
        // A job that came twice ends here. What only others need is large, and kept out of what is moved around: in boxes.
        let started = Instant::now();
        let id = job.run.task_result_id.clone();
        let url = match admit(&self.client, &job, (self.claims.now)()) {
            Ok(url) => url,
            Err(end) => return Ok(end),
        };
        let patience = attempt.patience(self.settings.report_margin);
        let claiming = trace::within("claim", trace::Kind::Internal);
        let asked = claiming.around(self.claims.ask(id.as_str(), patience)).await;
        drop(claiming);
        let hold = match asked {
            Asked::Work(hold) => Arc::new(hold),
            Asked::Finished { owed } => {
                if let Some(owed) = owed {
                    Box::pin(self.tell_again(id.as_str(), &owed, &attempt)).await;
                }
                return Ok(End::Finished);
            }
            Asked::Held => return Ok(End::Held),
            Asked::Unclear => return Err(NotDelivered::Unclear),
        };
        Box::pin(self.attend_to(job, url, hold, attempt, started)).await
    }

    /// Does the work on a job that is ours.
    async fn attend_to(
        &self,
        job: Job,
        url: Url,
        hold: Arc<Hold>,
        attempt: Attempt,
        started: Instant,
    ) -> Result<End, NotDelivered> {
        let id = &job.run.task_result_id;
        info!(event = event::JOB_TAKEN, "took {id} over");
        // A task of its own: should it panic, the claim must not stay, nor HCP Terraform without a result.
        let (client, settings, turns) =
            (self.client.clone(), Arc::clone(&self.settings), Arc::clone(&self.turns));
        let attending = Attending {
            client,
            settings,
            turns,
            run: job.run.clone(),
            receipt: job.receipt.clone(),
            url: url.clone(),
            attempt: attempt.clone(),
            people: self.people.clone(),
            now: self.claims.now,
            pages: self.pages.clone(),
            telling: self.telling.clone(),
            claims: Arc::clone(&self.claims),
            hold: Arc::clone(&hold),
        };
        let mut attending = tokio::spawn(trace::carry(attending.attend()).instrument(Span::current()));
        let abort = AbortOnDrop(attending.abort_handle());
        let end = tokio::select! {
            end = &mut attending => match end {
                Ok(end) => end,
                Err(error) => {
                    error!(event = event::JOB_PANICKED, error = %Chain(&error), "the handler panicked");
                    self.apologize(&job, &url, &attempt).await
                }
            },
            () = self.claims.keep(&hold) => {
                attending.abort();
                let _aborted = attending.await;
                return Ok(End::TakenOver);
            }
        };
        drop(abort);
        let notice = end.as_ref().ok().and_then(|it| it.notice.as_ref());
        // Where nobody waits for a result, it may be one before that is out, by an attempt that could not say so any more.
        let is_out = end.as_ref().is_ok_and(|it| it.end == End::NotWanted);
        let left = hold.left.as_deref().filter(|_| is_out);
        let owed = notice.and_then(|it| self.telling.owed(it));
        self.claims.settle(&hold, end.is_ok(), owed.as_deref().or(left)).await;
        let Attended { end, notice } = end.map_err(|error| NotDelivered::because(error, id))?;
        let duration = started.elapsed();
        info!(
            event = event::JOB_DONE,
            end = end.as_str(),
            duration_ms = milliseconds(duration),
            "done with {id}: {}",
            end.as_str()
        );
        metric::duration("JobDuration", duration);
        // After the claim says that it is done: whatever ends this attempt now, another one tells nobody again but those who
        // know by a message's name that they have had it.
        match (&notice, left) {
            (Some(notice), _) => {
                self.telling.tell(notice, (self.claims.now)(), &attempt).await;
                if owed.is_some() {
                    self.claims.told(id.as_str()).await;
                }
            }
            (None, Some(left)) => self.tell_again(id.as_str(), left, &attempt).await,
            (None, None) => {}
        }
        Ok(end)
    }

    /// Tells what another attempt owed of a result that is out.
    async fn tell_again(&self, id: &str, owed: &str, attempt: &Attempt) {
        info!(event = event::RESULT_TOLD_AGAIN, "{id} may not have been told: telling it again");
        self.telling.tell_again(owed, (self.claims.now)(), attempt).await;
        self.claims.told(id).await;
    }

    /// The final result of a run that our own code failed.
    async fn apologize(&self, job: &Job, url: &Url, attempt: &Attempt) -> Result<Attended, CallbackError> {
        let (task, token) = (&job.receipt.task, &job.run.access_token);
        let reports = unfinished(&self.settings, task, "it ended unexpectedly");
        let verdict = verdict(&reports, on_error_of_unfinished(&self.settings, task));
        let result = task_result(&reports, verdict, false);
        let notice = notice(task, &job.run, &reports, verdict, (self.claims.now)());
        let until = attempt.deliver_until();
        match self.client.deliver(url, token, &result, until, attempt.cut_short()).await? {
            Delivery::Accepted => Ok(Attended { end: End::Delivered(result.status()), notice: Some(notice) }),
            Delivery::Over(_) => Ok(Attended::quietly(End::NotWanted)),
        }
    }
}

/// The fields that every log line about a job carries.
pub(crate) fn span(job: &Job) -> Span {
    let run = &job.run;
    info_span!(
        "job",
        task_result.id = %run.task_result_id,
        run.id = run.run_id.as_ref().map(tracing::field::display),
        workspace.name = run.workspace_name,
        organization.name = run.organization_name,
        stage = run.stage.as_ref().map(Stage::as_str),
        task = job.receipt.task,
    )
}

/// The span of an attempt at a job, in the trace of the request that it came with where that is known.
fn traced(job: &Job) -> trace::Span {
    let mut span = trace::begin("job", trace::Kind::Internal);
    span.set("runtask.task", &*job.receipt.task);
    if let Some(stage) = &job.run.stage {
        span.set("runtask.stage", stage.as_str());
    }
    if let Some(id) = &job.run.run_id {
        span.set("runtask.run_id", id.as_str());
    }
    span
}

/// Where the result of a job may go, or why nothing is done for it.
pub(crate) fn admit(client: &Client, job: &Job, now: SystemTime) -> Result<Url, End> {
    let id = &job.run.task_result_id;
    let age = job.receipt.received_at().and_then(|it| now.duration_since(it).ok());
    if age.is_some_and(|it| it > RESULT_DEADLINE) {
        error!(
            event = event::JOB_EXPIRED,
            age_ms = age.map(milliseconds),
            "dropped {id}: HCP Terraform does not wait for it any more"
        );
        return Err(End::Expired);
    }
    client.admit_callback(&job.run.callback_url).map_err(|error| {
        error!(
            event = event::JOB_REFUSED,
            error = %Chain(&error),
            "dropped {id}: its result may not be sent"
        );
        End::Refused
    })
}

/// How attending to one run ended, and what is to be told of it.
struct Attended {
    end: End,
    notice: Option<Message>,
}

impl Attended {
    /// Nobody is told.
    const fn quietly(end: End) -> Self {
        Self { end, notice: None }
    }
}

/// Everything that attending to one run needs, so that it can be a task.
struct Attending<C, P> {
    client: Client,
    settings: Arc<JobSettings>,
    turns: Arc<Semaphore>,
    run: Run,
    receipt: Receipt,
    url: Url,
    attempt: Attempt,
    people: Option<Arc<P>>,
    now: fn() -> SystemTime,
    pages: Option<Arc<dyn KeepPage>>,
    telling: Telling,
    claims: Arc<Claims<C>>,
    hold: Arc<Hold>,
}

impl<C: ClaimStore, P: AskPeople> Attending<C, P> {
    /// From the first `running` to the final result.
    async fn attend(self) -> Result<Attended, CallbackError> {
        let work_until = self.attempt.work_until(Instant::now(), self.settings.report_margin);
        let token = &self.run.access_token;
        match say_running(&self.client, &self.url, token, work_until).await {
            // Who was not heard may be heard when the work is done.
            Ok(_heard) => {}
            Err(Vain::NotWanted(status)) => {
                info!(
                    event = event::JOB_NOT_WANTED,
                    http.status = status.as_u16(),
                    "nobody waits for a result; nothing was done"
                );
                return Ok(Attended::quietly(End::NotWanted));
            }
            Err(Vain::Unbelieved(error)) => return Err(error),
        }
        let Done { next, leftovers } = match task_for(&self.settings, &self.run, &self.receipt) {
            Err(result) => Done { next: Next::Report(result), leftovers: None },
            Ok(task) => match self.work(task.clone(), work_until).await {
                Work::Done(done) => *done,
                Work::Stopped(why) => self.unfinished(out_of_time(why)),
                Work::Died => self.unfinished("it ended unexpectedly"),
                Work::InVain(Vain::Unbelieved(error)) => return Err(error),
                Work::InVain(Vain::NotWanted(status)) => {
                    info!(
                        event = event::WORK_NOT_WANTED,
                        http.status = status.as_u16(),
                        "nobody waits for a result any more; work was stopped"
                    );
                    return Ok(Attended::quietly(End::NotWanted));
                }
            },
        };
        let removing = tokio::task::spawn_blocking(move || leftovers.map(Configuration::remove));
        let end = self.end(next).await;
        if removing.await.is_err() {
            warn!(event = event::DIRECTORY_LEFT_BEHIND, "a temporary directory could not be removed");
        }
        end
    }

    /// Has people asked, or sends the final result.
    async fn end(&self, next: Next) -> Result<Attended, CallbackError> {
        let (result, notice) = match next {
            Next::Report(result) => (result, None),
            Next::Judge(reports, verdict) => {
                let (result, notice) = self.judged(reports, verdict).await;
                (result, Some(notice))
            }
            Next::Ask(waiting) => {
                let mut asking = trace::within("ask people", trace::Kind::Internal);
                let asked = ask(self.people.as_deref(), *waiting, self.attempt.deliver_until());
                match asking.around(asked).await {
                    Ok(()) => return Ok(Attended::quietly(End::Asked)),
                    Err(result) => {
                        asking.fail("nobody_asked");
                        (result, None)
                    }
                }
            }
        };
        match self.deliver(&result).await? {
            Delivery::Accepted => Ok(Attended { end: End::Delivered(result.status()), notice }),
            // Somebody cancelled the run, or another attempt at the job has reported.
            Delivery::Over(status) => {
                warn!(
                    event = event::RESULT_NOT_WANTED,
                    http.status = status.as_u16(),
                    "HCP Terraform wants no final result (any more)"
                );
                Ok(Attended::quietly(End::NotWanted))
            }
        }
    }

    /// Sends the final result. A process that shuts down meanwhile cuts the time short.
    async fn deliver(&self, result: &TaskResult) -> Result<Delivery, CallbackError> {
        let (token, until) = (&self.run.access_token, self.attempt.deliver_until());
        self.client.deliver(&self.url, token, result, until, self.attempt.cut_short()).await
    }

    /// Works until done, out of time or not wanted. Whatever the end, terraform does not run any more afterwards, and
    /// no report is on its way.
    async fn work(&self, task: LoadedTask, work_until: Instant) -> Work {
        let (client, settings, run) = (self.client.clone(), Arc::clone(&self.settings), self.run.clone());
        let receipt = self.receipt.clone();
        let interval = self.settings.progress_interval;
        let (token, now) = (run.access_token.clone(), self.now);
        let mut heartbeat = Heartbeat::start(client.clone(), self.url.clone(), token, interval);
        let turns = Arc::clone(&self.turns);
        let (stopper, stop) = Stopper::new();
        let work = async move {
            // Never closed, so a turn comes; should it not, working too much beats not working.
            let _turn = tokio::select! {
                turn = turns.acquire() => turn.ok(),
                _reason = stop.asked() => None,
            };
            let Worked { reports, plan, leftovers } =
                work(&client, &settings, &task, &run, Date::of(now()), stop).await;
            let next = match waiting(&settings, &task, &run, &receipt, &reports, plan, now()) {
                Some(waiting) => Next::Ask(Box::new(waiting)),
                None => {
                    let verdict = verdict(&reports, settings.on_error(&task.task.name));
                    Next::Judge(reports, verdict)
                }
            };
            Done { next, leftovers }
        };
        // A task of its own, so that a panic in a check is an answer and not the end.
        let mut working: JoinHandle<Done> = tokio::spawn(trace::carry(work).instrument(Span::current()));
        let _abort = AbortOnDrop(working.abort_handle());
        let end = tokio::select! {
            done = &mut working => match done {
                Ok(done) => Work::Done(Box::new(done)),
                Err(error) => {
                    error!(event = event::CHECK_PANICKED, error = %Chain(&error), "a check panicked");
                    Work::Died
                }
            },
            why = self.attempt.out_of_time(work_until) => {
                warn!(event = event::WORK_OUT_OF_TIME, limit = ?why, "out of time ({why:?}): stopping work");
                stopper.stop(out_of_time(why));
                // What was found by now counts.
                match timeout(STOPPING, &mut working).await {
                    Ok(Ok(done)) => Work::Done(Box::new(done)),
                    Ok(Err(_)) | Err(_) => Work::Stopped(why),
                }
            }
            vain = heartbeat.in_vain() => return Work::InVain(vain),
        };
        if !working.is_finished() {
            working.abort();
            let _aborted = timeout(STOPPING, working).await;
        }
        match heartbeat.stop().await {
            Some(vain) => Work::InVain(vain),
            None => end,
        }
    }

    fn unfinished(&self, reason: &str) -> Done {
        let task = &self.receipt.task;
        let reports = unfinished(&self.settings, task, reason);
        let verdict = verdict(&reports, on_error_of_unfinished(&self.settings, task));
        Done { next: Next::Judge(reports, verdict), leftovers: None }
    }

    /// The result of a task, with a link to its page where there is one, and what is to be told of it.
    async fn judged(&self, reports: Vec<CheckReport>, verdict: Verdict) -> (TaskResult, Message) {
        let (task, run, at, reports) = (&self.receipt.task, &self.run, (self.now)(), Arc::new(reports));
        let notice = notice(task, run, &reports, verdict, at);
        // Both are done before the result is sent, and neither keeps it waiting for long.
        let owing = async {
            if let Some(owed) = self.telling.owed(&notice) {
                self.claims.owe(&self.hold, &owed).await;
            }
        };
        let (page, ()) = tokio::join!(self.page(&reports, verdict, at), owing);
        let result = match page {
            Some(page) => linked_task_result(&reports, verdict, run.accepts_outcomes, &page),
            None => task_result(&reports, verdict, run.accepts_outcomes),
        };
        (result, notice)
    }

    /// Has a page made, and kept where its link leads.
    async fn page(
        &self,
        reports: &Arc<Vec<CheckReport>>,
        verdict: Verdict,
        at: SystemTime,
    ) -> Option<DetailsUrl> {
        let (pages, run) = (self.pages.as_ref()?, facts(&self.run));
        let (task, reports) = (self.receipt.task.clone(), Arc::clone(reports));
        let judged = Judged { task, run, run_page: self.run.run_page.clone(), reports, verdict, at };
        // Most of what is left is for the result.
        let left = self.attempt.deliver_until().saturating_duration_since(Instant::now());
        let kept = timeout(PAGE_LIMIT.min(left / 4), pages.keep(judged)).await;
        kept.unwrap_or_else(|_elapsed| {
            warn!(
                event = event::REPORT_NOT_KEPT,
                error = "it took too long",
                "there is no page of this result"
            );
            metric::count("PagesFailed");
            None
        })
    }
}

/// The report of every check when there was no time for it.
fn unfinished(settings: &JobSettings, task: &str, reason: &str) -> Vec<CheckReport> {
    let checks = settings.tasks.get(task).into_iter().flat_map(|it| &it.checks);
    let mut reports: Vec<_> = checks.map(|check| CheckReport::unavailable(check.name(), reason)).collect();
    // Nothing would be a reason to pass.
    if reports.is_empty() {
        reports.push(CheckReport::unavailable(TASK, reason));
    }
    reports
}

fn out_of_time(why: OutOfTime) -> &'static str {
    match why {
        OutOfTime::Deadline => "it was not done in the time that it has",
        OutOfTime::Shutdown => "the run task was shut down before it was done",
    }
}
