# Makes the request handler, the one function that the Internet reaches. It verifies the signature and hands the job
# over. So it may read one parameter and invoke one function.

# The first of all resources: everything else takes its name from it (roles.tf).
resource "aws_iam_role" "request_handler" {
  count = local.makes_roles

  tags = local.tags

  name                 = "${var.name}-request-handler"
  description          = "Lets the request handler read the HMAC key and hand jobs over"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  request_handler_policy = jsonencode({
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
          Resource = local.callback_handler_arn
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

resource "aws_iam_role_policy" "request_handler" {
  count = local.makes_roles

  name = "request-handler"
  role = aws_iam_role.request_handler[0].id

  policy = local.request_handler_policy
}

resource "aws_lambda_function" "request_handler" {
  region = var.region
  tags   = local.tags

  function_name     = "${local.name}-request-handler"
  description       = "Verifies requests of HCP Terraform and hands them to ${local.name}-callback-handler"
  role              = local.role_arns["request-handler"]
  package_type      = local.packages["request-handler"].package_type
  filename          = local.packages["request-handler"].filename
  s3_bucket         = local.packages["request-handler"].s3_bucket
  s3_key            = local.packages["request-handler"].s3_key
  s3_object_version = local.packages["request-handler"].s3_object_version
  image_uri         = local.packages["request-handler"].image_uri
  source_code_hash  = local.packages["request-handler"].source_code_hash
  runtime           = local.packages["request-handler"].runtime
  handler           = local.packages["request-handler"].handler
  architectures     = [var.architecture]
  memory_size       = var.request_handler_memory_mb
  timeout           = var.request_handler_timeout_seconds
  kms_key_arn       = local.kms_key_arn

  reserved_concurrent_executions = var.request_handler_reserved_concurrency

  dynamic "image_config" {
    for_each = local.packages["request-handler"].commands
    content {
      command = image_config.value
    }
  }

  environment {
    variables = merge(local.origins_environment, local.tasks_environment, {
      HMAC_SECRET_KEY_PARAM     = aws_ssm_parameter.hmac_key.name
      RUNTASK_CALLBACK_FUNCTION = local.callback_handler_arn
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

  # Without its permissions, the function would answer 503 for the first moments of its life; without the settings of
  # events, a job that fails would have nobody to report for it.
  depends_on = [aws_iam_role_policy.request_handler, aws_lambda_function_event_invoke_config.callback_handler]

  lifecycle {
    precondition {
      condition     = local.packages["request-handler"].exists
      error_message = local.package_missing["request-handler"]
    }
  }
}
