# Makes the failure function. Lambda calls it when the runner function has died, and it ends that one's jobs in GitLab as
# failed: else they would be shown as running for most of an hour.

resource "aws_iam_role" "failure" {
  name               = "${local.name}-failure"
  description        = "Lets the failure function end jobs of a runner that has died"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "failure" {
  name = "failure"
  role = aws_iam_role.failure.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Secret"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = aws_secretsmanager_secret.runner.arn
        },
        local.log_statements["failure"],
      ],
      local.end_ticket_statements,
      local.decrypt_secret_statements,
      local.decrypt_tickets_statements,
      local.decrypt_values_statements,
    )
  })
}

resource "aws_lambda_function" "failure" {
  function_name    = "${local.name}-failure"
  description      = "Ends jobs of ${local.name}-function when it has died"
  role             = aws_iam_role.failure.arn
  filename         = local.packages["gitlab-failure-function"]
  source_code_hash = filebase64sha256(local.packages["gitlab-failure-function"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 256
  # It watches tickets for half a minute, and then tells GitLab.
  timeout     = 90
  kms_key_arn = local.kms_key_arn

  environment {
    # Encrypted values are for the runner function, by its name.
    variables = merge(local.gitlab_environment, { RUNNER_FUNCTION = "${local.name}-function" })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["failure"].name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "PassThrough"
  }

  depends_on = [aws_iam_role_policy.failure]
}

resource "aws_lambda_function_event_invoke_config" "failure" {
  function_name = aws_lambda_function.failure.function_name

  # One and three minutes after the first attempt. After that the runner's next poll finds the tickets.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600
}
