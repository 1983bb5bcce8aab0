//! P-16: the callback handler dies in every way there is, and HCP Terraform gets one final result each time.

use std::time::Duration;

use runtask_simulator::{Fault, PreparedRun, RunSpec, Simulator};
use runtask_tests::deployment::Deployment;
use runtask_tests::stack::Stack;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{configuration, formatted, result, simulator, spec};

/// A claim of a dead attempt is held for 20 seconds, and here it is so twice: nothing waits for a minute as on AWS.
const PATIENCE: Duration = Duration::from_secs(300);

const DIED: &str = "Not checked: the run task ended unexpectedly";
const TIME: &str = "Not checked: the run task ran out of time";

/// What ends an attempt that has begun; returns how many it ended.
type End = fn(&Deployment) -> usize;

#[tokio::test]
async fn every_death_ends_in_one_final_result() {
    let stack = Stack::apply(&[]).await;
    let simulator = simulator().await;
    let key = key(&stack, None).await;
    let kill: End = |it| it.double.kill(&it.functions[1].name);
    let time_out: End = |it| it.double.time_out(&it.functions[1].name);
    tokio::join!(
        begins_and_ends(&stack, &simulator, &key, kill, DIED),
        begins_and_ends(&stack, &simulator, &key, time_out, TIME),
    );
    tokio::join!(
        does_not_start(&stack, &simulator, &key),
        has_no_room(&stack, &simulator, &key),
        is_killed_once(&stack, &simulator, &key),
    );
}

/// A configuration that takes long to arrive, so that there is time to die.
fn slow() -> RunSpec {
    RunSpec {
        faults: vec![Fault::ConfigurationSlow],
        trickle: Duration::from_millis(500),
        ..spec(formatted())
    }
}

/// Both attempts end in the middle of their work.
async fn begins_and_ends(stack: &Stack, simulator: &Simulator, key: &str, end: End, says: &str) {
    let deployment = deployment(stack, simulator, |_, function| function).await;
    let run = simulator.prepare(slow()).await.unwrap();
    deliver(&run, &deployment, key).await;
    for attempt in 1..=2 {
        works(&run, attempt).await;
        assert_eq!(end(&deployment), 1);
    }
    let attempts = settled(&deployment, &run, key, says).await;
    assert_eq!(attempts, [false, false]);
}

/// It exits before it asks for an event.
async fn does_not_start(stack: &Stack, simulator: &Simulator, key: &str) {
    let deployment = deployment(stack, simulator, |role, function| match role {
        "callback_handler" => function.env("RUNTASK_MAX_ENTRIES", "many"),
        _ => function,
    })
    .await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    deliver(&run, &deployment, key).await;
    settled(&deployment, &run, key, DIED).await;
}

/// There is no room in `/tmp`: the callback handler lives, and says so itself. Not a full disk, but as near as a process
/// gets without rights: no file may grow beyond 32 KiB.
async fn has_no_room(stack: &Stack, simulator: &Simulator, key: &str) {
    let deployment = deployment(stack, simulator, |role, function| match role {
        "callback_handler" => function.prelude("trap '' XFSZ; ulimit -f 64"),
        _ => function,
    })
    .await;
    let large = "# nothing\n".repeat(10_000);
    let run = simulator.prepare(spec(configuration(&[("main.tf", &large)]))).await.unwrap();
    deliver(&run, &deployment, key).await;
    let says = "Check fmt could not run: there is no space left on disk for the configuration";
    assert_eq!(settled(&deployment, &run, key, says).await, [true]);
}

/// Lambda's second attempt takes the claim over and finishes the work.
async fn is_killed_once(stack: &Stack, simulator: &Simulator, key: &str) {
    let deployment = deployment(stack, simulator, |_, function| function).await;
    let run = simulator.prepare(slow()).await.unwrap();
    deliver(&run, &deployment, key).await;
    works(&run, 1).await;
    assert_eq!(deployment.double.kill(&deployment.functions[1].name), 1);
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(result(&run.record()), ("passed", "Format check passed"));
}

/// Delivers the request as HCP Terraform does: a 503 asks for it again, and a busy machine may answer one.
async fn deliver(run: &PreparedRun, deployment: &Deployment, key: &str) {
    let mut answer = run.deliver(&target(deployment, key)).await.unwrap();
    for _ in 0..2 {
        if answer == Some(503) {
            answer = run.deliver(&target(deployment, key)).await.unwrap();
        }
    }
    assert_eq!(answer, Some(200));
}

/// Returns when attempt number `attempt` is at work.
async fn works(run: &PreparedRun, attempt: usize) {
    // Each attempt says so first of all.
    assert!(run.wait_until(PATIENCE, |record| record.callbacks.len() >= attempt).await);
}

/// The one final result is out, and says this; returns which attempts of the callback handler succeeded.
async fn settled(deployment: &Deployment, run: &PreparedRun, key: &str, says: &str) -> Vec<bool> {
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(result(&run.record()), ("failed", says));
    assert_keeps_secrets(deployment, key, run);
    assert_eq!(deployment.gate.refused(), [""; 0]);
    let attempts = deployment.double.invocations(&deployment.functions[1].name);
    attempts.iter().map(|it| it.outcome.is_success()).collect()
}
