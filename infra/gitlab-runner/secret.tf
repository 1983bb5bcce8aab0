# Makes the two secrets, without a value: no secret is in a variable, a plan or a state. `runtask runner register` puts the
# runner's token into the first; docs/gitlab-runner-aws.md says what else can be there, and what the second holds.
# The hook function cannot read the runner's, and the runner cannot read the hook's.

resource "aws_secretsmanager_secret" "runner" {
  #checkov:skip=CKV2_AWS_57:What is in it is made by GitLab, which no rotation of AWS could ask for
  name                    = "${local.name}/runner"
  description             = "Token of the GitLab runner, and what its jobs are given"
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret" "hook" {
  #checkov:skip=CKV2_AWS_57:What is in it is made by GitLab, which no rotation of AWS could ask for
  name                    = "${local.name}/hook"
  description             = "What GitLab's hooks are verified with"
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = var.secret_recovery_days
}
