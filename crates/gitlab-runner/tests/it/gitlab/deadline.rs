//! Invocations of a few seconds: everything is over, and GitLab knows, before they end.

use super::runner::Runner;
use futures_util::future::join_all;
use gitlab_runner::{Outcome, Reserve};
use gitlab_simulator::{FinalState, Injection, JobSpec};
use std::time::Duration;
use tokio::time::Instant;

/// What an invocation has; about two seconds of it are for the job's script.
const LIFE: Duration = Duration::from_secs(15);

fn reserve() -> Reserve {
    Reserve {
        interrupt: Duration::from_secs(2),
        terminate: Duration::from_millis(500),
        kill: Duration::from_millis(500),
        after_script: Duration::from_secs(2),
        uploads: Duration::from_secs(2),
        finish: Duration::from_secs(4),
    }
}

/// Runs a job to whose script, or checkout, nobody comes back; how GitLab was told that it ended, its log, and whether the
/// runner believes that GitLab knows.
async fn end_of(spec: &JobSpec, fault: Option<&str>) -> (Option<FinalState>, String, bool) {
    let mut runner = Runner::start().await;
    runner.simulator.commit("infra/network", &[("a", "1")]).await.unwrap();
    if let Some(it) = fault {
        runner.simulator.inject(it.parse::<Injection>().unwrap());
    }
    let id = runner.simulator.enqueue(spec);
    let deadline = Instant::now() + LIFE;
    let budget = &mut runner.place.budget;
    budget.reserve = reserve();
    budget.promised = Duration::from_millis(500);
    budget.deadline = Some(deadline);
    let polled = runner.poll().await;
    assert!(Instant::now() < deadline, "{fault:?}");
    assert!(matches!(polled.jobs[0].outcome, Some(Outcome::Failed(_))), "{fault:?} {polled:?}");
    assert_eq!(runner.simulator.violations(), [""; 0], "{fault:?}");
    let job = runner.simulator.job(id).unwrap();
    (job.final_state.clone(), job.log_text(), polled.jobs[0].is_delivered)
}

const DEAF: &str = "bash -c 'trap : INT TERM; while :; do sleep 0.05; done'";

#[tokio::test]
async fn a_job_is_over_before_the_deadline_whatever_it_hangs_on() {
    let script = JobSpec::new("apply", &[DEAF, "echo next"]).after_script(&["sleep 600"]);
    let sources = JobSpec::new("apply", &["echo ran"]).repository("infra/network");
    let cases = [
        (script.clone(), None, "job_execution_timeout"),
        (script, Some("final-202-n*2"), "job_execution_timeout"),
        // Nothing of it has happened, so it may be tried again.
        (sources, Some("git-hang"), "runner_interrupted"),
    ];
    join_all(cases.map(async |(spec, fault, reason)| {
        let (state, log, is_delivered) = end_of(&spec, fault).await;
        let state = state.unwrap_or_else(|| panic!("{fault:?} {log}"));
        assert_eq!(state.failure_reason.as_deref(), Some(reason), "{fault:?} {log}");
        assert!(is_delivered && !log.contains("echo next") && !log.contains("ran\n"), "{fault:?} {log}");
    }))
    .await;
}

#[tokio::test]
async fn a_state_that_cannot_be_delivered_does_not_keep_the_runner() {
    let (state, _, is_delivered) = end_of(&JobSpec::new("apply", &["exit 1"]), Some("final-500*1000")).await;
    assert_eq!((state, is_delivered), (None, false));
}
