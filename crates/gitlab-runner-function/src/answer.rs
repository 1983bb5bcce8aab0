//! What the function answers.

use gitlab_runner::{Failure, Outcome, Polled, RanJob, Stopped};
use serde::Serialize;
use std::time::Duration;

/// The answer to a poll. What GitLab's users see of a job is its own page; this is for whoever has started the function.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    #[serde(rename = "statusCode")]
    status_code: u16,
    jobs: Vec<AnsweredJob>,
    polls: u32,
    stopped: &'static str,
    remaining_ms: u64,
    /// Jobs of functions that have died, which were ended as failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    abandoned: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct AnsweredJob {
    id: u64,
    project: String,
    name: String,
    state: &'static str,
    exit_code: Option<i32>,
    reason: Option<&'static str>,
    seconds: u64,
}

/// Why a poll is an error. A job that has failed is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PollError {
    /// GitLab does not take the runner.
    #[error("GitLab refuses this runner: {0}")]
    Refused(String),
    /// It could not be reached.
    #[error("GitLab cannot be reached: {0}")]
    Unreachable(String),
    /// A job has ended, and GitLab does not know.
    #[error("GitLab could not be told how the job {0} ended")]
    NotDelivered(u64),
    /// What a job has left is still there.
    #[error(
        "something is left in RUNNER_DIRECTORY, or still runs, and cannot be removed: no job is run beside it"
    )]
    Unclean,
}

impl Answer {
    /// The answer when so much time is left.
    ///
    /// # Errors
    ///
    /// When somebody has to look.
    pub(crate) fn of(polled: Polled, abandoned: Vec<u64>, remaining: Duration) -> Result<Self, PollError> {
        if let Some(job) = polled.jobs.iter().find(|it| !it.is_delivered) {
            return Err(PollError::NotDelivered(job.id));
        }
        let stopped = match polled.stopped {
            Stopped::Idle => "idle",
            Stopped::Budget => "budget",
            Stopped::Jobs => "jobs",
            Stopped::Shutdown => "shutdown",
            // What was done is done; the next poll meets the trouble again, if it is still there.
            Stopped::Unreachable(_) if !polled.jobs.is_empty() => "unreachable",
            Stopped::Unreachable(why) => return Err(PollError::Unreachable(why)),
            Stopped::Refused(why) => return Err(PollError::Refused(why)),
            Stopped::Unclean => return Err(PollError::Unclean),
        };
        Ok(Self {
            status_code: 200,
            jobs: polled.jobs.into_iter().map(AnsweredJob::of).collect(),
            polls: polled.polls,
            stopped,
            remaining_ms: u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX),
            abandoned,
        })
    }
}

impl AnsweredJob {
    fn of(job: RanJob) -> Self {
        let (state, reason, exit_code) = match job.outcome {
            None => ("canceled", None, None),
            Some(Outcome::Success) => ("success", None, Some(0)),
            Some(Outcome::Failed(failure)) => {
                let (reason, code) = match failure {
                    Failure::Script { code } => ("script_failure", code),
                    Failure::System => ("runner_system_failure", None),
                    Failure::TimeOut => ("job_execution_timeout", None),
                    Failure::Interrupted => ("runner_interrupted", None),
                    Failure::Canceled => ("job_canceled", None),
                };
                (if failure == Failure::Canceled { "canceled" } else { "failed" }, Some(reason), code)
            }
        };
        let RanJob { id, project, name, took, .. } = job;
        Self { id, project, name, state, exit_code, reason, seconds: took.as_secs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polled(outcome: Option<Outcome>, is_delivered: bool, stopped: Stopped) -> Polled {
        let (project, name) = ("infra/network".to_owned(), "plan".to_owned());
        let took = Duration::from_secs(74);
        Polled {
            jobs: vec![RanJob { id: 50101, project, name, outcome, is_delivered, took }],
            polls: 2,
            stopped,
        }
    }

    #[test]
    fn an_answer_says_what_was_run_and_why_no_more() {
        let polled = polled(Some(Outcome::Failed(Failure::Script { code: Some(3) })), true, Stopped::Idle);
        let answer = Answer::of(polled, vec![], Duration::from_millis(611_000)).unwrap();
        insta::assert_snapshot!(
            serde_json::to_string(&answer).unwrap(),
            @r#"{"statusCode":200,"jobs":[{"id":50101,"project":"infra/network","name":"plan","state":"failed","exit_code":3,"reason":"script_failure","seconds":74}],"polls":2,"stopped":"idle","remaining_ms":611000}"#
        );
    }

    #[test]
    fn only_what_somebody_has_to_look_at_is_an_error() {
        let of = |polled| Answer::of(polled, vec![], Duration::ZERO).map(|it| it.stopped);
        let success = Some(Outcome::Success);
        assert_eq!(of(polled(success, false, Stopped::Idle)), Err(PollError::NotDelivered(50101)));
        assert_eq!(of(polled(None, true, Stopped::Budget)), Ok("budget"));
        assert_eq!(of(polled(success, true, Stopped::Unreachable("x".into()))), Ok("unreachable"));
        let empty = |stopped| Polled { jobs: vec![], polls: 1, stopped };
        let unreachable = of(empty(Stopped::Unreachable("x".into())));
        assert_eq!(unreachable, Err(PollError::Unreachable("x".into())));
        assert_eq!(
            of(polled(success, true, Stopped::Refused("403".into()))),
            Err(PollError::Refused("403".into()))
        );
    }
}
