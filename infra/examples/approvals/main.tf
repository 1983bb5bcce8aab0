# People approve: pages with sign-in, a file with tasks that says who may, and secrets that you put into Parameter Store.
# The packages come from `make package APPROVALS=1`.

resource "aws_ssm_parameter" "tasks" {
  #checkov:skip=CKV2_AWS_34:It names who may approve, and where secrets are; it holds none
  name        = "/runtask-approvals/tasks"
  description = "The tasks of the run task, and who may approve"
  type        = "String"
  tier        = "Intelligent-Tiering"
  value       = file("${path.module}/runtask.toml")
}

module "run_task" {
  source = "../.."

  name       = "runtask-approvals"
  tasks_file = "ssm://${aws_ssm_parameter.tasks.name}"
  tasks      = ["default"]

  approvals = {
    # Not made here, so that no state holds it: aws ssm put-parameter --type SecureString --name /runtask-approvals/oidc …
    secrets = ["/runtask-approvals/oidc"]
  }
}

output "url" {
  description = "The URL to register with HCP Terraform."
  value       = module.run_task.url
}

output "approvals_url" {
  description = "Where people approve; /-/signin/callback below it is what to register with the identity provider."
  value       = module.run_task.approvals_url
}
