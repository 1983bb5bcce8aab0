# Makes the request handler, the one function that the Internet reaches. It verifies the signature and hands the job
# over. So it may read one parameter and invoke one function.

# The first of all resources: everything else takes its name from it (roles.tf).
resource "aws_iam_role" "request_handler" {
  name               = "${var.name}-request-handler"
  description        = "Lets the request handler read the HMAC key and hand jobs over"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "request_handler" {
  name = "request-handler"
  role = aws_iam_role.request_handler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "Key"
          Effect   = "Allow"
          Action   = "ssm:GetParameter"
          Resource = aws_ssm_parameter.hmac_key.arn
        },
        {
          Sid      = "HandOver"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = aws_lambda_function.callback_handler.arn
        },
        local.log_statements["request-handler"],
      ],
      # Every reader of the parameter may use AWS's own key for parameters.
      [for key in local.kms_key_arns : {
        Sid      = "DecryptKey"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = key
        Condition = {
          StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = aws_ssm_parameter.hmac_key.arn }
        }
      }],
      local.tracing_statements,
    )
  })
}

resource "aws_lambda_function" "request_handler" {
  function_name    = "${local.name}-request-handler"
  description      = "Verifies requests of HCP Terraform and hands them to ${local.name}-callback-handler"
  role             = aws_iam_role.request_handler.arn
  filename         = local.packages["request-handler"]
  source_code_hash = filebase64sha256(local.packages["request-handler"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.request_handler_memory_mb
  timeout          = var.request_handler_timeout_seconds
  kms_key_arn      = local.kms_key_arn

  reserved_concurrent_executions = var.request_handler_reserved_concurrency

  environment {
    variables = merge(local.origins_environment, local.tasks_environment, {
      HMAC_SECRET_KEY_PARAM     = aws_ssm_parameter.hmac_key.name
      RUNTASK_CALLBACK_FUNCTION = aws_lambda_function.callback_handler.arn
      RUNTASK_METRICS_NAMESPACE = local.name
    })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["request-handler"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  # Without its permissions, the function would answer 503 for the first moments of its life.
  depends_on = [aws_iam_role_policy.request_handler]

  lifecycle {
    precondition {
      condition     = fileexists(local.packages["request-handler"])
      error_message = "There is no ${local.packages["request-handler"]}: ${local.package_advice}"
    }
  }
}
