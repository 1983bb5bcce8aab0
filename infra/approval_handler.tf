# Makes the approval handler, which the Internet reaches: the pages on which people answer, their sign-in, and Slack's
# clicks. It may read and change approvals that it is given the name of, and read its secrets.

resource "aws_iam_role" "approval_handler" {
  count = local.with_approvals

  name               = "${local.name}-approval-handler"
  description        = "Lets the approval handler take people's answers"
  assume_role_policy = local.assume_role_policy
}

resource "aws_iam_role_policy" "approval_handler" {
  count = local.with_approvals

  name = "approval-handler"
  role = aws_iam_role.approval_handler[0].id

  policy = jsonencode({
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
      local.tracing_statements,
    )
  })
}

resource "aws_lambda_function" "approval_handler" {
  count = local.with_approvals

  function_name = "${local.name}-approval-handler"
  # What is changed in a function starts it anew, and so it reads a key that is new.
  description      = "Asks people about runs of HCP Terraform; approval key ${var.approvals.key_version}"
  role             = aws_iam_role.approval_handler[0].arn
  filename         = local.packages["approval-handler"]
  source_code_hash = filebase64sha256(local.packages["approval-handler"])
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  layers           = concat(aws_lambda_layer_version.policy[*].arn, var.additional_layers)
  memory_size      = var.approvals.memory_mb
  timeout          = 30
  kms_key_arn      = local.kms_key_arn

  reserved_concurrent_executions = var.approvals.reserved_concurrency

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
      condition     = fileexists(local.packages["approval-handler"])
      error_message = "There is no ${local.packages["approval-handler"]}: ${local.package_advice}"
    }
  }
}
