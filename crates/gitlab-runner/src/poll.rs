//! Asks for jobs and runs them, one after the other, while there is time.

use crate::budget::Budget;
use crate::cloud::Cloud;
use crate::coordinator::{Asked, Coordinator};
use crate::host::Host;
use crate::outcome::{Failure, Outcome};
use crate::run_job::run_job;
use crate::stop::Stopping;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long it is waited between two questions.
const PAUSE: Duration = Duration::from_secs(3);

/// How long, and how many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSettings {
    /// How long it is asked for a job when there is none; zero asks once, `None` goes on for ever.
    pub idle: Option<Duration>,
    /// Jobs that are run at most.
    pub max_jobs: usize,
}

/// What was done, and why no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// The jobs, in order.
    pub jobs: Vec<RanJob>,
    /// How often it was asked.
    pub polls: u32,
    /// Why it ended.
    pub stopped: Stopped,
}

/// A job that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RanJob {
    /// Its number; 0 where it could not be read.
    pub id: u64,
    /// Its project's path; empty where it could not be read.
    pub project: String,
    /// Its name; empty where it could not be read.
    pub name: String,
    /// How it ended; `None` where GitLab wanted nothing of it any more.
    pub outcome: Option<Outcome>,
    /// Whether GitLab has its final state.
    pub is_delivered: bool,
    /// How long it took.
    pub took: Duration,
}

/// Why no more jobs are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// There was none for long enough.
    Idle,
    /// There is no time for another one.
    Budget,
    /// There were as many as there may be.
    Jobs,
    /// GitLab does not take this runner, for this reason.
    Refused(String),
    /// GitLab cannot be reached, for this reason.
    Unreachable(String),
    /// Something of the last job is left, so that no other may run here.
    Unclean,
    /// This runner was told to end.
    Shutdown,
}

/// Asks and runs until something in [`Stopped`] is so.
pub async fn poll(
    host: &Host,
    coordinator: &impl Coordinator,
    cloud: &impl Cloud,
    budget: &Budget,
    settings: &PollSettings,
    shutdown: &Stopping,
) -> Polled {
    let mut polled = Polled { jobs: Vec::new(), polls: 0, stopped: Stopped::Idle };
    if host.sandbox.clean().await.is_err() {
        polled.stopped = Stopped::Unclean;
        return polled;
    }
    let mut idle_since = Instant::now();
    polled.stopped = loop {
        if polled.jobs.len() >= settings.max_jobs {
            break Stopped::Jobs;
        }
        if shutdown.said().is_some() {
            break Stopped::Shutdown;
        }
        let now = Instant::now();
        if !budget.allows_a_job(now) {
            break Stopped::Budget;
        }
        polled.polls += 1;
        let unreachable = match coordinator.request().await {
            Asked::Job(job) => {
                let began = Instant::now();
                let finished = run_job(&job, host, coordinator, cloud, budget, shutdown).await;
                polled.jobs.push(RanJob {
                    id: job.id,
                    project: job.job_info.project_full_path.clone(),
                    name: job.job_info.name.clone(),
                    outcome: finished.outcome,
                    is_delivered: finished.is_delivered,
                    took: began.elapsed(),
                });
                if !finished.is_clean {
                    break Stopped::Unclean;
                }
                idle_since = Instant::now();
                continue;
            }
            Asked::Broken { id, is_delivered } => {
                polled.jobs.push(RanJob {
                    id: id.unwrap_or_default(),
                    project: String::new(),
                    name: String::new(),
                    outcome: Some(Outcome::Failed(Failure::System)),
                    is_delivered,
                    took: now.elapsed(),
                });
                continue;
            }
            Asked::Refused(why) => break Stopped::Refused(why),
            Asked::Nothing => None,
            Asked::Unreachable(why) => Some(why),
        };
        let is_long_enough = settings.idle.is_some_and(|idle| idle_since.elapsed() + PAUSE > idle);
        if is_long_enough {
            break unreachable.map_or(Stopped::Idle, Stopped::Unreachable);
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            _ = async { shutdown.clone().stopped().await } => break Stopped::Shutdown,
        }
    };
    polled
}
