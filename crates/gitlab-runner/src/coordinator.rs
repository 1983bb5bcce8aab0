//! What a runner needs of GitLab.

use crate::outcome::Outcome;
use crate::stop::Stopper;
use gitlab_runner_protocol::client::Upload;
use gitlab_runner_protocol::job::{Dependency, Job};
use gitlab_runner_protocol::log::JobLog;
use std::fs::File;
use std::future::Future;
use tokio::time::Instant;

/// GitLab, as a runner sees it.
pub trait Coordinator: Send + Sync {
    /// Who reports one job.
    type Reports: Reports;

    /// Asks for a job. A job that comes is running in GitLab from then on, and only a final state ends it.
    fn request(&self) -> impl Future<Output = Asked> + Send;

    /// Says that a job is being run, and reports it from then on: sends what comes into its log, and signs of life.
    /// `debug_trace` says that each command of its shells is in the log.
    fn begin(&self, job: &Job, log: &JobLog, debug_trace: bool)
    -> impl Future<Output = Self::Reports> + Send;

    /// Uploads a file. The error is for the job's log.
    fn upload(
        &self,
        job: &Job,
        upload: Upload<'_>,
        end: Instant,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Downloads another job's archive into an empty file; it is tried so often. The error is for the job's log.
    fn download(
        &self,
        dependency: &Dependency,
        into: &File,
        attempts: u32,
        end: Instant,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// Reports one job. When it is dropped, nothing more is said.
pub trait Reports: Send {
    /// Whether GitLab wants the job at all: it may have been cancelled before it was begun.
    fn is_wanted(&self) -> bool;

    /// Tells `stopper` what GitLab wants, until this is dropped.
    fn listen(&self, stopper: &Stopper) -> impl Future<Output = ()> + Send;

    /// Sends the rest of the log and the final state, again and again until GitLab has it or it is `end`. `false` when GitLab
    /// does not have it.
    fn finish(self, outcome: Outcome, end: Instant) -> impl Future<Output = bool> + Send;
}

/// What came of asking for a job.
#[derive(Debug)]
pub enum Asked {
    /// A job.
    Job(Box<Job>),
    /// A job that could not be read, and was reported as failed where that was possible.
    Broken {
        /// Its number, where that could be read.
        id: Option<u64>,
        /// Whether GitLab knows that it failed.
        is_delivered: bool,
    },
    /// There is none.
    Nothing,
    /// GitLab does not take this runner, for the reason given here.
    Refused(String),
    /// GitLab could not be reached, or something else was wrong that may pass.
    Unreachable(String),
}
