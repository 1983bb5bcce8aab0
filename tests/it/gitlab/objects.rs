//! What is kept in S3: caches, and states that Terraform could not store.

use super::world::{Aws, RUNNER};
use gitlab_simulator::{JobSpec, Status};
use runtask_tests::http::send;
use serde_json::json;

const BUCKET: &str = "example-runner-bucket";

fn spec(name: &str, script: &[&str]) -> JobSpec {
    let cache = json!([{"key": "modules", "untracked": false, "paths": ["kept/"], "policy": "pull-push",
        "when": "on_success", "fallback_keys": []}]);
    JobSpec::new(name, script).member("cache", cache).variable("FF_TIMESTAMPS", "0")
}

/// G-50: a cache that is not there is no failure, and what one job keeps the next one finds. What else is kept is a state that
/// would be lost.
#[tokio::test]
async fn caches_and_lost_states_are_kept_in_a_bucket() {
    let aws = Aws::start().await;
    runtask_tests::aws::put_object(aws.moto.endpoint(), BUCKET, "made", "").await;
    let world = aws
        .world("objects", json!({}), |it| {
            it.env("RUNNER_CACHE_S3_URI", format!("s3://{BUCKET}/cache"))
                .env("RUNNER_RESCUE_S3_URI", format!("s3://{BUCKET}/states/"))
        })
        .await;
    let first = world.simulator.enqueue(&spec("first", &["mkdir kept; echo from-first > kept/file"]));
    assert!(world.poll().await.is_success());
    let log = world.simulator.job(first).unwrap().log_text();
    assert!(log.contains("There is no such cache yet") && log.contains("Kept modules"), "{log}");

    let script = ["cat kept/file; echo '{\"lost\": true}' > errored.tfstate", "exit 3"];
    let second = world.simulator.enqueue(&spec("second", &script));
    assert!(world.poll().await.is_success());
    let job = world.simulator.job(second).unwrap();
    let log = job.log_text();
    assert_eq!(job.status, Status::Failed);
    assert!(log.contains("Restored modules") && log.contains("\nfrom-first\n"), "{log}");
    let place = format!("states/infra/network/{second}/errored.tfstate");
    assert!(log.contains(&format!("s3://{BUCKET}/{place}")), "{log}");
    let authorization =
        "AWS4-HMAC-SHA256 Credential=ASIAEXAMPLEEXAMPLE00/20260101/eu-central-1/s3/aws4_request";
    let url = format!("{}/{BUCKET}/{place}", aws.moto.endpoint());
    let state = send("GET", &url, &[("authorization", authorization)], "").await;
    assert_eq!((state.status, &*state.body), (200, &b"{\"lost\": true}\n"[..]));
    assert_eq!(world.double.cold_starts(RUNNER), 1);
    world.is_innocent("objects").await;
}
