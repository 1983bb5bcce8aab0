//! Tests two deployments with the same key, as two regions behind one name are: docs/two-regions.md.

use runtask_tests::deployment::Deployment;
use runtask_tests::stack::Stack;

use super::{assert_keeps_secrets, deployment, key, target};
use crate::run::{PATIENCE, simulator, spec, unformatted};

const KEY: &str = "one-key-for-both-regions-which-is-long-enough";

/// HCP Terraform sends a request again, and the name leads to the other region by then: neither knows of the other's claim,
/// both check the run, and it gets one final result.
#[tokio::test]
async fn a_run_that_reaches_both_regions_gets_one_result() {
    let variables = [("hmac_key", KEY), ("fmt_engine", "native")];
    let (first, second) = tokio::join!(Stack::apply(&variables), Stack::apply(&variables));
    assert_eq!(key(&first, None).await, KEY);
    assert_eq!(key(&second, None).await, KEY);
    let state = std::fs::read_to_string(first.directory().join("terraform.tfstate")).unwrap();
    assert!(!state.contains(KEY), "the key is in the state");

    let simulator = simulator().await;
    let first = deployment(&first, &simulator, |_, function| function).await;
    let second = deployment(&second, &simulator, |_, function| function).await;
    let run = simulator.prepare(spec(unformatted())).await.unwrap();
    let (to_first, to_second) = (target(&first, KEY), target(&second, KEY));
    let (one, other) = tokio::join!(run.deliver(&to_first), run.deliver(&to_second));
    assert_eq!((one.unwrap(), other.unwrap()), (Some(200), Some(200)));
    run.wait_final(PATIENCE).await;
    first.double.wait_idle(PATIENCE).await;
    second.double.wait_idle(PATIENCE).await;

    let record = run.record();
    let message = record.result.message.as_deref().unwrap_or_default();
    assert!(message.starts_with("2 of 3 files need formatting"), "{record:?}");
    assert_eq!(record.finals_accepted, 1, "{record:?}");
    // Whoever comes second learns of it by its next word: of one and the same run task, that would be wrong.
    let late = |it: &String| {
        it.ends_with(" was sent after the final result") || *it == "the final result was sent twice"
    };
    assert!(record.violations.iter().all(late), "{:?}", record.violations);
    let ends = [&first, &second].map(end);
    assert!(ends.contains(&"failed".to_owned()), "{ends:?}");
    for deployed in [&first, &second] {
        assert_keeps_secrets(deployed, KEY, &run);
        assert_eq!(deployed.gate.refused(), [""; 0]);
    }
}

/// How the callback handler's one invocation ended.
fn end(deployment: &Deployment) -> String {
    let invocations = deployment.double.invocations(&deployment.functions[1].name);
    assert_eq!(invocations.len(), 1, "{invocations:?}");
    invocations[0].outcome.payload().as_str().unwrap().to_owned()
}
