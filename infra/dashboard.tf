# Makes the dashboard: every metric of the run task on one screen, four columns wide. Results are at the top, functions
# in the middle, failures at the bottom. Approvals, where there are any, have a row of their own below them.

locals {
  # Title, statistic and metrics of each widget, in reading order.
  widgets = concat(local.runtask_widgets, [for it in local.approvals_widgets : it if var.approvals != null])

  runtask_widgets = [
    {
      title = "Results"
      stat  = "Sum"
      metrics = [for status in ["passed", "failed", "not_wanted", "refused", "expired", "undelivered", "finished", "held", "taken_over"] :
        [local.name, "Results", "Status", status, { label = status }]
      ]
    },
    {
      title = "Duration of a job (ms)"
      stat  = "p50"
      metrics = [
        [local.name, "JobDuration", { label = "half of them", stat = "p50" }],
        [local.name, "JobDuration", { label = "99 percent", stat = "p99" }],
        [local.name, "JobDuration", { label = "longest", stat = "Maximum" }],
      ]
    },
    {
      title = "Signatures, by key"
      stat  = "Sum"
      metrics = [
        [local.name, "RequestsVerified", "Key", "current", { label = "current key" }],
        [local.name, "RequestsVerified", "Key", "previous", { label = "previous key" }],
        [local.name, "SignaturesRefused", { label = "refused" }],
      ]
    },
    {
      title = "Jobs"
      stat  = "Sum"
      metrics = [
        [local.name, "JobsOpen", { label = "without end" }],
        [local.name, "ResultsMissing", { label = "without a result" }],
        [local.name, "Duplicates", { label = "came again" }],
      ]
    },
    {
      title   = "Invocations"
      stat    = "Sum"
      metrics = [for function, it in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", it.name, { label = function }]]
    },
    {
      title   = "Longest invocation (ms)"
      stat    = "Maximum"
      metrics = [for function, it in local.functions : ["AWS/Lambda", "Duration", "FunctionName", it.name, { label = function }]]
    },
    {
      title   = "Running at the same time"
      stat    = "Maximum"
      metrics = [for function, it in local.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", it.name, { label = function }]]
    },
    {
      title = "Answers of the function URL"
      stat  = "Sum"
      metrics = [for metric, label in { UrlRequestCount = "all", Url4xxCount = "refused (4xx)", Url5xxCount = "could not (5xx)" } :
        ["AWS/Lambda", metric, "FunctionName", local.functions["request-handler"].name, { label = label }]
      ]
    },
    {
      title   = "Errors"
      stat    = "Sum"
      metrics = [for function, it in local.functions : ["AWS/Lambda", "Errors", "FunctionName", it.name, { label = function }]]
    },
    {
      title   = "Throttles"
      stat    = "Sum"
      metrics = [for function, it in local.functions : ["AWS/Lambda", "Throttles", "FunctionName", it.name, { label = function }]]
    },
    {
      title = "Jobs given up"
      stat  = "Sum"
      metrics = concat(
        [["AWS/Lambda", "Invocations", "FunctionName", local.functions["failure-handler"].name, { label = "failure-handler invoked" }]],
        [for function in ["callback-handler", "failure-handler"] :
          ["AWS/Lambda", "AsyncEventsDropped", "FunctionName", local.functions[function].name, { label = "${function} dropped" }]
        ],
        [for function in ["callback-handler", "failure-handler"] :
          ["AWS/Lambda", "DestinationDeliveryFailures", "FunctionName", local.functions[function].name, { label = "${function} not passed on" }]
        ],
      )
    },
    {
      title   = "Records in the queue"
      stat    = "Maximum"
      metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.failures.name, { label = "records" }]]
    },
  ]

  approvals_widgets = [
    {
      title = "Approvals"
      stat  = "Sum"
      metrics = [for status in ["asked", "approved", "rejected", "expired", "break-glass", "unasked", "cancelled", "lost"] :
        [local.name, "Approvals", "Status", status, { label = status }]
      ]
    },
    {
      title = "Approvals under way"
      stat  = "Maximum"
      metrics = [for metric, label in { ApprovalsOpen = "open", ApprovalsUndelivered = "verdict not delivered", ApprovalsUnsent = "messages not sent" } :
        [local.name, metric, { label = label }]
      ]
    },
    {
      title = "Since HCP Terraform last heard of one (ms)"
      stat  = "Maximum"
      metrics = [
        [local.name, "ApprovalsOldestWord", { label = "at most" }],
      ]
    },
    {
      title = "Time to a decision (ms)"
      stat  = "p50"
      metrics = [
        [local.name, "TimeToDecision", { label = "half of them", stat = "p50" }],
        [local.name, "TimeToDecision", { label = "longest", stat = "Maximum" }],
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "runtask" {
  region = var.region

  dashboard_name = local.own_name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 3
        properties = {
          title = "Alarms"
          alarms = concat(
            [for alarm in aws_cloudwatch_metric_alarm.function : alarm.arn],
            [aws_cloudwatch_metric_alarm.queue.arn, aws_cloudwatch_metric_alarm.signatures_refused.arn],
            [aws_cloudwatch_metric_alarm.results_missing.arn, aws_cloudwatch_metric_alarm.jobs_without_end.arn],
            [for alarm in aws_cloudwatch_metric_alarm.approvals : alarm.arn],
          )
        }
      }],
      [for index, widget in local.widgets : {
        type   = "metric"
        x      = index % 4 * 6
        y      = 3 + floor(index / 4) * 5
        width  = 6
        height = 5
        properties = {
          title   = widget.title
          region  = data.aws_region.current.id
          view    = "timeSeries"
          stat    = widget.stat
          period  = 300
          metrics = widget.metrics
        }
      }],
    )
  })
}
