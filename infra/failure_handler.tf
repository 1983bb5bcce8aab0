# Makes the failure handler. Lambda calls it with the record of a job that the callback handler gave up, and it sends the
# missing final result. If it cannot, the record ends in the queue.

resource "aws_iam_role" "failure_handler" {
  name               = "${local.name}-failure-handler"
  description        = "Lets the failure handler respect claims and leave its own failures in a queue"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "failure_handler" {
  name = "failure-handler"
  role = aws_iam_role.failure_handler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local.claims_statement,
        {
          # Lambda sends to an on-failure destination with the role of the function that failed.
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = aws_sqs_queue.failures.arn
        },
        local.log_statements["failure-handler"],
      ],
      local.decrypt_claims_statements,
      local.tasks_file_statements,
      local.decrypt_tasks_file_statements,
      [for key in local.kms_key_arns : {
        Sid      = "EncryptMessages"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = key
        Condition = {
          StringEquals = { "kms:EncryptionContext:aws:sqs:arn" = aws_sqs_queue.failures.arn }
        }
      }],
      local.tracing_statements,
    )
  })
}

resource "aws_lambda_function" "failure_handler" {
  function_name    = "${local.name}-failure-handler"
  description      = "Reports for jobs that ${local.name}-callback-handler gave up"
  role             = aws_iam_role.failure_handler.arn
  filename         = local.packages["failure-handler"]
  source_code_hash = filebase64sha256(local.packages["failure-handler"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  layers           = concat(aws_lambda_layer_version.policy[*].arn, var.additional_layers)
  memory_size      = var.failure_handler_memory_mb
  timeout          = var.failure_handler_timeout_seconds
  kms_key_arn      = local.kms_key_arn

  environment {
    variables = local.report_environment
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["failure-handler"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  depends_on = [aws_iam_role_policy.failure_handler]

  lifecycle {
    precondition {
      condition     = fileexists(local.packages["failure-handler"])
      error_message = "There is no ${local.packages["failure-handler"]}: ${local.package_advice}"
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "failure_handler" {
  function_name = aws_lambda_function.failure_handler.function_name

  # One and three minutes after the first attempt.
  maximum_retry_attempts = 2

  # The callback handler's last word is older than the event, and HCP Terraform gives up ten minutes after it.
  maximum_event_age_in_seconds = 600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failures.arn
    }
  }
}
