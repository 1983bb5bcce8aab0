//! Jobs that end by themselves.

use super::runner::Runner;
use gitlab_simulator::{JobSpec, Status};
use serde_json::json;

#[tokio::test]
async fn a_job_of_a_repository_is_run_and_reported() {
    let runner = Runner::start().await;
    runner
        .simulator
        .commit("infra/network", &[("main.tf", "a = 1\n"), ("scripts/run.sh", "echo ran\n")])
        .await
        .unwrap();
    let spec = JobSpec::new(
        "plan",
        &["cat main.tf", "sh scripts/run.sh", "echo $PASSWORD $CI_JOB_TOKEN", "git log --oneline | wc -l"],
    )
    .masked("PASSWORD", "the password of all passwords")
    .after_script(&["echo after: $CI_JOB_STATUS"])
    .repository("infra/network")
    .artifact(
        json!({"name": "plan", "paths": ["*.tf"], "artifact_type": "archive", "artifact_format": "zip"}),
    );
    let job = runner.run(&spec).await;
    let log = job.log_text();
    assert_eq!(job.status, Status::Success, "{log}");
    assert!(log.contains("a = 1\n") && log.contains("ran\n") && log.contains("after: success\n"), "{log}");
    assert!(log.contains("[MASKED] [MASKED]\n"), "{log}");
    assert!(log.contains("Job succeeded"), "{log}");
    assert_eq!(job.artifacts.len(), 1);
    runner.is_innocent();
}

/// G-44: where the job's own commands look, too.
#[tokio::test]
async fn the_token_is_not_left_in_the_repository() {
    let runner = Runner::start().await;
    runner.simulator.commit("infra/network", &[("a", "1")]).await.unwrap();
    let script = [
        "grep -rlF \"$CI_JOB_TOKEN\" . || echo none in $PWD",
        "git fetch -q origin main && echo fetched with the token",
        "git remote get-url origin",
    ];
    let job = runner.run(&JobSpec::new("look", &script).repository("infra/network")).await;
    let log = job.log_text();
    assert_eq!(job.status, Status::Success, "{log}");
    assert!(log.contains("none in /") && log.contains("fetched with the token\n"), "{log}");
    runner.is_innocent();
}

#[tokio::test]
async fn exit_codes_and_reasons_are_the_scripts() {
    let runner = Runner::start().await;
    let job = runner.run(&JobSpec::new("fails", &["exit 7"])).await;
    let state = job.final_state.unwrap();
    assert_eq!(
        format!("{:?}", (state.state, state.failure_reason, state.exit_code)),
        r#"("failed", Some("script_failure"), Some(7))"#
    );
    let job =
        runner.run(&JobSpec::new("refused", &["true"]).member("secrets", json!({"A": {"vault": {}}}))).await;
    let state = job.final_state.unwrap();
    assert_eq!(state.failure_reason.as_deref(), Some("runner_system_failure"));
    runner.is_innocent();
}

/// What one job has made, the next one gets, and neither token is seen by an object store.
#[tokio::test]
async fn artifacts_go_from_job_to_job() {
    let runner = Runner::start().await;
    let plan = JobSpec::new("plan", &["mkdir d; echo planned > d/plan.cache; echo '{\"create\":1,\"update\":0,\"delete\":0}' > tfplan.json; echo A=1 > x.env"])
        .artifact(json!({"name": "plan", "paths": ["d"], "artifact_type": "archive", "artifact_format": "zip", "expire_in": "1 week"}))
        .artifact(json!({"name": "tfplan.json", "paths": ["tfplan.json"], "when": "always", "artifact_type": "terraform", "artifact_format": "raw"}))
        .artifact(json!({"name": ".env", "paths": ["x.env"], "when": "always", "artifact_type": "dotenv", "artifact_format": "gzip"}));
    let id = runner.simulator.enqueue(&plan);
    assert_eq!(runner.poll().await.jobs.len(), 1);
    let first = runner.simulator.job(id).unwrap();
    assert_eq!((first.status, first.artifacts.len()), (Status::Success, 3), "{}", first.log_text());
    for fault in ["download-302", "upload-307"] {
        runner.simulator.inject(fault.parse::<gitlab_simulator::Injection>().unwrap());
    }
    let apply = JobSpec::new("apply", &["cat d/plan.cache", "cp d/plan.cache result"]).needs(id).artifact(
        json!({"name": "result", "paths": ["result"], "artifact_type": "archive", "artifact_format": "zip"}),
    );
    let second = runner.run(&apply).await;
    let log = second.log_text();
    assert!(log.contains("planned\n"), "{log}");
    // The other address is not on the list, so it sees no token.
    assert!(log.contains("the artifact of type archive could not be uploaded: "), "{log}");
    assert_eq!((second.status, second.artifacts.len()), (Status::Failed, 0), "{log}");
    runner.is_innocent();
}

#[tokio::test]
async fn a_log_of_megabytes_arrives_as_it_was() {
    let runner = Runner::start().await;
    let job = runner.run(&JobSpec::new("much", &["seq 100000"]).variable("FF_TIMESTAMPS", "false")).await;
    assert_eq!(job.status, Status::Success);
    let log = job.log_text();
    let numbers: Vec<u32> = log.lines().filter_map(|it| it.parse().ok()).collect();
    assert!(numbers.iter().copied().eq(1..=100_000), "{} lines", numbers.len());
    runner.is_innocent();
}
