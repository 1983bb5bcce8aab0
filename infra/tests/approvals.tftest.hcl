# What approvals add, who may do what then, and that nothing of it is there without them.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_lambda_function.callback_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler" }
}

override_resource {
  target = aws_lambda_function.failure_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-failure-handler" }
}

override_resource {
  target = aws_lambda_function.approval_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-handler" }
}

override_resource {
  target = aws_lambda_function.approval_sweep
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-sweep" }
}

override_resource {
  target = aws_lambda_function_url.approval_handler
  values = { function_url = "https://approve.lambda-url.eu-central-1.on.aws/" }
}

override_resource {
  target = aws_dynamodb_table.approvals
  values = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-approvals" }
}

override_resource {
  target = aws_dynamodb_table.claims
  values = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-claims" }
}

override_resource {
  target = aws_ssm_parameter.approval_key
  values = { arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/approval-key" }
}

override_resource {
  target = aws_sqs_queue.failures
  values = { arn = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures" }
}

override_resource {
  target = aws_cloudwatch_log_group.function
  values = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:example" }
}

variables {
  package_directory = "../packages"
}

run "without" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  assert {
    condition = sum([for all in [
      aws_dynamodb_table.approvals, aws_ssm_parameter.approval_key, aws_lambda_function.approval_handler, aws_lambda_function.approval_sweep,
      aws_lambda_function_url.approval_handler, aws_lambda_permission.approval_url, aws_lambda_permission.approval_url_invoke,
      aws_iam_role.approval_handler, aws_iam_role.approval_sweep, aws_iam_role.approval_schedule, aws_iam_role_policy.approval_handler,
      aws_iam_role_policy.approval_sweep, aws_iam_role_policy.approval_schedule, aws_scheduler_schedule.approval_sweep,
      aws_lambda_function_event_invoke_config.approval_sweep, aws_cloudwatch_metric_alarm.approvals,
    ] : length(all)]) == 0
    error_message = "Nothing of approvals exists unless asked for."
  }

  assert {
    condition     = keys(aws_cloudwatch_log_group.function) == ["callback-handler", "failure-handler", "request-handler"] && length(local.widgets) == 12 && length(local.ask_rights) == 0 && length(local.ask_environment) == 0
    error_message = "Without approvals, nobody may ask, and nothing is logged or shown of them."
  }
}

run "with" {
  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { secrets = ["/acme/teams", "/acme/oidc"] }
    settings   = { RUNTASK_CA_BUNDLE = "/opt/certificates.pem", RUNTASK_MAX_ENTRIES = "1000" }
  }

  assert {
    condition = aws_lambda_function.approval_handler[0].environment[0].variables == tomap({
      RUNTASK_APPROVALS_AUDIT_DAYS = "400"
      RUNTASK_APPROVALS_KEY_PARAM  = "/runtask/approval-key"
      RUNTASK_APPROVALS_TABLE      = "runtask-approvals"
      RUNTASK_CA_BUNDLE            = "/opt/certificates.pem"
      RUNTASK_CONFIG               = "ssm:///acme/runtask.toml"
      RUNTASK_METRICS_NAMESPACE    = "runtask"
    })
    error_message = "The approval handler's environment is not what the settings make of it."
  }

  assert {
    condition = aws_lambda_function.approval_sweep[0].environment[0].variables == tomap(merge(aws_lambda_function.approval_handler[0].environment[0].variables, {
      BASE_PUBLIC_URL = "https://approve.lambda-url.eu-central-1.on.aws"
    }))
    error_message = "The sweep knows what the approval handler knows, and where the pages are."
  }

  assert {
    condition = alltrue([for name, value in {
      RUNTASK_APPROVALS_KEY_PARAM = "/runtask/approval-key"
      RUNTASK_APPROVALS_SWEEP     = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-sweep"
      RUNTASK_APPROVALS_TABLE     = "runtask-approvals"
    } : aws_lambda_function.callback_handler.environment[0].variables[name] == value])
    error_message = "The callback handler must know where approvals are kept, and who sends the question."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] if !contains(["Claims", "OnFailure", "Logs", "TasksFile"], statement.Sid) } == {
      Ask             = ["dynamodb:PutItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-approvals"]
      ApprovalKey     = ["ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/approval-key"]
      SendTheQuestion = ["lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-sweep"]
    }
    error_message = "The callback handler may ask, and neither read nor change what was asked."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.approval_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Approvals       = [["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-approvals"]
      ApprovalKey     = ["ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/approval-key"]
      ApprovalSecrets = ["ssm:GetParameter", ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/oidc", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/teams"]]
      Logs            = [["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:eu-central-1:123456789012:log-group:example:*"]
      TasksFile       = ["ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/runtask.toml"]
    }
    error_message = "The approval handler may read and change approvals that it knows by name, and read its secrets, and nothing else."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.approval_sweep[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == merge(
      { for statement in jsondecode(aws_iam_role_policy.approval_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] },
      { Due = ["dynamodb:Query", "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-approvals/index/due"] },
    )
    error_message = "The sweep may what the approval handler may, and ask what is due."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role_policy.approval_schedule[0].policy).Statement == [{
        Sid      = "Sweep"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-sweep"
      }]
      && jsondecode(aws_iam_role.approval_schedule[0].assume_role_policy).Statement[0].Principal == { Service = "scheduler.amazonaws.com" }
      && aws_scheduler_schedule.approval_sweep[0].schedule_expression == "rate(1 minute)"
      && aws_scheduler_schedule.approval_sweep[0].target[0].arn == "arn:aws:lambda:eu-central-1:123456789012:function:runtask-approval-sweep"
      && jsondecode(aws_scheduler_schedule.approval_sweep[0].target[0].input) == { version = 1 }
    )
    error_message = "The schedule calls the sweep once a minute, and may do nothing else."
  }

  assert {
    condition = (
      aws_dynamodb_table.approvals[0].hash_key == "id"
      && [for it in aws_dynamodb_table.approvals[0].global_secondary_index : [it.name, it.hash_key, it.range_key, it.projection_type, it.non_key_attributes]] == [["due", "pending", "due_at", "INCLUDE", toset(["expires_ms"])]]
      && aws_dynamodb_table.approvals[0].ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.approvals[0].point_in_time_recovery[0].enabled
    )
    error_message = "The table of approvals does not have the key, the index and the times that the functions count on."
  }

  assert {
    condition     = aws_lambda_function.approval_sweep[0].timeout < 60 && aws_lambda_function_event_invoke_config.approval_sweep[0].maximum_retry_attempts == 0
    error_message = "A sweep is over before the next one begins, and is not repeated."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.approvals["approval-heartbeat-late"].threshold == 480000 && aws_cloudwatch_metric_alarm.approvals["approval-heartbeat-late"].treat_missing_data == "breaching"
    error_message = "There is an alarm eight minutes after HCP Terraform last heard of an approval, and where nobody knows."
  }

  assert {
    condition = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.approvals :
      endswith(alarm.alarm_description, " What to do: docs/operations.md#${name}") && alarm.namespace == "runtask"
    ]) && contains(keys(aws_cloudwatch_metric_alarm.function), "approval-sweep-errors") && contains(keys(aws_cloudwatch_metric_alarm.function), "approval-url-5xx")
    error_message = "Each alarm looks where the functions count, and says where to read on."
  }

  assert {
    condition     = length(local.widgets) == 16 && alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.runtask.dashboard_body).widgets : widget.x + widget.width <= 24 && widget.y + widget.height <= 23])
    error_message = "Approvals have one more row on the dashboard."
  }

  assert {
    condition     = output.approvals_url == "https://approve.lambda-url.eu-central-1.on.aws" && output.approvals_table == "runtask-approvals"
    error_message = "People need the URL."
  }
}

