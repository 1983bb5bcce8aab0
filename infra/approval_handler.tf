# Makes the approval handler, which the Internet reaches: the pages on which people answer, their sign-in, and Slack's
# clicks. It may read and change approvals that it is given the name of, and read its secrets.

resource "aws_iam_role" "approval_handler" {
  count = local.with_approvals * local.makes_roles

  tags = local.tags

  name                 = "${local.name}-approval-handler"
  description          = "Lets the approval handler take people's answers"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  approval_handler_policy = var.approvals == null ? null : jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.approvals_statements,
      local.decrypt_approvals_statements,
      local.approval_key_statements,
      local.decrypt_approval_key_statements,
      local.approval_secrets_statements,
      local.decrypt_approval_secrets_statements,
      [local.log_statements["approval-handler"]],
      local.tasks_file_statements,
      local.decrypt_tasks_file_statements,
      local.network_statements["approval-handler"],
      local.tracing_statements,
    )
  })
}

resource "aws_iam_role_policy" "approval_handler" {
  count = local.with_approvals * local.makes_roles

  name = "approval-handler"
  role = aws_iam_role.approval_handler[0].id

  policy = local.approval_handler_policy
}

resource "aws_lambda_function" "approval_handler" {
  count = local.with_approvals

  region = var.region
  tags   = local.tags

  function_name = "${local.name}-approval-handler"
  # What is changed in a function starts it anew, and so it reads a key that is new.
  description       = "Asks people about runs of HCP Terraform; approval key ${var.approvals.key_version}"
  role              = local.role_arns["approval-handler"]
  package_type      = local.packages["approval-handler"].package_type
  filename          = local.packages["approval-handler"].filename
  s3_bucket         = local.packages["approval-handler"].s3_bucket
  s3_key            = local.packages["approval-handler"].s3_key
  s3_object_version = local.packages["approval-handler"].s3_object_version
  image_uri         = local.packages["approval-handler"].image_uri
  source_code_hash  = local.packages["approval-handler"].source_code_hash
  runtime           = local.packages["approval-handler"].runtime
  handler           = local.packages["approval-handler"].handler
  architectures     = [var.architecture]
  layers            = local.packages["approval-handler"].package_type == "Image" ? null : concat(aws_lambda_layer_version.policy[*].arn, var.additional_layers)
  memory_size       = var.approvals.memory_mb
  timeout           = 30
  kms_key_arn       = local.kms_key_arn

  reserved_concurrent_executions = var.approvals.reserved_concurrency

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6
    }
  }

  dynamic "image_config" {
    for_each = local.packages["approval-handler"].commands
    content {
      command = image_config.value
    }
  }

  environment {
    variables = merge(
      local.approvals_environment,
      # Its own URL cannot be in its own settings: it takes it from the request, as AWS says it.
      { for name, url in { BASE_PUBLIC_URL = var.approvals.public_url } : name => url if url != null },
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["approval-handler"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  depends_on = [aws_iam_role_policy.approval_handler]

  lifecycle {
    precondition {
      condition     = local.config != null
      error_message = "Approvals need a file with tasks, in which [approval] says who may answer: run `make package POLICY=…`, or set tasks_file."
    }

    precondition {
      condition     = local.packages["approval-handler"].exists
      error_message = local.package_missing["approval-handler"]
    }
  }
}
