# For a deployment whose state is lost: docs/deploying.md, "The state is lost", says when and how to use this file.
#
# Imports what AWS has and would refuse to make again. What is not here is made and changed by one and the same request
# (alarms, dashboard, policies, settings of events), or is made anew each time (layers).
# The parameters with our keys are not here on purpose: an import reads them, and the state would hold the keys.

import {
  for_each = range(local.makes_roles)
  to       = aws_iam_role.request_handler[each.key]
  id       = "${var.name}-request-handler"
}

import {
  for_each = range(local.makes_roles)
  to       = aws_iam_role.callback_handler[each.key]
  id       = "${var.name}-callback-handler"
}

import {
  for_each = range(local.makes_roles)
  to       = aws_iam_role.failure_handler[each.key]
  id       = "${var.name}-failure-handler"
}

import {
  for_each = local.log_group_names
  to       = aws_cloudwatch_log_group.function[each.key]
  id       = each.value
}

import {
  to = aws_dynamodb_table.claims
  id = "${var.name}-claims"
}

data "aws_sqs_queue" "failures" {
  region = var.region

  name = "${var.name}-failures"
}

import {
  to = aws_sqs_queue.failures
  id = data.aws_sqs_queue.failures.url
}

import {
  to = aws_lambda_function.request_handler
  id = "${var.name}-request-handler"
}

import {
  to = aws_lambda_function.callback_handler
  id = "${var.name}-callback-handler"
}

import {
  to = aws_lambda_function.failure_handler
  id = "${var.name}-failure-handler"
}

import {
  to = aws_lambda_function_url.request_handler
  id = "${var.name}-request-handler"
}

import {
  for_each = range(local.url_is_public)
  to       = aws_lambda_permission.function_url[each.key]
  id       = "${var.name}-request-handler/PublicUrl"
}

import {
  for_each = range(local.url_is_public)
  to       = aws_lambda_permission.function_url_invoke[each.key]
  id       = "${var.name}-request-handler/PublicUrlInvoke"
}

# Where there are approvals

import {
  for_each = toset(var.approvals == null || var.roles != null ? [] : ["${var.name}-approval-handler"])
  to       = aws_iam_role.approval_handler[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null || var.roles != null ? [] : ["${var.name}-approval-sweep"])
  to       = aws_iam_role.approval_sweep[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null || var.roles != null ? [] : ["${var.name}-approval-schedule"])
  to       = aws_iam_role.approval_schedule[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approvals"])
  to       = aws_dynamodb_table.approvals[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approval-handler"])
  to       = aws_lambda_function.approval_handler[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approval-sweep"])
  to       = aws_lambda_function.approval_sweep[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approval-handler"])
  to       = aws_lambda_function_url.approval_handler[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approval-handler/PublicUrl"])
  to       = aws_lambda_permission.approval_url[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["${var.name}-approval-handler/PublicUrlInvoke"])
  to       = aws_lambda_permission.approval_url_invoke[0]
  id       = each.key
}

import {
  for_each = toset(var.approvals == null ? [] : ["default/${var.name}-approval-sweep"])
  to       = aws_scheduler_schedule.approval_sweep[0]
  id       = each.key
}

# Where alarm_email is set

import {
  for_each = toset(var.alarm_email == null ? [] : ["${var.name}-alarms"])
  to       = aws_sns_topic.alarms[0]
  id       = "arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${each.key}"
}

import {
  for_each = toset(var.inform_email == null ? [] : ["${var.name}-informing"])
  to       = aws_sns_topic.informing[0]
  id       = "arn:${data.aws_partition.current.partition}:sns:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:${each.key}"
}

# Where kms_key is "create"

data "aws_kms_alias" "runtask" {
  for_each = toset(var.kms_key == "create" ? ["alias/${var.name}"] : [])

  region = var.region

  name = each.key
}

import {
  for_each = data.aws_kms_alias.runtask
  to       = aws_kms_key.runtask[0]
  id       = each.value.target_key_id
}

import {
  for_each = data.aws_kms_alias.runtask
  to       = aws_kms_alias.runtask[0]
  id       = each.key
}

# Where jobs go to a version

import {
  for_each = toset(var.callback_handler_versions == null ? [] : ["${var.name}-callback-handler/live"])
  to       = aws_lambda_alias.callback_handler[0]
  id       = each.key
}

# Where there is a budget

import {
  for_each = toset(var.monthly_budget_usd == null ? [] : ["${data.aws_caller_identity.current.account_id}:${var.name}"])
  to       = aws_budgets_budget.runtask[0]
  id       = each.key
}

# The pages of results, where there are any.
import {
  for_each = range(local.with_reports * local.makes_roles)
  to       = aws_iam_role.report_handler[each.key]
  id       = "${var.name}-report-handler"
}

import {
  for_each = range(local.with_reports)
  to       = aws_lambda_function.report_handler[each.key]
  id       = "${var.name}-report-handler"
}

import {
  for_each = range(local.with_reports)
  to       = aws_lambda_function_url.report_handler[each.key]
  id       = "${var.name}-report-handler"
}

import {
  for_each = range(local.with_reports)
  to       = aws_s3_bucket.reports[each.key]
  id       = "${var.name}-reports-${data.aws_caller_identity.current.account_id}"
}
