# Names the outputs. tfe.tf reads url, hmac_key_parameter_arn and hmac_key_version.

output "url" {
  description = "The URL to register with HCP Terraform: it calls the task `default`. task_urls has the URLs of the other tasks."
  value       = aws_lambda_function_url.request_handler.function_url
}

output "task_urls" {
  description = "The URL of each task: `default` is called at the URL itself, any other below it."
  value = { for task in local.tasks :
    task => "${aws_lambda_function_url.request_handler.function_url}${task == "default" ? "" : task}"
  }
}

output "hmac_key_parameter" {
  description = "Name of the SSM parameter that holds the HMAC key."
  value       = aws_ssm_parameter.hmac_key.name
}

output "hmac_key_parameter_arn" {
  description = "ARN of the SSM parameter that holds the HMAC key."
  value       = aws_ssm_parameter.hmac_key.arn
}

output "hmac_key_version" {
  description = "The version of the HMAC key that was last written."
  value       = var.hmac_key_version
}

output "region" {
  description = "The AWS region."
  value       = data.aws_region.current.id
}

output "request_handler" {
  description = "Name of the request handler."
  value       = aws_lambda_function.request_handler.function_name
}

output "callback_handler" {
  description = "Name of the callback handler."
  value       = aws_lambda_function.callback_handler.function_name
}

output "failure_handler" {
  description = "Name of the failure handler."
  value       = aws_lambda_function.failure_handler.function_name
}

output "report_handler" {
  description = "Name of the report handler, where there is one."
  value       = one(aws_lambda_function.report_handler[*].function_name)
}

output "reports_url" {
  description = "Where the pages of results are: links begin with it, and go on with /-/r/."
  value       = local.reports_url
}

output "reports_bucket" {
  description = "Name of the bucket with the pages of results."
  value       = one(aws_s3_bucket.reports[*].bucket)
}

output "claims_table" {
  description = "Name of the DynamoDB table of claims."
  value       = aws_dynamodb_table.claims.name
}

output "failures_queue_url" {
  description = "URL of the queue of jobs that no function could report for."
  value       = aws_sqs_queue.failures.url
}

output "log_groups" {
  description = "Log group of each function."
  value       = { for function, group in aws_cloudwatch_log_group.function : function => group.name }
}

output "approvals_url" {
  description = "Where people approve, if there are approvals. /-/signin/callback below it is the address to register with the identity provider, /-/slack/interactions the one for Slack."
  value       = local.approvals_url
}

output "approvals_table" {
  description = "Name of the DynamoDB table of approvals, if there are any."
  value       = one(aws_dynamodb_table.approvals[*].name)
}

output "approval_handler" {
  description = "Name of the approval handler, if there is one."
  value       = one(aws_lambda_function.approval_handler[*].function_name)
}

output "approval_sweep" {
  description = "Name of the sweep of approvals, if there is one."
  value       = one(aws_lambda_function.approval_sweep[*].function_name)
}

output "request_handler_arn" {
  description = "ARN of the request handler, for what else may invoke it: an API Gateway, a CloudFront distribution."
  value       = aws_lambda_function.request_handler.arn
}

output "callback_handler_version" {
  description = "The newest version of the callback handler, where there are versions."
  value       = var.callback_handler_versions == null ? null : aws_lambda_function.callback_handler.version
}

output "role_policies" {
  description = "What the role of each function must be allowed, as policies in JSON: for roles of your own."
  value       = local.role_policies
}

output "alarm_topic" {
  description = "ARN of the topic that was made for alarm_email, if any."
  value       = one(aws_sns_topic.alarms[*].arn)
}
