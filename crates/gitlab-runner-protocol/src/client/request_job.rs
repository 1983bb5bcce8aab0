//! `POST /jobs/request`: asks for a job.

use super::call::{Authority, Call, JSON};
use super::error::CallError;
use super::http::Client;
use crate::identity::Identity;
use crate::job::{BrokenJob, Job};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::Instant;

const NAME: &str = "the request for a job";
/// More than any job has: its variables may be some megabytes.
const LARGEST_JOB: usize = 32 * 1024 * 1024;
/// How often it is asked again at once after another runner was faster.
const RACES: u32 = 3;

/// What GitLab has for us.
#[derive(Debug)]
pub enum Polled {
    /// A job. It is running in GitLab from now on, and ours: only a final state ends it.
    Job(Box<Job>),
    /// A job that cannot be read. Where its id and token are known, it has to be reported as failed.
    Broken(BrokenJob),
    /// Nothing, or the runner is paused.
    Nothing,
}

impl Client {
    /// Asks for a job, once: a request that gets no answer is not made again, as a job may have been handed out with it.
    ///
    /// # Errors
    ///
    /// 403 is a bad token, 422 an orphaned runner: asking again does not help. After anything else it may.
    pub async fn request_job(&self, runner: &Identity, deadline: Instant) -> Result<Polled, CallError> {
        let body = json!({
            "token": runner.token.expose(),
            "system_id": runner.system_id.as_str(),
            "info": runner.info(),
        });
        let authority = Authority::Runner(runner.token.expose());
        let mut call = Call::json(NAME, Method::POST, self.url("jobs/request"), authority, &body);
        call.is_repeatable = false;
        call.answer_bytes = LARGEST_JOB;
        let mut races = 0;
        loop {
            let answer = self.send(&call, deadline).await?;
            match answer.status {
                StatusCode::CREATED => {
                    let is_json = answer.header("content-type").is_some_and(|it| it.starts_with(JSON));
                    return match Job::parse(&answer.body) {
                        Ok(job) => Ok(Polled::Job(Box::new(job))),
                        // A proxy's page says nothing of a job.
                        Err(_) if !is_json => Err(CallError::Strange { call: NAME, defect: "it is no JSON" }),
                        Err(broken) => Ok(Polled::Broken(broken)),
                    };
                }
                StatusCode::NO_CONTENT => return Ok(Polled::Nothing),
                StatusCode::CONFLICT if races < RACES => races += 1,
                _ => return Err(answer.refused(NAME)),
            }
        }
    }
}
