# Makes the alarms, one for each thing that needs a person. The name of each is a heading in docs/gitlab-runner-aws.md, which
# says what to do. CloudWatch shows alarms; the variable alarm_topic_arns names topics that hear of them.

locals {
  # Alarms on what the functions count themselves.
  own_alarms = {
    jobs-failed-by-system = {
      means   = "Jobs failed, or were not reported, by a fault of the runner and not of their scripts."
      metric  = "JobsFailedBySystem"
      periods = 1
    }
    jobs-abandoned = {
      means   = "The runner function died in the middle of a job. What the job was changing may be half done, and its state locked."
      metric  = "JobsAbandoned"
      periods = 1
    }
    budget-refusals = {
      means   = "Three polls in a row had no time for a job: runner_timeout_seconds is too short for promised_seconds."
      metric  = "BudgetRefusals"
      periods = 3
    }
  }

  function_alarms = merge([for key, function in {
    runner  = aws_lambda_function.runner.function_name
    failure = aws_lambda_function.failure.function_name
    hook    = aws_lambda_function.hook.function_name
    } : {
    "${key}-errors" = {
      means    = "An invocation of ${function} ended in an error, a crash or a timeout."
      function = function
      metric   = "Errors"
    }
  }]...)
}

resource "aws_cloudwatch_metric_alarm" "own" {
  for_each = local.own_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${each.value.means} What to do: ${var.runbook}#${each.key}"
  namespace           = local.name
  metric_name         = each.value.metric
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 900
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${each.value.means} What to do: ${var.runbook}#${each.key}"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

# A poll that GitLab has answered is counted. An hour without one means that jobs wait, and that GitLab will soon drop them.
resource "aws_cloudwatch_metric_alarm" "polls_missing" {
  alarm_name          = "${local.name}-polls-missing"
  alarm_description   = "GitLab was not asked for jobs, or has not answered, for an hour. What to do: ${var.runbook}#polls-missing"
  namespace           = local.name
  metric_name         = "Polls"
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 3600
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "hooks_refused" {
  alarm_name          = "${local.name}-hooks-refused"
  alarm_description   = "Hooks came whose signature or token is wrong. Either GitLab has another secret than the function, or strangers have found the URL. What to do: ${var.runbook}#hooks-refused"
  namespace           = local.name
  metric_name         = "HooksRefused"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.tolerated_refused_hooks
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}
