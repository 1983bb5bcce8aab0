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
