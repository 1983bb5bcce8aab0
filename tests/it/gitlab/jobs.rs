//! Jobs that go well.

use super::world::Aws;
use gitlab_simulator::{JobSpec, Status};
use runtask_tests::lambda::Kind;
use serde_json::json;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

/// G-01, G-02, G-24: what a job is given reaches the job and nothing else.
#[tokio::test]
async fn a_job_is_run_with_the_secret_and_leaves_nothing_behind() {
    let aws = Aws::start().await;
    let secret = json!({
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE01",
        "AWS_SECRET_ACCESS_KEY": "secret-key-of-the-secret/EXAMPLE",
        "DB_PASSWORD": "first-line-EXAMPLE\nsecond-line-EXAMPLE",
        "UNUSED": "unused-member-EXAMPLE",
    });
    let world = aws.world("job", secret, |it| it.env("RUNNER_SECRET_KEYS", "DB_PASSWORD")).await;
    world.simulator.commit("infra/network", &[("main.tf", "# a file\n")]).await.unwrap();
    let script = [
        "cat main.tf; echo \"$AWS_SECRET_ACCESS_KEY\"; echo \"$DB_PASSWORD\"",
        "env > seen; echo \"${AWS_ACCESS_KEY_ID:0:4} ${AWS_REGION} ${UNUSED:-none} ${AWS_SESSION_TOKEN:-none}\"",
        "! grep -q 'AWS_LAMBDA\\|_HANDLER\\|example-session' seen && echo clean",
        "cat seen > /dev/null; for it in $(ls /proc | grep '^[0-9]*$'); do tr '\\0' '\\n' < /proc/$it/environ; done 2> /dev/null | grep -c glrt- || true",
    ];
    let spec = JobSpec::new("plan", &script)
        .repository("infra/network")
        .variable("FF_TIMESTAMPS", "0")
        .masked("TF_VAR_token", "masked-variable-EXAMPLE")
        .artifact(json!({"name": "plan", "paths": ["main.tf"], "artifact_type": "archive", "artifact_format": "zip"}));
    let id = world.simulator.enqueue(&spec);
    let outcome = world.poll().await;
    let answer = outcome.payload();
    let log = world.simulator.job(id).unwrap().log_text();
    assert_eq!(world.simulator.job(id).unwrap().status, Status::Success, "{log}\n{answer}");
    for expected in [
        "# a file\n",
        "[MASKED]\n[MASKED]\n",
        "AKIA eu-central-1 none none\n",
        "clean\n",
        "Running with gitlab-runner-function",
    ] {
        assert!(log.contains(expected), "{expected:?} is not in {log}");
    }
    assert_eq!(answer["statusCode"], 200);
    let job = &answer["jobs"][0];
    assert_eq!(
        (&job["id"], &job["state"], &job["exit_code"]),
        (&json!(id), &json!("success"), &json!(0)),
        "{answer}"
    );
    // A slow machine leaves no time for another one.
    assert!(answer["stopped"] == "idle" || answer["stopped"] == "budget", "{answer}");
    assert_eq!(std::fs::read_dir(world.directory.path()).unwrap().count(), 0, "everything is removed");
    assert!(world.double.logs(super::world::RUNNER).contains("\"Polls\":1"));
    world.is_innocent("a job").await;
}

/// G-11: secrets are read anew, so that one that was changed counts from the next invocation on.
#[tokio::test]
async fn a_secret_that_was_changed_counts_at_once() {
    let aws = Aws::start().await;
    let secret = |value: &str| json!({"DB_PASSWORD": value});
    let world =
        aws.world("changed", secret("first-EXAMPLE"), |it| it.env("RUNNER_SECRET_KEYS", "DB_PASSWORD")).await;
    for value in ["first-EXAMPLE", "second-EXAMPLE"] {
        let mut members = secret(value);
        members["GITLAB_RUNNER_TOKEN"] = world.simulator.runner_token().into();
        aws.change_secret("example-runner-secret-changed", &members).await;
        world.simulator.add_secret(value, "a secret of the runner");
        let compare = format!(
            "[ \"$DB_PASSWORD\" = \"$(printf %s {} -EXAMPLE)\" ]",
            value.trim_end_matches("-EXAMPLE")
        );
        let id = world.simulator.enqueue(&JobSpec::new("plan", &[&compare]));
        assert!(world.poll().await.is_success());
        let job = world.simulator.job(id).unwrap();
        assert_eq!(job.status, Status::Success, "{}", job.log_text());
    }
    assert_eq!(world.double.cold_starts(super::world::RUNNER), 1);
    world.is_innocent("changed").await;
}

