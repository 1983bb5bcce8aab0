//! Runs the pipeline of a `.gitlab-ci.yml`: jobs come into the queue when those before them have ended.

mod read;
mod rules;
mod yaml;

pub use read::PipelineError;

use crate::job::Status;
use crate::job_spec::JobSpec;
use crate::simulator::{JobReport, Simulator};
use read::{ReadJob, Start, read};
use std::collections::BTreeMap;

/// A pipeline that runs on an instance.
#[derive(Debug)]
pub struct Pipeline {
    jobs: Vec<PipelineJob>,
}

/// A job of a pipeline.
#[derive(Debug)]
pub struct PipelineJob {
    read: ReadJob,
    state: State,
}

/// Where a job of a pipeline stands. What has come into the queue has a number, and its state is the instance's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits for others.
    Created,
    /// It waits for somebody to start it.
    Manual,
    /// It is on the instance.
    Queued(u64),
    /// Something before it has failed.
    Skipped,
}

impl PipelineJob {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.read.name
    }

    /// Its stage.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.read.stage
    }

    /// Its number, once it is in the queue.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        match self.state {
            State::Queued(id) => Some(id),
            _ => None,
        }
    }

    /// Its state as GitLab writes it.
    #[must_use]
    pub fn status(&self, simulator: &Simulator) -> &'static str {
        match self.state {
            State::Created => "created",
            State::Manual => "manual",
            State::Skipped => "skipped",
            State::Queued(id) => simulator.job(id).map_or("pending", |it| it.status.as_str()),
        }
    }
}

/// What those before a job leave it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Unfinished,
    Passed,
    Failed,
}

impl Pipeline {
    /// Reads a pipeline for the branch `main`.
    ///
    /// # Errors
    ///
    /// When it is none, or has something in it that this instance does not know.
    pub fn read(yaml: &str) -> Result<Self, PipelineError> {
        let jobs = read(yaml)?.into_iter().map(|read| PipelineJob { read, state: State::Created });
        Ok(Self { jobs: jobs.collect() })
    }

    /// Its jobs, stage by stage.
    #[must_use]
    pub fn jobs(&self) -> &[PipelineJob] {
        &self.jobs
    }

    /// Puts every job into the queue whose turn it is; their numbers. Nothing comes of it when nothing has changed.
    /// `prepare` adds what the instance knows besides: the repository, the project's variables.
    pub fn advance(&mut self, simulator: &Simulator, prepare: impl Fn(JobSpec) -> JobSpec) -> Vec<u64> {
        let mut queued = Vec::new();
        for index in 0..self.jobs.len() {
            let Some(job) = self.jobs.get(index).filter(|it| it.state == State::Created) else { continue };
            let state = match (self.before(simulator, job), job.read.start) {
                (Before::Unfinished, _) => continue,
                (Before::Passed, Start::OnSuccess)
                | (Before::Failed, Start::OnFailure)
                | (_, Start::Always) => {
                    let id = simulator.enqueue(&prepare(self.spec(simulator, job)));
                    queued.push(id);
                    State::Queued(id)
                }
                (Before::Passed, Start::Manual) => State::Manual,
                _ => State::Skipped,
            };
            if let Some(job) = self.jobs.get_mut(index) {
                job.state = state;
            }
        }
        queued
    }

    /// Somebody starts a manual job whose turn it is; its number.
    pub fn play(
        &mut self,
        simulator: &Simulator,
        name: &str,
        prepare: impl Fn(JobSpec) -> JobSpec,
    ) -> Option<u64> {
        let index = self.jobs.iter().position(|it| it.state == State::Manual && it.read.name == name)?;
        let id = simulator.enqueue(&prepare(self.spec(simulator, self.jobs.get(index)?)));
        self.jobs.get_mut(index)?.state = State::Queued(id);
        Some(id)
    }

    /// Whether nothing more comes by itself.
    #[must_use]
    pub fn is_over(&self, simulator: &Simulator) -> bool {
        let is_done = |it: &PipelineJob| match it.state {
            State::Created => false,
            State::Manual | State::Skipped => true,
            State::Queued(id) => simulator.job(id).is_none_or(|it| it.status.is_final()),
        };
        self.jobs.iter().all(is_done)
    }

    /// The pipeline's own state, as GitLab writes it, once it is over.
    #[must_use]
    pub fn status(&self, simulator: &Simulator) -> &'static str {
        let is_lost = |it: &PipelineJob| it.id().is_some() && self.result(simulator, it) == Before::Failed;
        let is_blocked = |it: &PipelineJob| it.state == State::Manual && it.read.allow_failure.is_none();
        if self.jobs.iter().any(is_lost) {
            "failed"
        } else if self.jobs.iter().any(is_blocked) {
            "manual"
        } else {
            "success"
        }
    }

    /// What those before `job` leave it to: those that it needs, or all of earlier stages.
    fn before(&self, simulator: &Simulator, job: &PipelineJob) -> Before {
        let results: Vec<Before> =
            self.those_before(job).into_iter().map(|it| self.result(simulator, it)).collect();
        if results.contains(&Before::Unfinished) {
            Before::Unfinished
        } else if results.contains(&Before::Failed) {
            Before::Failed
        } else {
            Before::Passed
        }
    }

    fn those_before(&self, job: &PipelineJob) -> Vec<&PipelineJob> {
        let jobs = self.jobs.iter();
        match &job.read.needs {
            Some(needs) => jobs.filter(|it| needs.contains(&it.read.name)).collect(),
            None => jobs.filter(|it| it.read.stage_index < job.read.stage_index).collect(),
        }
    }

    /// What a job is to those after it.
    fn result(&self, simulator: &Simulator, job: &PipelineJob) -> Before {
        match job.state {
            State::Created => Before::Unfinished,
            // A manual job holds up the stages after it only where it says so.
            State::Manual if job.read.allow_failure.is_none() => Before::Unfinished,
            State::Manual => Before::Passed,
            State::Skipped => Before::Failed,
            State::Queued(id) => match simulator.job(id) {
                Some(report) if report.status == Status::Success => Before::Passed,
                Some(report) if report.status.is_final() => {
                    if job.read.may_fail(exit_code(&report)) {
                        Before::Passed
                    } else {
                        Before::Failed
                    }
                }
                _ => Before::Unfinished,
            },
        }
    }

    /// A job with what it downloads from those before it.
    fn spec(&self, simulator: &Simulator, job: &PipelineJob) -> JobSpec {
        let mut spec = job.read.spec.clone();
        let by_name: BTreeMap<&str, u64> = self
            .those_before(job)
            .into_iter()
            .filter_map(|it| Some((it.read.name.as_str(), it.id()?)))
            .filter(|(_, id)| simulator.job(*id).is_some_and(|it| it.status == Status::Success))
            .collect();
        for (name, id) in by_name {
            if job.read.dependencies.as_ref().is_none_or(|it| it.iter().any(|it| it == name)) {
                spec = spec.needs(id);
            }
        }
        spec
    }
}

fn exit_code(report: &JobReport) -> Option<i64> {
    report.final_state.as_ref()?.exit_code
}

#[cfg(test)]
mod tests;
