//! What a runner needs of GitLab.

use crate::outcome::Outcome;
use crate::stop::Stopper;
use gitlab_runner_protocol::job::{Artifact, Dependency, Job};
use gitlab_runner_protocol::log::JobLog;
use std::fs::File;
use std::future::Future;
use tokio::time::Instant;

/// GitLab, as a runner sees it.
pub trait Coordinator: Send + Sync {
    /// Asks for a job. A job that comes is running in GitLab from then on, and only [`Coordinator::finish`] ends it.
    fn request(&self) -> impl Future<Output = Asked> + Send;

    /// Says that a job is being run. `false` when GitLab wants nothing of it any more.
    fn running(&self, job: &Job, stopper: &Stopper) -> impl Future<Output = bool> + Send;

    /// Sends what is in the log, and signs of life, until this is dropped; and says `stopper` what GitLab says.
    fn carry(&self, job: &Job, log: &JobLog, stopper: &Stopper) -> impl Future<Output = ()> + Send;

    /// Uploads a file. The error is for the job's log.
    fn upload(
        &self,
        job: &Job,
        upload: Upload<'_>,
        end: Instant,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Downloads another job's archive. The error is for the job's log.
    fn download(
        &self,
        dependency: &Dependency,
        into: &mut File,
        attempts: u32,
        end: Instant,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Sends the rest of the log and the final state, again and again until GitLab has it or it is `end`. `false` when GitLab
    /// does not have it.
    fn finish(
        &self,
        job: &Job,
        log: &JobLog,
        outcome: Outcome,
        end: Instant,
    ) -> impl Future<Output = bool> + Send;
}

/// What came of asking for a job.
#[derive(Debug)]
pub enum Asked {
    /// A job.
    Job(Box<Job>),
    /// There is none.
    Nothing,
    /// GitLab does not take this runner, for the reason given here.
    Refused(String),
    /// GitLab could not be reached, or something else was wrong that may pass.
    Unreachable(String),
}

/// A file to upload.
#[derive(Debug)]
pub struct Upload<'a> {
    /// What GitLab wants it to be: format, type, how long it is kept.
    pub artifact: &'a Artifact,
    /// Its name, with its ending.
    pub name: &'a str,
    /// It, from its beginning.
    pub file: File,
    /// Its length.
    pub bytes: u64,
}
