//! Tests that who deployed `infra/` before it was a module loses nothing.

use std::sync::Arc;

use runtask_tests::moto::Moto;
use runtask_tests::stack::{APPLY, Stack};
use serde_json::Value;

use super::inventory::what_aws_has;
use super::key;

/// Nothing is destroyed or made anew: not the table, the queue, the key, nor the URL that HCP Terraform knows.
#[tokio::test]
async fn a_deployment_from_before_the_module_is_upgraded_in_place() {
    let moto = Arc::new(Moto::start().await);
    let variables = [
        ("kms_key", "create"),
        ("alarm_email", "oncall@example.com"),
        ("fmt_engine", "both"),
        ("tasks_file", "ssm:///acme/runtask.toml"),
        ("tasks", "[\"default\"]"),
        ("approvals", "{}"),
        ("reports", "{}"),
        ("tags", "{team=\"platform\"}"),
        ("region", "eu-central-1"),
    ];
    let mut stack = Stack::as_it_was_before_the_module(&moto, &variables).await;
    stack.terraform_with_variables(&APPLY).await;
    let (before, outputs) = (what_aws_has(moto.endpoint()).await, stack.outputs().await);
    let old = key(&stack, None).await;

    stack.upgrade().await;
    stack.terraform_with_variables(&["plan", "-input=false", "-out=plan"]).await;
    let plan: Value = serde_json::from_str(&stack.terraform(&["show", "-json", "plan"]).await).unwrap();
    let changes = plan["resource_changes"].as_array().unwrap();
    for change in changes {
        let actions = change["change"]["actions"].as_array().unwrap();
        assert!(!actions.contains(&"delete".into()), "{}: {actions:?}", change["address"]);
    }
    assert!(changes.len() > 60, "{}", changes.len());

    stack.terraform(&["apply", "-input=false", "plan"]).await;
    let after = what_aws_has(moto.endpoint()).await;
    assert!(before.iter().all(|it| after.contains(it)), "{before:?}\n{after:?}");
    let now = stack.outputs().await;
    for (name, value) in outputs.as_object().unwrap() {
        assert_eq!(now[name], *value, "{name}");
    }
    assert_eq!(key(&stack, None).await, old);
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");
}
