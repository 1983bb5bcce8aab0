# Names the outputs.

output "hook_url" {
  description = "The URL of the Job Hook: Settings > Webhooks of a project, trigger Job events."
  value       = aws_lambda_function_url.hook.function_url
}

output "runner_function" {
  description = "Name of the runner function, for `runtask runner start` and `aws lambda invoke`."
  value       = aws_lambda_function.runner.function_name
}

output "failure_function" {
  description = "Name of the failure function."
  value       = aws_lambda_function.failure.function_name
}

output "hook_function" {
  description = "Name of the hook function."
  value       = aws_lambda_function.hook.function_name
}

output "runner_secret" {
  description = "ARN of the secret with the runner's token."
  value       = aws_secretsmanager_secret.runner.arn
}

output "hook_secret" {
  description = "ARN of the secret that hooks are verified with."
  value       = aws_secretsmanager_secret.hook.arn
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = aws_ecr_repository.runner.repository_url
}

output "kms_key_arn" {
  description = "ARN of the key for `runtask runner encrypt`; null without one."
  value       = local.kms_key_arn
}

output "starter_role_arn" {
  description = "ARN of the role that starts the runner; null where nobody may take it on."
  value       = one(aws_iam_role.starter[*].arn)
}

output "image_pusher_role_arn" {
  description = "ARN of the role that pushes the image; null where nobody may take it on."
  value       = one(aws_iam_role.image_pusher[*].arn)
}

output "job_roles" {
  description = "Which role jobs get, by project and ref: the first line that fits counts."
  value       = local.job_roles
}

output "bucket" {
  description = "Name of the bucket for caches and lost states; null without one."
  value       = one(aws_s3_bucket.runner[*].id)
}
