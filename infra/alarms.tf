# Makes the alarms, one for each thing that needs a person. The name of each is a heading in docs/operations.md, which
# says what to do. CloudWatch shows alarms. Those that page are about runs without a result, or without a gate: the
# variables alarm_topic_arns and alarm_email name those who are told. Those that inform can wait for the morning, and go to
# inform_topic_arns and inform_email, or where the others go if these two name nobody.
# Nothing here changes what HCP Terraform gets.

locals {
  functions = merge(
    {
      request-handler = {
        name    = aws_lambda_function.request_handler.function_name
        timeout = var.request_handler_timeout_seconds
      }
      callback-handler = {
        name    = aws_lambda_function.callback_handler.function_name
        timeout = var.callback_handler_timeout_seconds
      }
      failure-handler = {
        name    = aws_lambda_function.failure_handler.function_name
        timeout = var.failure_handler_timeout_seconds
      }
    },
    { for it in aws_lambda_function.approval_handler : "approval-handler" => { name = it.function_name, timeout = it.timeout } },
    { for it in aws_lambda_function.approval_sweep : "approval-sweep" => { name = it.function_name, timeout = it.timeout } },
    { for it in aws_lambda_function.report_handler : "report-handler" => { name = it.function_name, timeout = it.timeout } },
  )

  # Alarms that every function has.
  function_alarms = merge([for function, it in local.functions : {
    "${function}-errors" = {
      means     = "An invocation of the ${function} ended in an error, a crash or a timeout."
      function  = it.name
      metric    = "Errors"
      statistic = "Sum"
      above     = 0
    }
    "${function}-throttles" = {
      means     = "An invocation of the ${function} was refused, because too many run at the same time, in two of three periods of five minutes."
      function  = it.name
      metric    = "Throttles"
      statistic = "Sum"
      above     = 0
      # A burst is throttled for a moment, and what was refused comes again.
      periods   = 3
      breaching = 2
    }
    "${function}-duration" = {
      means     = "An invocation of the ${function} took more than 80 percent of its timeout of ${it.timeout} s."
      function  = it.name
      metric    = "Duration"
      statistic = "Maximum"
      above     = it.timeout * 1000 * 0.8
    }
  }]...)

  # Alarms of the two functions that are invoked asynchronously.
  event_alarms = merge([for function, next in { callback-handler = "the failure handler", failure-handler = "the queue" } : {
    "${function}-events-dropped" = {
      means     = "An event for the ${function} was given up, after its attempts or because it grew too old. It goes to ${next}."
      function  = local.functions[function].name
      metric    = "AsyncEventsDropped"
      statistic = "Sum"
      above     = 0
    }
    "${function}-destination-failures" = {
      tells     = "page"
      means     = "An event that the ${function} gave up could not be sent to ${next}. A run waits for a result that nobody gives."
      function  = local.functions[function].name
      metric    = "DestinationDeliveryFailures"
      statistic = "Sum"
      above     = 0
    }
  }]...)

  alarms = merge(local.function_alarms, local.event_alarms, local.approval_url_alarms, {
    "url-5xx" = {
      tells     = "page"
      means     = "The function URL answered HCP Terraform with a server error: a job could not be handed over, or no key could be read. HCP Terraform tries again."
      function  = local.functions["request-handler"].name
      metric    = "Url5xxCount"
      statistic = "Sum"
      above     = 0
    }
    "failure-handler-invoked" = {
      means     = "The callback handler died on a job, or did not get to it in time. The failure handler reports for it."
      function  = local.functions["failure-handler"].name
      metric    = "Invocations"
      statistic = "Sum"
      above     = 0
    }
  })

  page_actions   = concat(var.alarm_topic_arns, aws_sns_topic.alarms[*].arn)
  inform_actions = concat(var.inform_topic_arns, aws_sns_topic.informing[*].arn)

  # Who hears of an alarm.
  alarm_actions = {
    page   = local.page_actions
    inform = length(local.inform_actions) > 0 ? local.inform_actions : local.page_actions
  }
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.alarms

  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-${each.key}"
  alarm_description   = "${each.value.means} What to do: ${var.runbook}#${each.key}"
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = each.value.function }
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 300
  evaluation_periods  = lookup(each.value, "periods", 1)
  datapoints_to_alarm = lookup(each.value, "breaching", null)
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions[lookup(each.value, "tells", "inform")]
  ok_actions          = local.alarm_actions[lookup(each.value, "tells", "inform")]
}

