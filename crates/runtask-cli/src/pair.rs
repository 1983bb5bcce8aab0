//! Runs both handlers in one process: the callback handler works in the background on the jobs of the request handler.

use anyhow::bail;
use runtask_callback_handler::{Attempt, Handler, StopAt};
use runtask_findings::{printable, printable_lines};
use runtask_http::Limits;
use runtask_log::{event, metric};
use runtask_protocol::Job;
use runtask_request_handler::{
    FixedKey, HandOver, HandOverError, KeySetting, RequestHandler, TaskNames, Trust,
};
use runtask_settings::{SettingsError, numbers};
use runtask_setup::JobSettings;
use runtask_state::MemoryClaims;
use runtask_terminal::environment::now;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

/// Settings of the pair.
#[derive(Debug)]
pub(crate) struct PairSettings {
    pub(crate) key: KeySetting,
    pub(crate) jobs: JobSettings,
    /// `RUNTASK_MAX_JOBS`: jobs accepted at the same time, at work or waiting; 1 000 unless set.
    pub(crate) max_jobs: usize,
    /// `RUNTASK_SHUTDOWN_TIMEOUT_MS`: the time that ending in order may take; 25 000 unless set.
    pub(crate) shutdown: Duration,
}

/// Who is told of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The channels that the tasks name.
    Channels,
    /// Nobody: no run has ended. The secrets of channels need not be there.
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
        let mut read = Self {
            key,
            jobs: JobSettings::read_from(&mut settings, None, now()),
            max_jobs: settings.count(&numbers::MAX_JOBS),
            shutdown: settings.milliseconds(&numbers::SHUTDOWN_TIMEOUT),
        };
        if audience == Audience::Channels {
            read.jobs.read_channels(&mut settings);
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

/// The pair.
#[derive(Debug)]
pub(crate) struct Pair {
    requests: RequestHandler<FixedKey, Arc<Jobs>>,
    jobs: Arc<Jobs>,
}

/// Jobs at work.
#[derive(Debug)]
pub(crate) struct Jobs {
    handler: Arc<Handler<MemoryClaims>>,
    running: TaskTracker,
    max: usize,
    shutdown: watch::Sender<Option<StopAt>>,
    shutdown_timeout: Duration,
}

impl Pair {
    pub(crate) fn new(settings: PairSettings) -> anyhow::Result<Self> {
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
        let jobs = Arc::new(Jobs {
            handler: Arc::new(Handler::new(settings.jobs, MemoryClaims::new(), now)?),
            running: TaskTracker::new(),
            max: settings.max_jobs,
            shutdown: watch::Sender::new(None),
            shutdown_timeout: settings.shutdown,
        });
        Ok(Self { requests: RequestHandler::new(trust, Arc::clone(&jobs), tasks, origins, now), jobs })
    }

    /// Answers requests until `stop` is done, then answers what is being answered.
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
                let response = pair.requests.handle(request).await;
                metric::count_by("Requests", "Code", response.status().as_str());
                metric::duration("RequestDuration", begun.elapsed());
                response
            }
        };
        runtask_http::serve(listener, Limits::default(), handler, stop).await
    }

    /// Takes no more jobs, and tells those at work when they have to be done. Returns when that will be.
    pub(crate) fn begin_to_shut_down(&self) -> Instant {
        self.jobs.begin_to_shut_down()
    }

    /// Waits until then for the jobs at work. Those that cannot finish in time get their final result instead.
    pub(crate) async fn shut_down(&self, end: Instant) {
        self.jobs.shut_down(end).await;
    }
}

impl Jobs {
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

impl HandOver for Jobs {
    async fn hand_over(&self, job: Vec<u8>) -> Result<(), HandOverError> {
        if self.running.is_closed() {
            return Err(HandOverError::Unavailable("shutting down".into()));
        }
        if self.running.len() >= self.max {
            return Err(HandOverError::Unavailable("RUNTASK_MAX_JOBS jobs are at work or waiting".into()));
        }
        let job = Job::parse(&job).map_err(|error| HandOverError::Unavailable(error.into()))?;
        let handler = Arc::clone(&self.handler);
        let deadline = Instant::now() + handler.settings().deadline;
        let attempt = Attempt { deadline, shutdown: self.shutdown.subscribe(), others_may_have_died: false };
        self.running.spawn(async move {
            // It has logged how it ended; there is nobody else to tell.
            let _logged = handler.run(job, attempt).await;
        });
        Ok(())
    }
}