run "with_an_address_and_keys_of_ones_own" {
  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    kms_key    = "create"
    approvals = {
      public_url           = "https://approve.example.com/"
      secrets              = ["/acme/teams"]
      secrets_kms_key      = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
      key_version          = 2
      reserved_concurrency = 5
    }
  }

  assert {
    condition = (
      alltrue([for function in [aws_lambda_function.approval_handler[0], aws_lambda_function.approval_sweep[0]] :
        trimsuffix(function.environment[0].variables.BASE_PUBLIC_URL, "/") == "https://approve.example.com"
      ])
      && alltrue([for function in [aws_lambda_function.approval_handler[0], aws_lambda_function.approval_sweep[0], aws_lambda_function.callback_handler] :
        endswith(function.description, "; approval key 2")
      ])
      && aws_lambda_function.approval_handler[0].reserved_concurrent_executions == 5
    )
    error_message = "An address of one's own goes into every link; and who reads a new key starts anew."
  }

  assert {
    condition = alltrue([for policy in [aws_iam_role_policy.approval_handler[0].policy, aws_iam_role_policy.approval_sweep[0].policy] :
      { for statement in jsondecode(policy).Statement : statement.Sid => [statement.Resource, statement.Condition.StringEquals] if startswith(statement.Sid, "Decrypt") } == {
        DecryptApprovals       = ["arn:aws:kms:eu-central-1:123456789012:key/made", { "kms:EncryptionContext:aws:dynamodb:tableName" = "runtask-approvals" }]
        DecryptApprovalKey     = ["arn:aws:kms:eu-central-1:123456789012:key/made", { "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/approval-key" }]
        DecryptApprovalSecrets = ["arn:aws:kms:eu-central-1:123456789012:key/theirs", { "kms:EncryptionContext:PARAMETER_ARN" = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/teams"] }]
      }
    ])
    error_message = "Each use of a key must be limited to that key and to what it is for."
  }

  assert {
    condition     = aws_dynamodb_table.approvals[0].server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/made" && aws_ssm_parameter.approval_key[0].key_id == "arn:aws:kms:eu-central-1:123456789012:key/made"
    error_message = "The customer's key must encrypt approvals and their key."
  }

  assert {
    condition     = length([for arn in jsondecode(aws_kms_key.runtask[0].policy).Statement[1].Condition.ArnEquals["kms:EncryptionContext:aws:logs:arn"] : arn if strcontains(arn, "-approval-")]) == 2
    error_message = "CloudWatch Logs needs the key for the logs of all functions."
  }
}

# The zips are not there, and nobody says who may answer.
run "not_packaged" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-policy"
    approvals         = {}
  }

  expect_failures = [aws_lambda_function.approval_handler]
}

