//! GitLab's hook at the function behind the URL: who may start the runner, and how fast it answers.

use super::world::{Aws, RUNNER, World};
use gitlab_simulator::{Delivery, HookSecret, JobSpec, Status};
use runtask_tests::binaries::binary;
use runtask_tests::lambda::Function;
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOOK: &str = "example-hook";
const SIGNING: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const OTHER: &str = "whsec_AAIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const TOKEN: &str = "hook-token-EXAMPLE";

async fn start(aws: &Aws, name: &str, secret: serde_json::Value) -> World {
    let world = aws.world(name, json!({}), |it| it).await;
    let id = format!("hook-{name}");
    aws.put_secret(&id, &secret).await;
    let function = Function::new(HOOK, binary("gitlab-hook-function"))
        .with_url()
        .timeout(Duration::from_secs(10))
        .env("AWS_ENDPOINT_URL", aws.moto.endpoint())
        .env("AWS_ENDPOINT_URL_LAMBDA", world.double.invoke_endpoint())
        .env("HOOK_SECRET_ID", id)
        .env("RUNNER_FUNCTION", world.double.function_arn(RUNNER))
        .env("RUNNER_METRICS_NAMESPACE", "example");
    world.double.add(function).await;
    world
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is of now, and the function looks at its own clock"
)]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

async fn send(world: &World, delivery: &Delivery) -> u16 {
    let answer = delivery.send(&world.double.function_url(HOOK)).await.unwrap();
    assert!(answer.took < Duration::from_secs(5), "{:?}", answer.took);
    answer.status
}

/// G-52, where nothing keeps itself alive: a right signature starts the runner, which runs the job; a wrong, an old and a changed one are refused; and one that is
/// sent again costs a poll.
#[tokio::test]
async fn a_signed_hook_starts_the_runner() {
    let aws = Aws::start().await;
    let world =
        start(&aws, "signed", json!({"GITLAB_HOOK_SIGNING_TOKEN": SIGNING, "GITLAB_HOOK_TOKEN": TOKEN}))
            .await;
    let id = world.simulator.enqueue(&JobSpec::new("plan", &["echo ran"]));
    let signed =
        |secret: HookSecret, time| world.simulator.hook(id, "example-delivery", time, &secret).unwrap();
    let signing = || HookSecret::Signing(SIGNING.to_owned());
    let right = signed(signing(), now());
    let mut changed = right.clone();
    changed.body = changed.body.replace("infra/network", "infra/networc");
    for (refused, what) in [
        (signed(HookSecret::Signing(OTHER.to_owned()), now()), "another key"),
        (signed(signing(), now() - 600), "an old one"),
        (signed(HookSecret::Token(TOKEN.to_owned()), now()), "a token alone"),
        (changed, "a changed body"),
    ] {
        assert_eq!(send(&world, &refused).await, 401, "{what}");
    }
    assert_eq!(world.double.invocations(RUNNER).len(), 0);
    assert_eq!(send(&world, &right).await, 202);
    world.simulator.ended(id).await;
    assert_eq!(world.simulator.job(id).unwrap().status, Status::Success);
    // It comes again: the runner finds nothing.
    assert_eq!(send(&world, &right).await, 202);
    world.double.wait_idle(Duration::from_secs(60)).await;
    assert_eq!(world.double.invocations(RUNNER).len(), 2);
    // A job that has ended is told of, too, and is of no interest.
    assert_eq!(send(&world, &signed(signing(), now())).await, 204);
    // A warm function answers well within a second.
    let answer = right.send(&world.double.function_url(HOOK)).await.unwrap();
    assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    world.double.wait_idle(Duration::from_secs(60)).await;
    let log = world.double.logs(HOOK);
    runtask_tests::secrets::assert_no_secrets(&log, &[SIGNING, OTHER, TOKEN]);
    assert_eq!(log.matches("\"HooksRefused\":1").count(), 4, "{log}");
    world.is_innocent("signed").await;
}

#[tokio::test]
async fn where_there_is_no_key_the_token_counts() {
    let aws = Aws::start().await;
    let world = start(&aws, "token", json!({"GITLAB_HOOK_TOKEN": TOKEN})).await;
    let id = world.simulator.enqueue(&JobSpec::new("plan", &["echo ran"]));
    let with =
        |token: &str| world.simulator.hook(id, "d", now(), &HookSecret::Token(token.to_owned())).unwrap();
    assert_eq!(send(&world, &with("another-token")).await, 401);
    assert_eq!(send(&world, &with(TOKEN)).await, 202);
    world.simulator.ended(id).await;
    world.double.wait_idle(Duration::from_secs(60)).await;
    world.is_innocent("token").await;
}
