//! Tests what docs/operations.md says of going back to an earlier version of the callback handler.

use runtask_tests::stack::Stack;

use super::{deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec};

/// A change after which no run passes is taken back by one variable: jobs go to the version before it, with the settings of
/// its time. Without the variable, they go to the newest again.
#[tokio::test]
async fn jobs_go_back_to_an_earlier_version_and_to_the_newest_again() {
    let mut stack = Stack::apply(&[("callback_handler_versions", "{}")]).await;
    assert_eq!(check_a_run(&stack).await, ("1".to_owned(), "passed"));

    // No archive is that small.
    stack.apply_with("settings", "{RUNTASK_MAX_COMPRESSED_BYTES=\"100\"}").await;
    assert_eq!(check_a_run(&stack).await, ("2".to_owned(), "failed"));

    stack.apply_with("callback_handler_versions", "{live=\"1\"}").await;
    assert_eq!(check_a_run(&stack).await, ("1".to_owned(), "passed"));
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");

    stack.apply_with("callback_handler_versions", "{}").await;
    assert_eq!(check_a_run(&stack).await, ("2".to_owned(), "failed"));
}

/// The version that jobs go to, and how a run with nothing wrong ends there.
async fn check_a_run(stack: &Stack) -> (String, &'static str) {
    let simulator = simulator().await;
    let deployment = deployment(stack, &simulator, |_, function| function).await;
    let target = target(&deployment, &key(stack, None).await);
    let run = simulator.run(&target, spec(formatted()), |_event| {}).await.unwrap();
    deployment.double.wait_idle(PATIENCE).await;
    assert_eq!(deployment.gate.refused(), [""; 0]);
    let version = &deployment.functions[1].configuration["Version"];
    (version.as_str().unwrap().to_owned(), result(&run).0)
}