/// G-16, G-20, G-21: the event, the secret's name and the names in it, as the predecessor has them.
#[tokio::test]
async fn what_the_predecessor_was_set_up_with_works() {
    let aws = Aws::start().await;
    let world = aws
        .world("old", json!({}), |it| it.env("RUNNER_SECRET_ID", "").env("AWS_USED_REGION", "eu-central-1"))
        .await;
    let secret = json!({
        "GITLAB_RUNNER_REGISTRATION_TOKEN": world.simulator.runner_token(),
        "SCW_ACCESS_KEY": "SCWEXAMPLEEXAMPLE001",
        "SCW_SECRET_KEY": "11111111-example-scaleway-key",
        "SCW_DEFAULT_REGION": "fr-par",
    });
    aws.put_secret("credentials-for-gitlab-runner", &secret).await;
    let script = "echo \"${SCW_ACCESS_KEY:0:3} ${AWS_ACCESS_KEY_ID:0:3} $SCW_DEFAULT_REGION\"";
    let spec = JobSpec::new("plan", &[script, "[ \"$AWS_SECRET_ACCESS_KEY\" = \"$SCW_SECRET_KEY\" ]"]);
    let id = world.simulator.enqueue(&spec.variable("FF_TIMESTAMPS", "0"));
    let outcome =
        world.double.invoke(super::world::RUNNER, &json!({"TARGET_CLOUD_PLATFORM": "scaleway"})).await;
    let job = world.simulator.job(id).unwrap();
    assert_eq!(job.status, Status::Success, "{} {}", job.log_text(), outcome.payload());
    assert!(job.log_text().contains("SCW SCW fr-par\n"), "{}", job.log_text());
    world.is_innocent("the predecessor's").await;
}

/// A job that waits is run by the next event, however many come.
#[tokio::test]
async fn events_that_come_twice_cost_a_poll() {
    let aws = Aws::start().await;
    let world = aws.world("twice", json!({}), |it| it).await;
    let id = world.simulator.enqueue(&JobSpec::new("plan", &["echo ran"]));
    for _ in 0..2 {
        world.double.enqueue(super::world::RUNNER, json!({"action": "poll", "idle_seconds": 0}).to_string());
    }
    world.double.wait_idle(LIMIT).await;
    assert_eq!(world.simulator.job(id).unwrap().status, Status::Success);
    let invocations = world.double.invocations(super::world::RUNNER);
    assert!(
        invocations.iter().all(|it| it.kind == Kind::Event && it.outcome.is_success()),
        "{invocations:?}"
    );
    assert_eq!(invocations.len(), 2);
    world.is_innocent("twice").await;
}

/// G-23: what is to be known at set-up.
#[tokio::test]
async fn verify_tells_of_token_tools_and_seal() {
    let aws = Aws::start().await;
    let world = aws.world("verify", json!({}), |it| it).await;
    let answer = world.double.invoke(super::world::RUNNER, &json!({"action": "verify"})).await.payload();
    assert_eq!(answer["runner"], 77, "{answer}");
    assert!(answer["tools"]["bash"].as_str().unwrap().starts_with("GNU bash"), "{answer}");
    assert!(answer["tools"]["git"].as_str().unwrap().starts_with("git version"), "{answer}");
    assert!(
        answer["sealed"].is_boolean() && answer["system_id"].as_str().unwrap().starts_with("s_"),
        "{answer}"
    );
    world.is_innocent("verify").await;
}
