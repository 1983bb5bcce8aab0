//! Jobs while GitLab, its repositories or the network are in trouble.

use super::runner::Runner;
use futures_util::future::join_all;
use gitlab_runner::Stopped;
use gitlab_simulator::{Injection, JobSpec, Status};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_job_comes_through_what_passes() {
    let faults = [
        "request-503",
        "request-429-retry-after",
        "request-409",
        "job-unknown-members",
        "job-nulls",
        "job-timeout-zero",
        "trace-416-lower",
        "trace-500-burst",
        "trace-reset",
        "trace-404",
        "final-202-n*2",
        "final-412",
        "final-500",
        "final-reset",
        "upload-503-n",
        "interval-change",
    ];
    // Most of it is waiting, so they wait together.
    join_all(faults.map(comes_through)).await;
}

async fn comes_through(fault: &str) {
    let runner = Runner::start().await;
    runner.simulator.inject(fault.parse::<Injection>().unwrap());
    let artifact = json!({"name": "a", "paths": ["a"], "artifact_type": "archive", "artifact_format": "zip"});
    let spec =
        JobSpec::new("plan", &["echo said > a; cat a"]).variable("FF_TIMESTAMPS", "0").artifact(artifact);
    let id = runner.simulator.enqueue(&spec);
    let polled = timeout(LIMIT, runner.poll()).await.unwrap();
    if polled.jobs.is_empty() {
        // An invocation that met trouble before it had a job ends; the next one has it.
        assert!(matches!(polled.stopped, Stopped::Unreachable(_) | Stopped::Idle), "{fault} {polled:?}");
        timeout(LIMIT, runner.poll()).await.unwrap();
    }
    let job = runner.simulator.job(id).unwrap();
    let log = job.log_text();
    let has_no_script = fault == "job-nulls" && log.contains("the job has no script");
    let went_well = job.status == Status::Success && log.contains("said\n");
    assert!(has_no_script || went_well, "{fault} {:?} {log}", job.status);
    assert_eq!(runner.simulator.violations(), [""; 0], "{fault}");
}

#[tokio::test]
async fn a_repository_in_trouble_fails_the_job_in_words_or_is_tried_again() {
    for (fault, attempts, status) in [
        ("git-401", "1", Status::Failed),
        ("git-empty", "1", Status::Failed),
        ("git-reset", "2", Status::Success),
    ] {
        let runner = Runner::start().await;
        runner.simulator.commit("infra/network", &[("a", "1")]).await.unwrap();
        runner.simulator.inject(fault.parse::<Injection>().unwrap());
        let spec = JobSpec::new("plan", &["cat a"])
            .repository("infra/network")
            .variable("GET_SOURCES_ATTEMPTS", attempts);
        let job = timeout(LIMIT, runner.run(&spec)).await.unwrap();
        assert_eq!(job.status, status, "{fault} {}", job.log_text());
        if status == Status::Failed {
            assert_eq!(
                job.final_state.unwrap().failure_reason.as_deref(),
                Some("runner_system_failure"),
                "{fault}"
            );
        }
        runner.is_innocent();
    }
}

#[tokio::test]
async fn a_job_that_was_cut_off_is_reported_as_failed_where_it_can_be() {
    let runner = Runner::start().await;
    runner.simulator.inject("job-truncated".parse::<Injection>().unwrap());
    let id = runner.simulator.enqueue(&JobSpec::new("plan", &["true"]));
    let polled = timeout(LIMIT, runner.poll()).await.unwrap();
    let job = runner.simulator.job(id).unwrap();
    assert_eq!(job.status, Status::Failed, "{polled:?} {}", job.log_text());
    assert!(polled.jobs[0].is_delivered);
    runner.is_innocent();
}

#[tokio::test]
async fn a_runner_that_is_not_taken_says_which_token_it_needs() {
    for fault in ["request-403", "request-422"] {
        let runner = Runner::start().await;
        runner.simulator.inject(fault.parse::<Injection>().unwrap());
        let polled = timeout(LIMIT, runner.poll()).await.unwrap();
        let Stopped::Refused(why) = polled.stopped else { panic!("{polled:?}") };
        assert!(why.contains("authentication token (glrt-…) is needed"), "{why}");
    }
}