run "without_tasks" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    approvals = {}
  }

  expect_failures = [aws_lambda_function.approval_handler]
}

run "an_address_in_the_open" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { public_url = "http://approve.example.com" }
  }

  expect_failures = [var.approvals]
}

run "a_secret_that_is_no_parameter" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { secrets = ["ssm:///acme/oidc"] }
  }

  expect_failures = [var.approvals]
}

run "a_key_for_no_secrets" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { secrets_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs" }
  }

  expect_failures = [var.approvals]
}

run "a_version_before_the_first" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { key_version = 0 }
  }

  expect_failures = [var.approvals]
}

run "an_audit_log_for_half_a_day" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { audit_days = 0.5 }
  }

  expect_failures = [var.approvals]
}

run "too_little_memory" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { memory_mb = 127 }
  }

  expect_failures = [var.approvals]
}

run "nobody_at_the_same_time" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/runtask.toml"
    tasks      = ["default"]
    approvals  = { reserved_concurrency = 0 }
  }

  expect_failures = [var.approvals]
}

run "with_pages_of_results" {
  module {
    source = "./tests/without-key"
  }

  variables {
    reports    = {}
    approvals  = {}
    tasks      = ["default"]
    tasks_file = "ssm:///acme/runtask.toml"
  }

  override_resource {
    target = aws_s3_bucket.reports
    values = { arn = "arn:aws:s3:::runtask-reports-123456789012" }
  }

  override_resource {
    target = aws_lambda_function_url.report_handler
    values = { function_url = "https://reports.lambda-url.eu-central-1.on.aws/" }
  }

  assert {
    condition = (
      aws_lambda_function.callback_handler.environment[0].variables.BASE_PUBLIC_URL == "https://reports.lambda-url.eu-central-1.on.aws"
      && contains(keys(aws_lambda_function.callback_handler.environment[0].variables), "RUNTASK_APPROVALS_TABLE")
      && !contains(keys(aws_lambda_function.approval_sweep[0].environment[0].variables), "RUNTASK_REPORTS")
      && length(aws_cloudwatch_log_group.function) == 6
    )
    error_message = "The callback handler keeps pages and asks people; links of the one and of the other lead to different functions."
  }
}
