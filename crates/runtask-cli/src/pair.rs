//! Runs everything in one process: the callback handler works in the background on the jobs of the request handler, and
//! people answer on pages at the same address.

use crate::dialect::{self, AutoApproval, Dialect};
use crate::kept_jobs::KeptJobs;
use crate::reports::ServedReports;
use crate::stores::{Claims, Stores, redis_settings};
use crate::sweeping::{Approvals, end_all, keep_sweeping};
use crate::traces::TraceSettings;
use anyhow::bail;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use runtask_approval_handler::HandlerSettings;
use runtask_approvals::UnixTime;
use runtask_callback_handler::{Attempt, End, Handler, NotDelivered, StopAt};
use runtask_client::Client;
use runtask_findings::{printable, printable_lines};
use runtask_http::Limits;
use runtask_log::{Chain, event, metric, trace};
use runtask_protocol::{Job, ReceivedJob};
use runtask_redis::RedisSettings;
use runtask_report_handler::{PATH, Pages};
use runtask_request_handler::{
    FixedKey, HandOver, HandOverError, KeySetting, RequestHandler, TaskNames, Trust,
};
use runtask_settings::{SettingsError, numbers};
use runtask_setup::JobSettings;
use runtask_terminal::environment::now;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// Settings of the pair.
#[derive(Debug)]
pub(crate) struct PairSettings {
    pub(crate) key: KeySetting,
    pub(crate) jobs: JobSettings,
    /// `RUNTASK_DIALECT`: whose texts and statuses there are.
    pub(crate) dialect: Option<Dialect>,
    /// What approvals need, where a task asks people.
    pub(crate) approvals: Option<HandlerSettings>,
    /// `REDIS_URL`, `REDIS_PASSWORD`: where claims and approvals are kept; in memory unless set.
    pub(crate) redis: Option<RedisSettings>,
    /// Where traces go, if anywhere.
    pub(crate) traces: Option<TraceSettings>,
    /// `RUNTASK_SWEEP_INTERVAL_MS`: the pause between two looks at approvals that are due; 15 000 unless set.
    pub(crate) sweep_interval: Duration,
    /// `RUNTASK_MAX_JOBS`: jobs accepted at the same time, at work or waiting; 1 000 unless set.
    pub(crate) max_jobs: usize,
    /// `RUNTASK_SHUTDOWN_TIMEOUT_MS`: the time that ending in order may take; 25 000 unless set.
    pub(crate) shutdown: Duration,
}

/// Who is told of results, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The channels that the tasks name.
    Channels,
    /// Nobody: no run has ended. The secrets of channels need not be there, nor is there a store that others have too.
    Nobody,
}

impl PairSettings {
    pub(crate) fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        audience: Audience,
    ) -> Result<Self, SettingsError> {
        let mut settings = runtask_settings::SettingsReader::new(lookup);
        let key = KeySetting::read_key(&mut settings);
        // Anybody could have somebody else's configuration downloaded, and its diffs sent to themselves.
        if matches!(key, KeySetting::Unsigned) && settings.text("TF_TOKEN").is_some() {
            settings.problem("TF_TOKEN is set, and requests are not verified: set HMAC_KEY");
        }
        let dialect = match audience {
            Audience::Channels => Dialect::read(&mut settings),
            Audience::Nobody => None,
        };
        let jobs = JobSettings::read_from(&mut settings, dialect.map(Dialect::tasks), now());
        let mut read = Self {
            key,
            jobs,
            dialect,
            approvals: None,
            redis: None,
            traces: None,
            sweep_interval: settings.milliseconds(&numbers::SWEEP_INTERVAL),
            max_jobs: settings.count(&numbers::MAX_JOBS),
            shutdown: settings.milliseconds(&numbers::SHUTDOWN_TIMEOUT),
        };
        if audience == Audience::Channels {
            read.jobs.read_channels(&mut settings, None);
            read.redis = redis_settings(&mut settings, read.jobs.client.ca_bundle.clone());
            read.traces = TraceSettings::read(&mut settings);
            let is_shared = settings.text("REDIS_URL").is_some();
            let asking = read.jobs.tasks.asking.as_ref();
            read.approvals = asking.and_then(|it| HandlerSettings::read(&mut settings, it, is_shared));
            if let (Some(approvals), Some(dialect)) = (&mut read.approvals, dialect) {
                approvals.links = dialect.links();
            }
        }
        settings.finish()?;
        Ok(read)
    }

    /// Tries the checks of all tasks out, as far as that goes without a run. What is odd about them is in the log.
    ///
    /// # Errors
    ///
    /// Everything that would be wrong in every run.
    pub(crate) async fn try_out(&self) -> anyhow::Result<()> {
        let tried = self.jobs.tasks.try_out().await;
        for warning in &tried.warnings {
            warn!("{}", printable(warning));
        }
        if tried.errors.is_empty() { Ok(()) } else { bail!("{}", printable_lines(&tried.errors.join("\n"))) }
    }
}

