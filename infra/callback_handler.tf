# Makes the callback handler, which fetches configuration and plan, checks them, and reports one final result.
# It talks to HCP Terraform with the run's own token. Of AWS it needs the table of claims, the right to let Lambda call
# the failure handler for it, and what is kept in AWS of its settings: the file with the tasks (tasks.tf), the secrets of
# channels, and a bus that is one (channels.tf), those of scanners
# (scanner_secrets.tf). Where there are approvals, it may ask (approvals.tf).

resource "aws_iam_role" "callback_handler" {
  count = local.makes_roles

  tags = local.tags

  name                 = "${local.name}-callback-handler"
  description          = "Lets the callback handler keep claims and leave failed jobs to the failure handler"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  assume_role_policy   = local.assume_role_policy
}

locals {
  callback_handler_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local.claims_statement,
        {
          # Lambda calls an on-failure destination with the role of the function that failed.
          Sid      = "OnFailure"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = aws_lambda_function.failure_handler.arn
        },
        local.log_statements["callback-handler"],
      ],
      local.decrypt_claims_statements,
      local.tasks_file_statements,
      local.decrypt_tasks_file_statements,
      local.channel_secrets_statements,
      local.decrypt_channel_secrets_statements,
      local.channel_event_bus_statements,
      local.scanner_secrets_statements,
      local.decrypt_scanner_secrets_statements,
      local.ask_rights,
      local.keep_reports_statements,
      local.encrypt_reports_statements,
      local.network_statements["callback-handler"],
      local.tracing_statements,
    )
  })
}

resource "aws_iam_role_policy" "callback_handler" {
  count = local.makes_roles

  name = "callback-handler"
  role = aws_iam_role.callback_handler[0].id

  policy = local.callback_handler_policy
}

resource "aws_lambda_function" "callback_handler" {
  region = var.region
  tags   = local.tags

  function_name = "${local.name}-callback-handler"
  # What is changed in a function starts it anew, and so it reads a key that is new.
  description       = "Checks runs of HCP Terraform and reports the results${var.approvals == null ? "" : "; approval key ${var.approvals.key_version}"}"
  role              = local.role_arns["callback-handler"]
  package_type      = local.packages["callback-handler"].package_type
  filename          = local.packages["callback-handler"].filename
  s3_bucket         = local.packages["callback-handler"].s3_bucket
  s3_key            = local.packages["callback-handler"].s3_key
  s3_object_version = local.packages["callback-handler"].s3_object_version
  image_uri         = local.packages["callback-handler"].image_uri
  source_code_hash  = local.packages["callback-handler"].source_code_hash
  runtime           = local.packages["callback-handler"].runtime
  handler           = local.packages["callback-handler"].handler
  architectures     = [var.architecture]
  layers            = local.packages["callback-handler"].package_type == "Image" ? null : concat(aws_lambda_layer_version.terraform[*].arn, aws_lambda_layer_version.policy[*].arn, aws_lambda_layer_version.scanners[*].arn, var.additional_layers)
  memory_size       = var.callback_handler_memory_mb
  timeout           = var.callback_handler_timeout_seconds
  kms_key_arn       = local.kms_key_arn

  publish = var.callback_handler_versions != null

  reserved_concurrent_executions = var.callback_handler_reserved_concurrency

  ephemeral_storage {
    size = var.callback_handler_tmp_mb
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids                  = vpc_config.value.subnet_ids
      security_group_ids          = vpc_config.value.security_group_ids
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6
    }
  }

  dynamic "image_config" {
    for_each = local.packages["callback-handler"].commands
    content {
      command = image_config.value
    }
  }

  environment {
    variables = merge(local.report_environment, local.checks_environment, local.ask_environment, local.reports_environment, local.scanner_secrets_environment,
      { RUNTASK_FMT_ENGINE = var.fmt_engine },
      var.fmt_engine == "native" ? {} : { RUNTASK_TERRAFORM = "/opt/bin/terraform" },
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function["callback-handler"].name
    application_log_level = var.log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = local.tracing_mode
  }

  depends_on = [aws_iam_role_policy.callback_handler]

  lifecycle {
    precondition {
      condition     = var.checks == null || local.config == null
      error_message = "The tasks say what is checked: unset the variable checks."
    }

    precondition {
      condition     = local.packages["callback-handler"].exists
      error_message = local.package_missing["callback-handler"]
    }
  }
}

# Where there are versions, the alias is what jobs go to. A version has code, layers, settings, memory and role of its
# time, so that an alias which is moved back brings all of them back.
resource "aws_lambda_alias" "callback_handler" {
  count = var.callback_handler_versions == null ? 0 : 1

  region = var.region

  name             = "live"
  description      = "The version that works on jobs"
  function_name    = aws_lambda_function.callback_handler.function_name
  function_version = coalesce(var.callback_handler_versions.live, aws_lambda_function.callback_handler.version)
}

locals {
  # What works on jobs.
  callback_handler_arn = one(concat(aws_lambda_alias.callback_handler[*].arn, var.callback_handler_versions == null ? [aws_lambda_function.callback_handler.arn] : []))
}

# One for the function, and one for the alias where there is one: the first stays, so that a job is never without.
resource "aws_lambda_function_event_invoke_config" "callback_handler" {
  for_each = toset(var.callback_handler_versions == null ? ["$LATEST"] : ["$LATEST", "live"])

  region = var.region

  function_name = aws_lambda_function.callback_handler.function_name
  # Without a qualifier, it is about the function as it is now.
  qualifier = each.key == "$LATEST" ? null : aws_lambda_alias.callback_handler[0].name

  # The second attempt starts a minute after the first.
  maximum_retry_attempts = 1

  # HCP Terraform gives up ten minutes after the last word from us, and a run's token lives for ten minutes. A first
  # attempt that died quickly gets its second; one that ran out of time goes to the failure handler at once, while the
  # token still is valid.
  maximum_event_age_in_seconds = 300

  destination_config {
    on_failure {
      destination = aws_lambda_function.failure_handler.arn
    }
  }
}

# A warning, because a run whose results come late may still be better than one whose check is cut short.
check "callback_handler_timeout" {
  assert {
    condition     = var.callback_handler_timeout_seconds <= 480
    error_message = "A run's token lives for ten minutes. With callback_handler_timeout_seconds above 480, a job that fails at its end leaves the failure handler too little of them to report: HCP Terraform then refuses the result, and the run waits in vain. Shorten what is checked, or give callback_handler_memory_mb more, which brings more processor time."
  }
}
