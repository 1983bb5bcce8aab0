# Makes the alarms of approvals. As with the others, the name of each is a heading in docs/operations.md (alarms.tf).

locals {
  approval_url_alarms = { for it in aws_lambda_function.approval_handler : "approval-url-5xx" => {
    tells     = "page"
    means     = "The approvals' URL answered with a server error: somebody could not answer, or not sign in."
    function  = it.function_name
    metric    = "Url5xxCount"
    statistic = "Sum"
    above     = 0
  } }

  # Of what the functions themselves count.
  approval_alarms = {
    "approval-heartbeat-late" = {
      means  = "HCP Terraform has not heard of a run that waits for people in more than eight minutes, and gives up after ten; or the sweep says nothing at all."
      metric = "ApprovalsOldestWord"
      above  = 8 * 60 * 1000
      # Where the sweep does not run, there is no figure, and that is worse than a high one.
      missing = "breaching"
    }
    "approval-verdicts-undelivered" = {
      means     = "A verdict stands, and HCP Terraform has not taken it in five minutes."
      metric    = "ApprovalsUndelivered"
      statistic = "Minimum"
      above     = 0
    }
    "approval-lost" = {
      means      = "A verdict cannot be delivered any more: HCP Terraform does not take the run's token, or does not answer."
      metric     = "Approvals"
      dimensions = { Status = "lost" }
      statistic  = "Sum"
      above      = 0
    }
    "approval-messages-unsent" = {
      tells     = "inform"
      means     = "Something that is to be said in Teams, in Slack or in the audit log could not be said in five minutes."
      metric    = "ApprovalsUnsent"
      statistic = "Minimum"
      above     = 0
    }
    "approval-failed" = {
      means     = "An approval cannot be read or written."
      metric    = "ApprovalsFailed"
      statistic = "Sum"
      above     = 0
    }
    "approval-break-glass" = {
      means      = "Somebody passed a run in an emergency, past those who were asked."
      metric     = "Approvals"
      dimensions = { Status = "break-glass" }
      statistic  = "Sum"
      above      = 0
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "approvals" {
  for_each = { for name, it in local.approval_alarms : name => it if var.approvals != null }

  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-${each.key}"
  alarm_description   = "${each.value.means} What to do: ${var.runbook}#${each.key}"
  namespace           = local.name
  metric_name         = each.value.metric
  dimensions          = lookup(each.value, "dimensions", null)
  statistic           = lookup(each.value, "statistic", "Maximum")
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = lookup(each.value, "missing", "notBreaching")
  alarm_actions       = local.alarm_actions[lookup(each.value, "tells", "page")]
  ok_actions          = local.alarm_actions[lookup(each.value, "tells", "page")]
}
