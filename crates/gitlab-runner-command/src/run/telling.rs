//! GitLab, with a line in our log when a job comes, and when GitLab cannot be reached, and can again.

use gitlab_runner::{Asked, Coordinator, GitLab, GitLabReports};
use gitlab_runner_protocol::client::Upload;
use gitlab_runner_protocol::job::{Dependency, Job};
use gitlab_runner_protocol::log::JobLog;
use runtask_findings::printable;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;
use tracing::{info, warn};

/// GitLab, and whether it could not be reached when it was asked last.
#[derive(Debug)]
pub(crate) struct Telling(pub(crate) GitLab, pub(crate) AtomicBool);

impl Coordinator for Telling {
    type Reports = GitLabReports;

    async fn request(&self) -> Asked {
        let asked = self.0.request().await;
        let was_unreachable = self.1.swap(matches!(asked, Asked::Unreachable(_)), Ordering::Relaxed);
        match &asked {
            Asked::Unreachable(why) if !was_unreachable => warn!("{why}; asking again until it answers"),
            Asked::Unreachable(_) => {}
            _ if was_unreachable => info!("GitLab answers again"),
            _ => {}
        }
        if let Asked::Job(job) = &asked {
            let (name, project) = (&job.job_info.name, &job.job_info.project_full_path);
            info!(gitlab.job = job.id, "job {} {} of {} begins", job.id, printable(name), printable(project));
        }
        asked
    }

    async fn begin(&self, job: &Job, log: &JobLog, debug_trace: bool) -> GitLabReports {
        self.0.begin(job, log, debug_trace).await
    }

    async fn upload(&self, job: &Job, upload: Upload<'_>, end: Instant) -> Result<(), String> {
        self.0.upload(job, upload, end).await
    }

    async fn download(
        &self,
        dependency: &Dependency,
        into: &File,
        attempts: u32,
        end: Instant,
    ) -> Result<(), String> {
        self.0.download(dependency, into, attempts, end).await
    }
}
