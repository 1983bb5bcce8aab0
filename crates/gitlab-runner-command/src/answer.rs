//! What the function says of its jobs, for people.

use gitlab_runner::{Failure, Outcome, RanJob};
use runtask_findings::printable;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

const GREEN: &str = "32";
const RED: &str = "31";

/// What the function says of an invocation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PollAnswer {
    pub(crate) jobs: Vec<JobAnswer>,
    pub(crate) stopped: String,
    /// Jobs that were shown as running, of a function that had died; they are ended now.
    pub(crate) abandoned: Vec<u64>,
}

/// What is said of a job.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct JobAnswer {
    pub(crate) id: u64,
    pub(crate) project: String,
    pub(crate) name: String,
    /// `success`, `failed`, `canceled`.
    pub(crate) state: String,
    pub(crate) exit_code: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) seconds: u64,
}

impl JobAnswer {
    /// The same of a job that was run here.
    pub(crate) fn of(job: &RanJob) -> Self {
        let reason = match job.outcome {
            _ if !job.is_delivered => Some("GitLab could not be told"),
            Some(Outcome::Failed(Failure::System)) => Some("not by its script: see its log"),
            Some(Outcome::Failed(Failure::Interrupted)) => {
                Some("the runner had to end before its script had begun")
            }
            _ => None,
        };
        Self {
            id: job.id,
            project: job.project.clone(),
            name: job.name.clone(),
            state: job.outcome.map_or("canceled", Outcome::status).to_owned(),
            exit_code: match job.outcome {
                Some(Outcome::Failed(Failure::Script { code })) => code.map(i64::from),
                Some(Outcome::Success) => Some(0),
                _ => None,
            },
            reason: reason.map(str::to_owned),
            seconds: job.took.as_secs(),
        }
    }

    /// `job 50101 plan of infra/network: success after 74 s`.
    pub(crate) fn words(&self, color: bool) -> String {
        let mut text = format!("job {}", self.id);
        if !self.name.is_empty() {
            let _infallible = write!(text, " {} of {}", printable(&self.name), printable(&self.project));
        }
        let (state, code) = (printable(&self.state), if self.state == "success" { GREEN } else { RED });
        let state = if color { format!("\x1b[{code}m{state}\x1b[0m") } else { state };
        let _infallible = write!(text, ": {state} after {} s", self.seconds);
        match (self.exit_code, &self.reason) {
            (Some(code), _) if code != 0 => {
                let _infallible = write!(text, ", exit code {code}");
            }
            (_, Some(reason)) => {
                let _infallible = write!(text, ", {}", printable(reason));
            }
            _ => {}
        }
        text
    }
}

impl PollAnswer {
    /// Why no more jobs were asked for.
    pub(crate) fn end_in_words(&self) -> String {
        match self.stopped.as_str() {
            "idle" => "no job waits".to_owned(),
            "budget" => "too little time was left for another job".to_owned(),
            "jobs" => "it has run as many jobs as it may".to_owned(),
            "unreachable" => "GitLab cannot be reached".to_owned(),
            "shutdown" => "it was told to end".to_owned(),
            other => printable(other),
        }
    }

    /// All of it, in lines.
    pub(crate) fn words(&self, color: bool) -> String {
        let mut text: String = self.jobs.iter().map(|it| it.words(color) + "\n").collect();
        for id in &self.abandoned {
            let _infallible = writeln!(text, "job {id}: its runner had died; it is failed now");
        }
        let _infallible = writeln!(text, "{}", self.end_in_words());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_line_for_each_job_and_one_for_the_end() {
        let answer = r#"{"statusCode":200,"jobs":[
            {"id":50101,"project":"infra/network","name":"plan","state":"success","exit_code":0,"reason":null,"seconds":74},
            {"id":50102,"project":"infra/network","name":"apply\u001b[2J","state":"failed","exit_code":3,"reason":"script_failure","seconds":2},
            {"id":50103,"project":"x","name":"y","state":"failed","exit_code":null,"reason":"runner_system_failure","seconds":0}],
            "polls":2,"stopped":"idle","remaining_ms":611000,"abandoned":[50099],"more":[]}"#;
        let answer: PollAnswer = serde_json::from_str(answer).unwrap();
        insta::assert_snapshot!(answer.words(false), @r"
        job 50101 plan of infra/network: success after 74 s
        job 50102 apply\u{1b}[2J of infra/network: failed after 2 s, exit code 3
        job 50103 y of x: failed after 0 s, runner_system_failure
        job 50099: its runner had died; it is failed now
        no job waits
        ");
    }
}
