# Makes the hook function, the one that the Internet reaches. It verifies that GitLab sent a hook, and starts the runner
# when a job waits. So it may read one secret and invoke one function.

resource "aws_iam_role" "hook" {
  name               = "${local.name}-hook"
  description        = "Lets the hook function read the hook's secret and start the runner"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "hook" {
  name = "hook"
  role = aws_iam_role.hook.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Secret"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = aws_secretsmanager_secret.hook.arn
        },
        {
          Sid      = "Start"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = aws_lambda_function.runner.arn
        },
        local.log_statements["hook"],
      ],
      [for key in local.kms_key_arns : {
        Sid       = "DecryptSecret"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = key
        Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = aws_secretsmanager_secret.hook.arn } }
      }],
    )
  })
}

resource "aws_lambda_function" "hook" {
  function_name    = "${local.name}-hook"
  description      = "Verifies GitLab's Job Hooks and starts ${local.name}-function"
  role             = aws_iam_role.hook.arn
  filename         = local.packages["gitlab-hook-function"]
  source_code_hash = filebase64sha256(local.packages["gitlab-hook-function"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 256
  # GitLab waits for ten seconds.
  timeout     = 9
  kms_key_arn = local.kms_key_arn

  reserved_concurrent_executions = var.hook_concurrency

  environment {
    variables = {
      HOOK_SECRET_ID           = aws_secretsmanager_secret.hook.arn
      RUNNER_FUNCTION          = aws_lambda_function.runner.arn
      RUNNER_METRICS_NAMESPACE = local.name
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["hook"].name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "PassThrough"
  }

  depends_on = [aws_iam_role_policy.hook]
}
