//! Tests several deployments in one account.

use std::path::Path;
use std::sync::Arc;

use runtask_tests::infra_copy::{INFRA, terraform_files};
use runtask_tests::moto::Moto;
use runtask_tests::stack::{APPLY, DESTROY, Stack};

use super::inventory::what_aws_has;

const SECOND: [&str; 4] = ["-var", "workspace=second", "-var", "name=runtask-second"];

/// I-01: what SQS, CloudWatch and Lambda would share or overwrite is not touched: the role fails before.
#[tokio::test]
async fn a_second_state_of_the_same_name_takes_nothing_from_the_first() {
    let moto = Arc::new(Moto::start().await);
    let first = Stack::beside(&moto, &[]).await;
    first.terraform_with_variables(&APPLY).await;
    let before = what_aws_has(moto.endpoint()).await;

    let second =
        Stack::beside(&moto, &[("region", "eu-west-1"), ("alarm_email", "second@example.com")]).await;
    let said = second.terraform_refuses(&APPLY).await;
    assert!(said.contains("EntityAlreadyExists: Role with name runtask-request-handler"), "{said}");
    assert_eq!(said.matches("Error: ").count(), 1, "{said}");
    let same_region = Stack::beside(&moto, &[("alarm_email", "second@example.com")]).await;
    same_region.terraform_refuses(&APPLY).await;
    for it in [&second, &same_region] {
        let listed = it.terraform(&["state", "list"]).await;
        assert!(listed.lines().all(|it| it.starts_with("data.")), "{listed}");
        it.terraform_with_variables(&DESTROY).await;
    }
    assert_whole(&first, &before).await;
}

/// I-01: in two workspaces of one directory, as docs/deploying.md says.
#[tokio::test]
async fn two_deployments_live_and_die_apart() {
    let moto = Arc::new(Moto::start().await);
    let stack = Stack::beside(&moto, &[("alarm_email", "oncall@example.com")]).await;
    stack.terraform_with_variables(&APPLY).await;
    let before = what_aws_has(moto.endpoint()).await;

    stack.terraform(&["workspace", "new", "second"]).await;
    let said = stack.terraform_refuses(&APPLY).await;
    assert!(
        said.contains("This is the workspace \"second\", and the variables are for \"default\"."),
        "{said}"
    );
    assert_eq!(what_aws_has(moto.endpoint()).await, before);

    stack.terraform_with_variables(&[&APPLY[..], &SECOND].concat()).await;
    let both = what_aws_has(moto.endpoint()).await;
    assert!(before.iter().all(|it| both.contains(it)), "{both:?}");
    assert_eq!(both.len(), 2 * before.len(), "{both:?}");
    stack.terraform(&["workspace", "select", "default"]).await;
    let wrong = stack.terraform_refuses(&[&DESTROY[..], &SECOND].concat()).await;
    assert!(wrong.contains("the variables are for \"second\""), "{wrong}");

    stack.terraform(&["workspace", "select", "second"]).await;
    stack.terraform_with_variables(&[&DESTROY[..], &SECOND].concat()).await;
    stack.terraform(&["workspace", "select", "default"]).await;
    assert_whole(&stack, &before).await;
}

/// I-01: so that a new resource waits for the first role, too.
#[test]
fn everything_takes_its_name_from_the_first_role() {
    for name in terraform_files(Path::new(INFRA)) {
        let text = std::fs::read_to_string(Path::new(INFRA).join(&name)).unwrap();
        // Tags are no names; and where roles are given, the table is what fails first.
        let is_none = |it: &str| it.trim().starts_with("tags ") || it.contains("var.roles == null ?");
        let uses = text.lines().filter(|it| it.contains("var.name") && !is_none(it)).count();
        let first = ["request_handler.tf", "variables.tf"].contains(&&*name);
        assert_eq!(uses, usize::from(first), "{name}: use local.name");
    }
}

/// I-01: the run task of one workspace is not made another one's.
#[test]
fn registering_keeps_workspaces_apart_as_well() {
    let tfe = include_str!("../../../tfe.tf");
    let infra = std::fs::read_to_string(Path::new(INFRA).join("variables.tf")).unwrap();
    for text in [tfe, &infra] {
        assert!(text.contains("\nvariable \"workspace\" {\n"), "{text}");
        assert!(text.contains("    condition     = var.workspace == terraform.workspace\n"), "{text}");
    }
}

async fn assert_whole(stack: &Stack, before: &[String]) {
    assert_eq!(what_aws_has(stack.moto.endpoint()).await, before);
    let plan = stack.terraform_with_variables(&["plan", "-input=false", "-detailed-exitcode"]).await;
    assert!(plan.contains("No changes."), "{plan}");
}
