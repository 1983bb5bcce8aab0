//! `tfe.tf` and `infra/` against what the providers take: hashicorp/tfe cannot be had everywhere that this is tested,
//! and hashicorp/aws not in the version that `infra/` is for.

mod azure;
mod schemas;
mod validate;

use schemas::Schemas;
use std::path::{Path, PathBuf};
use validate::check;

/// The Terraform files in a directory: name and content.
fn terraform_files(directory: &str) -> Vec<(String, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory);
    // No directory, no files.
    let entries = std::fs::read_dir(&directory).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "tf"));
    paths.sort();
    assert!(!paths.is_empty(), "there is no .tf file in {}", directory.display());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

#[track_caller]
fn assert_checked(directory: &str) {
    let problems = check(&terraform_files(directory), &Schemas::read());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// R-20, Q-11
#[test]
fn tfe_uses_what_the_providers_have() {
    assert_checked(".");
}

/// Q-10
#[test]
fn infra_uses_what_the_provider_has() {
    assert_checked("infra");
}

/// T-52: and what the example for Azure can be held against without its provider.
#[test]
fn infra_azure_uses_what_its_provider_is_said_to_have() {
    assert_checked("infra/azure");
}

/// T-52: a secret is in no output and in no argument but the value of a secret.
#[test]
fn secrets_of_infra_azure_are_marked_and_go_where_secrets_go() {
    let files = terraform_files("infra/azure");
    let text = |name: &str| files.iter().find(|(it, _)| it == name).map(|(_, text)| text.as_str()).unwrap();
    for name in ["run_task_teams_webhook_url", "run_task_hmac_key", "run_task_approvals_key"] {
        let (_, variable) = text("variables.tf").split_once(&format!("variable \"{name}\" {{")).unwrap();
        let (variable, _) = variable.split_once("\n}").unwrap();
        assert!(variable.contains("sensitive   = true"), "{name}");
        let used = |(file, text): &(String, String)| {
            vec![file.clone(); text.matches(&format!("var.{name}")).count()]
        };
        let files: Vec<String> = files.iter().flat_map(used).collect();
        let elsewhere = files.iter().filter(|it| *it != "variables.tf").collect::<Vec<_>>();
        assert_eq!(elsewhere, ["app.tf"], "{name}");
    }
    assert_eq!(text("app.tf").matches("local.secrets").count(), 1);
    assert!(text("app.tf").contains("value = local.secrets[secret.value]"));
}

/// A root module is every file in its directory; `backend.tf` is a user's own.
#[test]
fn the_root_holds_tfe_alone() {
    let names = terraform_files(".").into_iter().map(|(name, _)| name);
    assert_eq!(names.filter(|it| it != "backend.tf").collect::<Vec<_>>(), ["tfe.tf"]);
}

/// What is wrong with one file.
fn problems(content: &str) -> Vec<String> {
    check(&[("main.tf".to_owned(), content.to_owned())], &Schemas::read())
}

#[test]
fn what_is_right_passes() {
    let content = r#"
        variable "name" {
          type        = string
          description = "A name."
        }
        resource "aws_dynamodb_table" "this" {
          count = 1
          name  = var.name
          attribute {
            name = "id"
            type = "S"
          }
          dynamic "server_side_encryption" {
            for_each = [1]
            content {
              enabled = true
            }
          }
          lifecycle {
            prevent_destroy = true
          }
        }
        output "table" {
          description = "Its name."
          value       = aws_dynamodb_table.this[0].name
        }
    "#;
    assert_eq!(problems(content), [""; 0]);
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (r#"resource "aws_lambda" "x" {}"#, "main.tf: resource.aws_lambda.x: there is no such type"),
        // A data source is no resource, and the other way round.
        (r#"resource "aws_region" "x" {}"#, "main.tf: resource.aws_region.x: there is no such type"),
        (
            r#"data "aws_ssm_parameter" "x" { name = "y" }"#,
            "main.tf: data.aws_ssm_parameter.x: there is no such type",
        ),
        (
            r#"ephemeral "aws_ssm_parameter" "x" {}"#,
            "main.tf: ephemeral.aws_ssm_parameter.x: `arn` is missing",
        ),
        (
            r#"ephemeral "aws_ssm_parameter" "x" {
              arn  = "a"
              name = "n"
            }"#,
            "main.tf: ephemeral.aws_ssm_parameter.x: there is no argument `name`",
        ),
        (
            r#"resource "aws_sqs_queue" "x" { nmae = "y" }"#,
            "main.tf: resource.aws_sqs_queue.x: there is no argument `nmae`",
        ),
        (
            "resource \"aws_sqs_queue\" \"x\" {\n  redrive {}\n}",
            "main.tf: resource.aws_sqs_queue.x: there is no block `redrive`",
        ),
        (
            "resource \"aws_sqs_queue\" \"x\" {\n  name {}\n}",
            "main.tf: resource.aws_sqs_queue.x: `name` is an argument, not a block",
        ),
        (
            r#"resource "tfe_workspace" "x" { organization = "y" }"#,
            "main.tf: resource.tfe_workspace.x: `name` is missing",
        ),
        (
            r#"resource "aws_dynamodb_table" "x" {
              name      = "y"
              attribute = []
            }"#,
            "main.tf: resource.aws_dynamodb_table.x: `attribute` is a block, not an argument",
        ),
        (
            r#"resource "aws_dynamodb_table" "x" {
              name = "y"
              attribute {
                name = "id"
              }
            }"#,
            "main.tf: resource.aws_dynamodb_table.x: attribute: `type` is missing",
        ),
        (
            r#"resource "aws_dynamodb_table" "x" {
              name = "y"
              dynamic "attribute" {
                for_each = []
                content {
                  name = "id"
                  type = "S"
                  size = 1
                }
              }
            }"#,
            "main.tf: resource.aws_dynamodb_table.x: attribute: there is no argument `size`",
        ),
        (
            r#"resource "aws_dynamodb_table" "x" {
              name = "y"
              dynamic "ttl" {
                content {
                  enabled = true
                }
              }
            }"#,
            "main.tf: resource.aws_dynamodb_table.x: dynamic: `for_each` is missing",
        ),
        (
            r#"resource "aws_dynamodb_table" "x" {
              name = "y"
              dynamic "tll" {
                for_each = []
                content {}
              }
            }"#,
            "main.tf: resource.aws_dynamodb_table.x: there is no block `tll`",
        ),
        (
            r#"resource "aws_sqs_queue" "x" {
              lifecycle {
                precondition {
                  condition = true
                }
              }
            }"#,
            "main.tf: resource.aws_sqs_queue.x: lifecycle: precondition: `error_message` is missing",
        ),
        (r#"resource "aws_sqs_queue" "x" { name = var.nmae }"#, "main.tf: there is no var.nmae"),
        (
            r#"resource "aws_sqs_queue" "x" { name = "${local.a}-${aws_sqs_queue.y.name}" }"#,
            "main.tf: there is no aws_sqs_queue.y",
        ),
        (
            r#"resource "aws_sqs_queue" "x" { name = data.aws_region.y.id }"#,
            "main.tf: there is no data.aws_region.y",
        ),
        (r#"variable "x" { type = string }"#, "main.tf: variable.x: `description` is missing"),
        (r#"module "x" { source = "./y" }"#, "main.tf: module.x: there is no such block"),
        ("name = 1", "main.tf: there is no argument `name` at the top of a file"),
    ];
    for (content, problem) in cases {
        let problems = problems(content);
        assert!(problems.iter().any(|it| it == problem), "{problem}\nis not in\n{}", problems.join("\n"));
    }
    assert!(problems("resource {")[0].starts_with("main.tf: "), "what cannot be parsed is a problem, too");
}
