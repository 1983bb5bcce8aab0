# Makes the callback handler, which fetches configuration and plan, checks them, and reports one final result.
# It talks to HCP Terraform with the run's own token. Of AWS it needs the table of claims, the right to let Lambda call
# the failure handler for it, and what is kept in AWS of its settings: the file with the tasks (tasks.tf), the secrets of
# channels (channels.tf). Where there are approvals, it may ask (approvals.tf).

resource "aws_iam_role" "callback_handler" {
  name               = "${local.name}-callback-handler"
  description        = "Lets the callback handler keep claims and leave failed jobs to the failure handler"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "callback_handler" {
  name = "callback-handler"
  role = aws_iam_role.callback_handler.id

  policy = jsonencode({
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
      local.ask_rights,
      local.keep_reports_statements,
      local.encrypt_reports_statements,
      local.tracing_statements,
    )
  })
}

resource "aws_lambda_function" "callback_handler" {
  function_name = "${local.name}-callback-handler"
  # What is changed in a function starts it anew, and so it reads a key that is new.
  description      = "Checks runs of HCP Terraform and reports the results${var.approvals == null ? "" : "; approval key ${var.approvals.key_version}"}"
  role             = aws_iam_role.callback_handler.arn
  filename         = local.packages["callback-handler"]
  source_code_hash = filebase64sha256(local.packages["callback-handler"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  layers           = concat(aws_lambda_layer_version.terraform[*].arn, aws_lambda_layer_version.policy[*].arn, aws_lambda_layer_version.scanners[*].arn, var.additional_layers)
  memory_size      = var.callback_handler_memory_mb
  timeout          = var.callback_handler_timeout_seconds
  kms_key_arn      = local.kms_key_arn

  reserved_concurrent_executions = var.callback_handler_reserved_concurrency

  ephemeral_storage {
    size = var.callback_handler_tmp_mb
  }

  environment {
    variables = merge(local.report_environment, local.checks_environment, local.ask_environment, local.reports_environment,
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
      condition     = fileexists(local.packages["callback-handler"])
      error_message = "There is no ${local.packages["callback-handler"]}: ${local.package_advice}"
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "callback_handler" {
  function_name = aws_lambda_function.callback_handler.function_name

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
