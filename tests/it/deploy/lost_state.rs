//! Tests what docs/deploying.md says of a deployment whose state is lost.

use std::sync::Arc;

use runtask_tests::infra_copy::terraform_files;
use runtask_tests::moto::Moto;
use runtask_tests::secrets::assert_no_secrets;
use runtask_tests::stack::{APPLY, Stack};

use super::inventory::what_aws_has;
use super::key;

/// I-02: everything is found again, the URL stays, the key is rotated and in no state.
#[tokio::test]
async fn a_deployment_is_found_again_and_its_key_rotated() {
    let moto = Arc::new(Moto::start().await);
    let variables = [
        ("kms_key", "create"),
        ("alarm_email", "oncall@example.com"),
        ("tasks_file", "ssm:///acme/runtask.toml"),
        ("tasks", "[\"default\"]"),
        ("approvals", "{}"),
    ];
    let mut stack = Stack::beside(&moto, &variables).await;
    stack.terraform_with_variables(&APPLY).await;
    let (before, url) = (what_aws_has(moto.endpoint()).await, stack.outputs().await["url"].clone());
    let old = key(&stack, None).await;

    let state = stack.directory().join("terraform.tfstate");
    std::fs::remove_file(&state).unwrap();
    let said = stack.terraform_refuses(&APPLY).await;
    assert!(said.contains("EntityAlreadyExists: Role with name runtask-request-handler"), "{said}");

    let recovery = stack.directory().join("recovery");
    for name in terraform_files(&recovery) {
        std::fs::copy(recovery.join(&name), stack.directory().join(&name)).unwrap();
    }
    stack.apply_with("hmac_key_version", "2").await;
    for name in terraform_files(&recovery) {
        std::fs::remove_file(stack.directory().join(&name)).unwrap();
    }
    stack.terraform_with_variables(&APPLY).await;
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-out=plan"]).await;
    assert!(plan.contains("No changes."), "{plan}");

    assert_eq!(stack.outputs().await["url"], url);
    // The layer that nobody knows any more stays behind; moto, as AWS, lists its newest version.
    let but_layers = |all: &[String]| {
        let rest = all.iter().filter(|it| !it.starts_with("layer "));
        rest.cloned().collect::<Vec<_>>()
    };
    assert_eq!(but_layers(&what_aws_has(moto.endpoint()).await), but_layers(&before));
    let new = key(&stack, None).await;
    assert_ne!(new, old);
    assert_eq!(key(&stack, Some(1)).await, old);
    assert_eq!(key(&stack, Some(2)).await, new);
    let read = |name: &str| std::fs::read_to_string(stack.directory().join(name)).unwrap();
    let shown = stack.terraform(&["show", "-json", "plan"]).await;
    for text in [read("terraform.tfstate"), read("terraform.tfstate.backup"), shown] {
        assert!(text.contains("hmac-key"), "it is about the key");
        assert_no_secrets(&text, &[&old, &new]);
    }
}