/// The pair, and approvals beside it.
#[derive(Debug)]
pub(crate) struct Pair {
    requests: RequestHandler<FixedKey, AutoApproval<Arc<Jobs>>>,
    dialect: Option<dialect::Requests>,
    jobs: Arc<Jobs>,
    approvals: Option<Arc<Approvals>>,
    pages: Option<Pages>,
    sweep_interval: Duration,
    /// Whether what is kept is lost with the process.
    in_memory: bool,
}

/// Jobs at work.
#[derive(Debug)]
pub(crate) struct Jobs {
    handler: Arc<Handler<Claims, Approvals>>,
    /// Where accepted jobs are kept, so that another process takes up what this one leaves.
    kept: Option<Arc<KeptJobs>>,
    others_may_have_died: bool,
    running: TaskTracker,
    max: usize,
    shutdown: watch::Sender<Option<StopAt>>,
    shutdown_timeout: Duration,
}

impl Pair {
    /// `approval_clock` is the clock of approvals, which may go faster than [`now`] where somebody tries them. With `reports`,
    /// results link to pages, which the pair serves.
    pub(crate) fn new(
        settings: PairSettings,
        stores: Stores,
        approval_clock: fn() -> UnixTime,
        reports: Option<ServedReports>,
    ) -> anyhow::Result<Self> {
        let trust = match settings.key {
            KeySetting::Key(key) => Trust::Keys(FixedKey::new(key)),
            KeySetting::Unsigned => Trust::Anybody,
            KeySetting::Parameter { .. } => bail!("the key cannot be a parameter here: set HMAC_KEY"),
        };
        for task in settings.jobs.tasks.iter() {
            for check in &task.checks {
                if let Some(reason) = check.obstacle() {
                    warn!(
                        event = event::CHECK_OBSTRUCTED,
                        task = task.task.name,
                        check = check.name(),
                        "check {} cannot run: {reason}",
                        check.name()
                    );
                }
            }
        }
        let tasks = TaskNames::new(settings.jobs.tasks.names());
        let origins = settings.jobs.client.origins.clone();
        let passing = settings.dialect.filter(|it| it.speculative_only);
        let passing = passing.map(|_| Client::new(settings.jobs.client.clone())).transpose()?;
        let in_memory = stores.redis.is_none();
        let keys = settings.approvals.as_ref().map(|it| Arc::clone(&it.keys));
        let kept = stores.redis.zip(keys).map(|(redis, keys)| Arc::new(KeptJobs::new(redis, keys)));
        let approvals = match settings.approvals {
            Some(approvals) => {
                let client = &settings.jobs.client;
                // The log has the audit lines, and memory would not keep them anyway.
                let audit_kept = None;
                let approvals =
                    Approvals::new(approvals, client, stores.documents, audit_kept, approval_clock)?;
                Some(Arc::new(approvals))
            }
            None => None,
        };
        let (kept_by, pages) = reports.map(|it| (it.kept_by, it.pages)).unzip();
        let handler = Handler::new(settings.jobs, stores.claims, approvals.clone(), now)?.with_pages(kept_by);
        let jobs = Arc::new(Jobs {
            handler: Arc::new(handler),
            kept,
            others_may_have_died: !in_memory,
            running: TaskTracker::new(),
            max: settings.max_jobs,
            shutdown: watch::Sender::new(None),
            shutdown_timeout: settings.shutdown,
        });
        let dialect = settings.dialect.map(|it| dialect::Requests::new(it, matches!(trust, Trust::Keys(_))));
        let hand_over = AutoApproval::new(Arc::clone(&jobs), passing);
        let requests = RequestHandler::new(trust, hand_over, tasks, origins, now);
        let sweep_interval = settings.sweep_interval;
        Ok(Self { requests, dialect, jobs, approvals, pages, sweep_interval, in_memory })
    }

