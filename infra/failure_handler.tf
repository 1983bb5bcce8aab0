# Makes the failure handler. Lambda calls it with the record of a job that the callback handler gave up, and it sends the
# missing final result. If it cannot, the record ends in the queue.

resource "aws_iam_role" "failure_handler" {
  count = local.makes_roles

  tags = local.tags

  name                 = "${local.name}-failure-handler"
  description          = "Lets the failure handler respect claims and leave its own failures in a queue"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  failure_handler_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local.claims_statement,
        {
          # Lambda sends to an on-failure destination with the role of the function that failed.
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = local.queue_arn
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
          StringEquals = { "kms:EncryptionContext:aws:sqs:arn" = local.queue_arn }
        }
      }],
      local.network_statements["failure-handler"],
      local.tracing_statements,
    )
  })
}

resource "aws_iam_role_policy" "failure_handler" {
  count = local.makes_roles

  name = "failure-handler"
  role = aws_iam_role.failure_handler[0].id

  policy = local.failure_handler_policy
}

resource "aws_lambda_function" "failure_handler" {
  region = var.region
  tags   = local.tags

  function_name     = "${local.name}-failure-handler"
  description       = "Reports for jobs that ${local.name}-callback-handler gave up"
  role              = local.role_arns["failure-handler"]
  package_type      = local.packages["failure-handler"].package_type
  filename          = local.packages["failure-handler"].filename
  s3_bucket         = local.packages["failure-handler"].s3_bucket
  s3_key            = local.packages["failure-handler"].s3_key
  s3_object_version = local.packages["failure-handler"].s3_object_version
  image_uri         = local.packages["failure-handler"].image_uri
  source_code_hash  = local.packages["failure-handler"].source_code_hash
  runtime           = local.packages["failure-handler"].runtime
  handler           = local.packages["failure-handler"].handler
  architectures     = [var.architecture]
  layers            = local.packages["failure-handler"].package_type == "Image" ? null : concat(aws_lambda_layer_version.policy[*].arn, var.additional_layers)
  memory_size       = var.failure_handler_memory_mb
  timeout           = var.failure_handler_timeout_seconds
  kms_key_arn       = local.kms_key_arn

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6
    }
  }

  dynamic "image_config" {
    for_each = local.packages["failure-handler"].commands
    content {
      command = image_config.value
    }
  }

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
      condition     = local.packages["failure-handler"].exists
      error_message = local.package_missing["failure-handler"]
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "failure_handler" {
  region = var.region

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