resource "aws_cloudwatch_metric_alarm" "queue" {
  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-queue-not-empty"
  alarm_description   = "No function could report for a job; its record is in the queue ${aws_sqs_queue.failures.name}. What to do: ${var.runbook}#queue-not-empty"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failures.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions["page"]
  ok_actions          = local.alarm_actions["page"]
}

resource "aws_cloudwatch_metric_alarm" "signatures_refused" {
  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-signatures-refused"
  alarm_description   = "Requests came whose signature is wrong or missing. Either HCP Terraform signs with a key that is not ours (any more), or strangers have found the URL. What to do: ${var.runbook}#signatures-refused"
  namespace           = local.name
  metric_name         = "SignaturesRefused"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.tolerated_refused_signatures
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions["page"]
  ok_actions          = local.alarm_actions["page"]
}

resource "aws_cloudwatch_metric_alarm" "results_missing" {
  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-results-missing"
  alarm_description   = "A job ended without a result: it was refused, came too late, or HCP Terraform did not take the result. What to do: ${var.runbook}#results-missing"
  namespace           = local.name
  metric_name         = "ResultsMissing"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions["page"]
  ok_actions          = local.alarm_actions["page"]
}

# Where both judge, a difference is what one waits to see none of.
resource "aws_cloudwatch_metric_alarm" "format_differences" {
  count = var.fmt_engine == "both" ? 1 : 0

  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-format-differences"
  alarm_description   = "terraform and the formatter that is built in said different things about a file; terraform has decided. What to do: ${var.runbook}#format-differences"
  namespace           = local.name
  metric_name         = "FormatDifferences"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions["inform"]
  ok_actions          = local.alarm_actions["inform"]
}

# A job is counted up when it is accepted and down when it has ended, both at the time at which its request came. It lives
# for 25 minutes at most; so six sums in a row that are too high mean one that never ended.
resource "aws_cloudwatch_metric_alarm" "jobs_without_end" {
  region = var.region
  tags   = local.tags

  alarm_name          = "${local.own_name}-jobs-without-end"
  alarm_description   = "A job was accepted, and nothing is known of its end. What to do: ${var.runbook}#jobs-without-end"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 24
  datapoints_to_alarm = 6
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions["page"]
  ok_actions          = local.alarm_actions["page"]

  metric_query {
    id          = "unended"
    expression  = "RUNNING_SUM(FILL(open, 0))"
    label       = "jobs without end"
    return_data = true
  }

  metric_query {
    id = "open"

    metric {
      namespace   = local.name
      metric_name = "JobsOpen"
      period      = 300
      stat        = "Sum"
    }
  }
}

# Not encrypted with the customer's key: CloudWatch would need that key, and if its policy forgot to allow that, alarms
# would be lost in silence. A message holds the name of an alarm and its description, nothing else of ours.
resource "aws_sns_topic" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  region = var.region
  tags   = local.tags

  name = "${local.own_name}-alarms"
}

resource "aws_sns_topic_subscription" "alarms" {
  count = var.alarm_email == null ? 0 : 1

  region = var.region

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

# Those who are informed.
resource "aws_sns_topic" "informing" {
  count = var.inform_email == null ? 0 : 1

  region = var.region
  tags   = local.tags

  name = "${local.own_name}-informing"
}

resource "aws_sns_topic_subscription" "informing" {
  count = var.inform_email == null ? 0 : 1

  region = var.region

  topic_arn = aws_sns_topic.informing[0].arn
  protocol  = "email"
  endpoint  = var.inform_email
}