    /// Answers requests until `stop` is done, then answers what is being answered. Meanwhile it attends to approvals that are
    /// due, and to jobs that others have left.
    pub(crate) async fn serve<T>(
        self: &Arc<Self>,
        listener: TcpListener,
        stop: impl Future<Output = T>,
    ) -> T {
        let pair = Arc::clone(self);
        let handler = move |request| {
            let pair = Arc::clone(&pair);
            async move {
                let begun = Instant::now();
                let mut span = pair.span(&request);
                let response = span.around(pair.answer(request)).await;
                span.answered(response.status().as_u16());
                metric::count_by("Requests", "Code", response.status().as_str());
                metric::duration("RequestDuration", begun.elapsed());
                response
            }
        };
        let sweeping = self.approvals.clone().map(|it| {
            let pause = self.sweep_interval;
            tokio::spawn(async move { keep_sweeping(&it, pause).await })
        });
        let helping = self.jobs.kept.is_some().then(|| tokio::spawn(help_out(Arc::clone(&self.jobs))));
        let stopped = runtask_http::serve(listener, Limits::default(), handler, stop).await;
        for task in sweeping.iter().chain(&helping) {
            task.abort();
        }
        stopped
    }

    /// The span of a request to a task: whoever asks for anything else is not HCP Terraform.
    fn span(&self, request: &Request<Incoming>) -> trace::Span {
        let (method, path) = (request.method(), request.uri().path());
        let Some(task) = self.requests.task_of(method, path) else { return trace::Span::none() };
        let mut span = trace::begin(format_args!("{method} {path}"), trace::Kind::Server);
        span.set("http.request.method", method.as_str());
        span.set("http.route", path);
        span.set("url.path", path);
        // What is in front of it may speak another one.
        span.set("url.scheme", "http");
        span.set("runtask.task", task);
        span
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Bytes> {
        // The server moves what is being answered around, so what few requests need is kept out of it, in boxes.
        let path = request.uri().path();
        if let Some(pages) = self.pages.as_ref().filter(|_| path.starts_with(PATH)) {
            return pages.answer(request.method(), path).await;
        }
        if let Some(approvals) = &self.approvals {
            // As in the request handler: no task is ever there.
            if path.starts_with("/-/") {
                return Box::pin(approvals.answer(request)).await;
            }
            if let (Some(dialect), Some(choice)) = (&self.dialect, dialect::choice(path)) {
                let (method, uri) = (request.method(), request.uri());
                let whose = dialect.dialect();
                return Box::pin(dialect::answer_link(whose, method, uri, choice, approvals.as_ref())).await;
            }
        }
        match &self.dialect {
            Some(dialect) if dialect::is_task(path) => {
                Box::pin(dialect.answer(request, |it| self.requests.handle(it))).await
            }
            _ => self.requests.handle(request).await.map(Bytes::from),
        }
    }

    /// The approvals, where a task asks people.
    pub(crate) fn approvals(&self) -> Option<Arc<Approvals>> {
        self.approvals.clone()
    }

    /// Takes no more jobs, and tells those at work when they have to be done. Returns when that will be.
    pub(crate) fn begin_to_shut_down(&self) -> Instant {
        self.jobs.begin_to_shut_down()
    }

    /// Waits until then for the jobs at work. Those that cannot finish in time get their final result instead.
    pub(crate) async fn shut_down(&self, end: Instant) {
        self.jobs.shut_down(end).await;
        // After the jobs: the last of them may have asked people.
        if let Some(approvals) = self.approvals.as_ref().filter(|_| self.in_memory) {
            end_all(approvals, end.saturating_duration_since(Instant::now()).max(LAST_WORDS)).await;
        }
    }
}

/// How long open approvals may take to get their final results when the process ends, however long its jobs took.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The pause between two looks for jobs that others have left.
const HELP_OUT: Duration = Duration::from_secs(5);

/// Works on jobs whose process has died. It never ends.
async fn help_out(jobs: Arc<Jobs>) {
    let Some(kept) = &jobs.kept else { return };
    loop {
        sleep(HELP_OUT).await;
        match kept.left(now()).await {
            Ok(left) => left.into_iter().for_each(|job| jobs.start(job)),
            Err(error) => {
                warn!(event = event::JOB_NOT_KEPT, error = %Chain(&error), "jobs of others could not be looked at");
            }
        }
    }
}

impl Jobs {
    /// Works on a job in the background.
    fn start(&self, job: Job) {
        let handler = Arc::clone(&self.handler);
        let deadline = Instant::now() + handler.settings().deadline;
        let others_may_have_died = self.others_may_have_died;
        let attempt = Attempt { deadline, shutdown: self.shutdown.subscribe(), others_may_have_died };
        let kept = self.kept.clone();
        self.running.spawn(trace::carry(async move {
            let id = job.run.task_result_id.clone();
            // It has logged how it ended; there is nobody else to tell.
            let work = handler.run(job, attempt);
            let Some(kept) = kept else { return drop(work.await) };
            // In a box, as in `Pair::answer`: starting a job moves all that it may have to wait for.
            Box::pin(async {
                let end = kept.during(id.as_str(), work).await;
                if is_over(&end) {
                    kept.forget(id.as_str(), now()).await;
                }
            })
            .await;
        }));
    }

