# Makes a log group for each function. Lambda would make them on the first invocation, but would keep logs for ever and need
# the right to make log groups. Logs of jobs are in GitLab and nowhere else.

locals {
  log_group_names = {
    runner  = "/aws/lambda/${local.name}-function"
    failure = "/aws/lambda/${local.name}-failure"
    hook    = "/aws/lambda/${local.name}-hook"
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.log_group_names

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
}
