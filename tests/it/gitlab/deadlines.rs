//! Functions that live for a few seconds: every job is over, and GitLab knows, before the platform ends them.

use super::world::{Aws, LIFE, RUNNER};
use futures_util::future::join_all;
use gitlab_simulator::JobSpec;
use serde_json::json;

/// What ends by itself when it is interrupted, as terraform does; what takes its time; and what has to be killed.
const COOPERATIVE: &str = "bash -c 'trap \"echo unlocked; exit 1\" INT; while :; do sleep 0.05; done'";
const SLOW: &str = "bash -c 'trap \"sleep 2; echo unlocked; exit 1\" INT; while :; do sleep 0.05; done'";
const DEAF: &str = "bash -c 'trap : INT TERM; while :; do sleep 0.05; done'";

/// G-51, G-53: what takes longer than a function lives is told so in its first lines, and stopped in order.
#[tokio::test]
async fn a_job_ends_before_its_function_whatever_it_does() {
    let aws = Aws::start().await;
    let aws = &aws;
    join_all([("cooperative", COOPERATIVE), ("slow", SLOW), ("deaf", DEAF)].map(async |(name, script)| {
        let world = aws.world(&format!("deadline-{name}"), json!({}), |it| it).await;
        let spec = JobSpec::new("apply", &[script, "echo next"]).after_script(&["echo after $CI_JOB_STATUS"]);
        let id = world.simulator.enqueue(&spec);
        let outcome = world.poll().await;
        let job = world.simulator.job(id).unwrap();
        let log = job.log_text();
        assert!(outcome.is_success(), "{name}: {outcome:?} {log}");
        assert!(world.double.invocations(RUNNER)[0].duration < LIFE);
        let state = job.final_state.unwrap();
        assert_eq!(state.failure_reason.as_deref(), Some("job_execution_timeout"), "{name}: {log}");
        assert_eq!(log.contains("unlocked"), name != "deaf", "{name}: {log}");
        assert!(log.contains("after timedout") && !log.contains("next"), "{name}: {log}");
        assert!(log.contains("GitLab allows 1 h"), "the limit is said, and whose it is: {log}");
        world.is_innocent(name).await;
    }))
    .await;
}
