# Makes the sweep, which sends what is due: questions, verdicts, and the word to HCP Terraform, every four minutes, that a
# run still waits. A schedule calls it once a minute, and the callback handler when it has asked, so that people hear of
# it at once. Whatever it misses, the next one finds: the approval itself says what is left.

resource "aws_iam_role" "approval_sweep" {
  count = local.with_approvals * local.makes_roles

  tags = local.tags

  name                 = "${local.name}-approval-sweep"
  description          = "Lets the sweep send what approvals have to say"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  approval_sweep_policy = var.approvals == null ? null : jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.approvals_statements,
      local.due_statements,
      local.decrypt_approvals_statements,
      local.approval_key_statements,
      local.decrypt_approval_key_statements,
      local.approval_secrets_statements,
      local.decrypt_approval_secrets_statements,
      [local.log_statements["approval-sweep"]],
      local.tasks_file_statements,
      local.decrypt_tasks_file_statements,
      local.network_statements["approval-sweep"],
      local.tracing_statements,
    )
  })
}

resource "aws_iam_role_policy" "approval_sweep" {
  count = local.with_approvals * local.makes_roles

  name = "approval-sweep"
  role = aws_iam_role.approval_sweep[0].id

  policy = local.approval_sweep_policy
}

resource "aws_lambda_function" "approval_sweep" {
  count = local.with_approvals

  region = var.region
  tags   = local.tags

  function_name     = "${local.name}-approval-sweep"
  description       = "Sends what is due of approvals; approval key ${var.approvals.key_version}"
  role              = local.role_arns["approval-sweep"]
  package_type      = local.packages["approval-sweep"].package_type
  filename          = local.packages["approval-sweep"].filename
  s3_bucket         = local.packages["approval-sweep"].s3_bucket
  s3_key            = local.packages["approval-sweep"].s3_key
  s3_object_version = local.packages["approval-sweep"].s3_object_version
  image_uri         = local.packages["approval-sweep"].image_uri
  source_code_hash  = local.packages["approval-sweep"].source_code_hash
  runtime           = local.packages["approval-sweep"].runtime
  handler           = local.packages["approval-sweep"].handler
  architectures     = [var.architecture]
  layers            = local.packages["approval-sweep"].package_type == "Image" ? null : concat(aws_lambda_layer_version.policy[*].arn, var.additional_layers)
  memory_size       = var.approvals.memory_mb
  # It begins nothing new in the last ten seconds of it, and the next one comes a minute after it began.
  timeout     = 55
  kms_key_arn = local.kms_key_arn

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6
    }
  }

  dynamic "image_config" {
    for_each = local.packages["approval-sweep"].commands
    content {
      command = image_config.value
    }
  }

  environment {
    variables = merge(local.approvals_environment, { BASE_PUBLIC_URL = local.approvals_url })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["approval-sweep"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  depends_on = [aws_iam_role_policy.approval_sweep]

  lifecycle {
    precondition {
      condition     = local.packages["approval-sweep"].exists
      error_message = local.package_missing["approval-sweep"]
    }
  }
}

# A sweep that failed, or came late, is made up for by the next one.
resource "aws_lambda_function_event_invoke_config" "approval_sweep" {
  count = local.with_approvals

  region = var.region

  function_name                = aws_lambda_function.approval_sweep[0].function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

resource "aws_iam_role" "approval_schedule" {
  count = local.with_approvals * local.makes_roles

  tags = local.tags

  name                 = "${local.name}-approval-schedule"
  description          = "Lets EventBridge Scheduler call the sweep"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Not for schedules of other accounts.
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

locals {
  approval_schedule_policy = var.approvals == null ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Sweep"
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.approval_sweep[0].arn
    }]
  })
}

resource "aws_iam_role_policy" "approval_schedule" {
  count = local.with_approvals * local.makes_roles

  name = "approval-schedule"
  role = aws_iam_role.approval_schedule[0].id

  policy = local.approval_schedule_policy
}

resource "aws_scheduler_schedule" "approval_sweep" {
  count = local.with_approvals

  region = var.region

  name                = "${local.name}-approval-sweep"
  description         = "Calls the sweep of approvals once a minute"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.approval_sweep[0].arn
    role_arn = local.role_arns["approval-schedule"]
    input    = jsonencode({ version = 1 })

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }

  depends_on = [aws_iam_role_policy.approval_schedule]
}
