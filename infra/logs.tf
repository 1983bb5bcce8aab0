# Makes a log group for each function. Lambda would make them on the first invocation, but would keep logs for ever and
# need the right to make log groups.

locals {
  log_group_names = { for function in concat(
    ["request-handler", "callback-handler", "failure-handler"],
    var.approvals == null ? [] : ["approval-handler", "approval-sweep"],
    var.reports == null ? [] : ["report-handler"],
    ) :
    function => "/aws/lambda/${local.name}-${function}"
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.log_group_names

  region = var.region
  tags   = local.tags

  name              = each.value
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
}
