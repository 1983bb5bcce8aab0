//! GitLab itself behind the trait of a coordinator.

use crate::coordinator::{Asked, Coordinator, Reports};
use crate::outcome::{Failure, Outcome};
use crate::stop::{Stop, Stopper};
use gitlab_runner_protocol::client::{CallError, Client, Polled, Upload, Wish};
use gitlab_runner_protocol::job::{BrokenJob, Dependency, Job};
use gitlab_runner_protocol::log::{JobLog, LogSettings, Stream, lines};
use gitlab_runner_protocol::{Identity, ReportSettings, Reporter, StatusCode};
use jiff::Timestamp;
use std::fs::File;
use std::time::Duration;
use tokio::time::Instant;
use tracing::warn;

/// How long a request for a job, or the first word about one, may take with all its attempts.
const FIRST_WORDS: Duration = Duration::from_secs(30);

/// The same for the final state of a job that cannot be run.
const LAST_WORDS: Duration = Duration::from_secs(15);

/// The largest archive of another job, in bytes.
const MOST_DOWNLOADED: u64 = 4 * 1024 * 1024 * 1024;

/// A GitLab instance, and the runner that we are there.
#[derive(Debug)]
pub struct GitLab {
    client: Client,
    identity: Identity,
}

impl GitLab {
    /// The instance of `client`, to which we are `identity`.
    #[must_use]
    pub fn new(client: Client, identity: Identity) -> Self {
        Self { client, identity }
    }

    /// Reports a job that cannot be read. Whether GitLab knows then.
    async fn report_broken(&self, broken: &BrokenJob) -> bool {
        let Some((id, token)) = broken.id.zip(broken.token.clone()) else { return false };
        let log = JobLog::new(LogSettings::default());
        let no_stamps = Timestamp::UNIX_EPOCH;
        log.write(Stream::Runner, no_stamps, lines::error(&broken.to_string()).as_bytes());
        log.flush(no_stamps);
        let end = Instant::now() + LAST_WORDS;
        let job = self.client.job(id, token);
        let (reporter, _told) = Reporter::begin(job, log, ReportSettings::default(), end).await;
        GitLabReports(reporter).finish(Outcome::Failed(Failure::System), end).await
    }
}

impl Coordinator for GitLab {
    type Reports = GitLabReports;

    async fn request(&self) -> Asked {
        match self.client.request_job(&self.identity, Instant::now() + FIRST_WORDS).await {
            Ok(Polled::Job(job)) => Asked::Job(job),
            Ok(Polled::Nothing) => Asked::Nothing,
            Ok(Polled::Broken(broken)) => {
                Asked::Broken { id: broken.id, is_delivered: self.report_broken(&broken).await }
            }
            Err(error) => match error.status() {
                Some(
                    StatusCode::BAD_REQUEST
                    | StatusCode::UNAUTHORIZED
                    | StatusCode::FORBIDDEN
                    | StatusCode::UNPROCESSABLE_ENTITY,
                ) => Asked::Refused(format!(
                    "{error}. A runner's authentication token (glrt-…) is needed, of a runner that was not deleted"
                )),
                _ => Asked::Unreachable(told(&error)),
            },
        }
    }

    async fn begin(&self, job: &Job, log: &JobLog, debug_trace: bool) -> GitLabReports {
        let settings = ReportSettings {
            debug_trace,
            failure_reasons: job.features.failure_reasons.clone(),
            ..ReportSettings::default()
        };
        let client = self.client.job(job.id, job.token.clone());
        // Where GitLab cannot be told, the job is running there all the same.
        let (reporter, _told) =
            Reporter::begin(client, log.clone(), settings, Instant::now() + FIRST_WORDS).await;
        GitLabReports(reporter)
    }

    async fn upload(&self, job: &Job, upload: Upload<'_>, end: Instant) -> Result<(), String> {
        let uploaded = self.client.job(job.id, job.token.clone()).upload(upload, end).await;
        uploaded.map_err(|error| told(&error))
    }

    async fn download(
        &self,
        dependency: &Dependency,
        into: &File,
        attempts: u32,
        end: Instant,
    ) -> Result<(), String> {
        let (id, token) = (dependency.id, &dependency.token);
        let downloaded = self.client.download(id, token, into, MOST_DOWNLOADED, attempts, end).await;
        downloaded.map(drop).map_err(|error| told(&error))
    }
}

/// The conversation about one job.
#[derive(Debug)]
pub struct GitLabReports(Reporter);

impl Reports for GitLabReports {
    fn is_wanted(&self) -> bool {
        *self.0.wish().borrow() != Wish::Over
    }

    async fn listen(&self, stopper: &Stopper) {
        let mut wish = self.0.wish();
        loop {
            match *wish.borrow_and_update() {
                Wish::GoOn => {}
                Wish::Cancel => stopper.stop(Stop::Canceled),
                Wish::Over => stopper.stop(Stop::Aborted),
            }
            let nobody_is_left_to_say_it = wish.changed().await.is_err();
            if nobody_is_left_to_say_it {
                return std::future::pending().await;
            }
        }
    }

    async fn finish(self, outcome: Outcome, end: Instant) -> bool {
        match self.0.finish(outcome.final_state(), end).await {
            Ok(_accepted_or_not_wanted) => true,
            Err(error) => {
                warn!("{error}");
                false
            }
        }
    }
}

/// An error and its causes, for a job's log.
fn told(error: &CallError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