    fn begin_to_shut_down(&self) -> Instant {
        let limit = self.shutdown_timeout;
        let end = Instant::now() + limit;
        // A part of the time is kept for reporting.
        let work = end - (limit / 2).min(Duration::from_secs(5));
        self.shutdown.send_replace(Some(StopAt { work, report: end }));
        self.running.close();
        end
    }

    async fn shut_down(&self, end: Instant) {
        if !self.running.is_empty() {
            info!(
                event = event::SHUTDOWN_WAITING,
                jobs = self.running.len(),
                "waiting for {} jobs",
                self.running.len()
            );
        }
        if timeout_at(end, self.running.wait()).await.is_err() {
            error!(
                event = event::SHUTDOWN_UNFINISHED,
                jobs = self.running.len(),
                "{} jobs end without a final result",
                self.running.len()
            );
        }
    }
}

/// Whether nobody has to work on a job any more.
fn is_over(end: &Result<End, NotDelivered>) -> bool {
    match end {
        Ok(End::Held | End::TakenOver) | Err(_) => false,
        Ok(_) => true,
    }
}

impl HandOver for Jobs {
    async fn hand_over(&self, job: &ReceivedJob<'_>) -> Result<(), HandOverError> {
        if self.running.is_closed() {
            return Err(HandOverError::Unavailable("shutting down".into()));
        }
        if self.running.len() >= self.max {
            return Err(HandOverError::Unavailable("RUNTASK_MAX_JOBS jobs are at work or waiting".into()));
        }
        if let Some(kept) = &self.kept {
            let event = job.to_event().map_err(|error| HandOverError::Unavailable(error.into()))?;
            let id = job.job().run.task_result_id.as_str();
            // In a box, as in `Pair::answer`.
            let keeping = Box::pin(kept.keep(id, &event, now()));
            keeping.await.map_err(|error| HandOverError::Unavailable(error.into()))?;
        }
        self.start(job.job().clone());
        Ok(())
    }
}
