//! P-05: the key is rotated by raising one variable, and no run is lost.

use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::Stack;

use super::{deployment, key, target};
use crate::run::{PATIENCE, formatted, result, simulator, spec};

const HOUR_AND_A_BIT_S: f64 = 3660.0;

/// Both keys verify for an hour, then the new one alone; and the key is in no state and no plan.
#[tokio::test]
async fn a_rotated_key_works_at_once_and_the_old_one_for_an_hour() {
    let mut stack = Stack::apply(&[]).await;
    let simulator = simulator().await;
    let first = deployment(&stack, &simulator, |_, function| function).await;
    let old = key(&stack, None).await;
    assert!(old.len() >= 64 && old.chars().all(|it| it.is_ascii_alphanumeric()));
    let run = simulator.run(&target(&first, &old), spec(formatted()), |_event| {}).await.unwrap();
    assert_eq!(result(&run).0, "passed");

    stack.apply_with("hmac_key_version", "2").await;
    let new = key(&stack, None).await;
    assert_ne!(old, new);
    assert_eq!(key(&stack, Some(1)).await, old);
    // The process that knows the old key, and one that never saw it in force.
    let second = deployment(&stack, &simulator, |_, function| function).await;
    for deployment in [&first, &second] {
        for key in [&new, &old] {
            // It begins with a probe, as HCP Terraform does when the new key is registered.
            let run = simulator.run(&target(deployment, key), spec(formatted()), |_event| {}).await.unwrap();
            assert_eq!(result(&run).0, "passed");
        }
        deployment.double.wait_idle(PATIENCE).await;
    }

    // As if the rotation had been over an hour ago.
    let third = deployment(&stack, &simulator, |_, function| function).await;
    third.gate.age_parameters(HOUR_AND_A_BIT_S);
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    assert_eq!(run.deliver(&target(&third, &old)).await.unwrap(), Some(401));
    assert_eq!(run.deliver(&target(&third, &new)).await.unwrap(), Some(200));
    assert_eq!(result(&run.wait_final(PATIENCE).await).0, "passed");
    third.double.wait_idle(PATIENCE).await;

    for deployment in [&first, &second, &third] {
        assert_no_secrets(&deployment.logs(), &[&old, &new]);
    }
    stack.terraform_with_variables(&["plan", "-input=false", "-out=plan"]).await;
    let shown = stack.terraform(&["show", "-json", "plan"]).await;
    let state = std::fs::read_to_string(stack.directory().join("terraform.tfstate")).unwrap();
    let backup = std::fs::read_to_string(stack.directory().join("terraform.tfstate.backup")).unwrap();
    for text in [shown, state, backup] {
        assert!(text.contains("hmac-key"), "it is about the key");
        assert_no_secrets(&text, &[&old, &new]);
    }
}
