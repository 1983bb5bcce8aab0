# What the options change.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package_directory = "../packages"
}

run "another_name" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name = "second"
  }

  assert {
    condition = alltrue([for name in [
      aws_lambda_function.request_handler.function_name, aws_iam_role.request_handler[0].name,
      aws_lambda_function.callback_handler.function_name, aws_iam_role.callback_handler[0].name,
      aws_lambda_function.failure_handler.function_name, aws_iam_role.failure_handler[0].name,
      aws_dynamodb_table.claims.name, aws_sqs_queue.failures.name, aws_lambda_layer_version.terraform[0].layer_name,
      aws_cloudwatch_metric_alarm.queue.alarm_name,
    ] : startswith(name, "second-")]) && aws_ssm_parameter.hmac_key.name == "/second/hmac-key" && aws_cloudwatch_dashboard.runtask.dashboard_name == "second"
    error_message = "Two deployments in one account must not share a name."
  }

  assert {
    condition     = aws_lambda_function.request_handler.environment[0].variables.RUNTASK_METRICS_NAMESPACE == aws_cloudwatch_metric_alarm.signatures_refused.namespace
    error_message = "The alarm must look where the function counts."
  }
}

run "settings" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    checks          = ["fmt", "plan-summary"]
    on_error        = "passed"
    allowed_origins = ["https://tfe.example.com", "https://app.terraform.io"]
    settings        = { RUNTASK_HTTP_TIMEOUT_MS = "5000" }
  }

  assert {
    condition     = aws_lambda_function.request_handler.environment[0].variables.RUNTASK_ALLOWED_ORIGINS == "https://tfe.example.com,https://app.terraform.io"
    error_message = "The request handler refuses what could not be reported, so it has to know the origins."
  }

  assert {
    condition = alltrue([for environment in [aws_lambda_function.callback_handler.environment[0].variables, aws_lambda_function.failure_handler.environment[0].variables] :
      environment.RUNTASK_ALLOWED_ORIGINS == "https://tfe.example.com,https://app.terraform.io"
      && environment.RUNTASK_ON_ERROR == "passed" && environment.RUNTASK_HTTP_TIMEOUT_MS == "5000"
    ])
    error_message = "Both functions that report get the settings."
  }

  assert {
    condition     = aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_CHECKS == "fmt,plan-summary"
    error_message = "The callback handler gets the checks."
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.request_handler.environment[0].variables), "RUNTASK_HTTP_TIMEOUT_MS")
    error_message = "The settings are for those who report, not for the request handler."
  }
}

run "layers" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    additional_layers = ["arn:aws:lambda:eu-central-1:123456789012:layer:certificates:7"]
  }

  assert {
    condition     = aws_lambda_function.failure_handler.layers == tolist(["arn:aws:lambda:eu-central-1:123456789012:layer:certificates:7"])
    error_message = "The failure handler gets the additional layers alone."
  }
}

run "native" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    fmt_engine                 = "native"
    callback_handler_memory_mb = 128
  }

  assert {
    condition     = length(aws_lambda_layer_version.terraform) == 0 && length(coalesce(aws_lambda_function.callback_handler.layers, [])) == 0
    error_message = "The formatter that is built in needs no layer."
  }

  assert {
    condition = (
      aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_FMT_ENGINE == "native"
      && !contains(keys(aws_lambda_function.callback_handler.environment[0].variables), "RUNTASK_TERRAFORM")
    )
    error_message = "The callback handler must not look for a terraform that is not there."
  }
}

run "both" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    fmt_engine = "both"
  }

  assert {
    condition     = length(aws_lambda_layer_version.terraform) == 1 && aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_FMT_ENGINE == "both"
    error_message = "Terraform decides, so it must be there."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.format_differences[0].metric_name == "FormatDifferences" && aws_cloudwatch_metric_alarm.format_differences[0].namespace == aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_METRICS_NAMESPACE
    error_message = "The alarm must look where the function counts."
  }
}

run "tracing" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tracing = true
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.request_handler, aws_lambda_function.callback_handler, aws_lambda_function.failure_handler] :
      function.tracing_config[0].mode == "Active"
    ])
    error_message = "With tracing, each function is traced."
  }

  assert {
    condition     = [for statement in local.tracing_statements : statement.Action] == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]]
    error_message = "With tracing, the functions may send to X-Ray and nothing more."
  }
}

run "a_key_that_is_there" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  assert {
    condition = alltrue([for key in concat(
      [aws_ssm_parameter.hmac_key.key_id, aws_sqs_queue.failures.kms_master_key_id, aws_dynamodb_table.claims.server_side_encryption[0].kms_key_arn],
      [aws_lambda_function.request_handler.kms_key_arn, aws_lambda_function.callback_handler.kms_key_arn, aws_lambda_function.failure_handler.kms_key_arn],
      [for group in aws_cloudwatch_log_group.function : group.kms_key_id],
    ) : key == "arn:aws:kms:eu-central-1:123456789012:key/theirs"])
    error_message = "The customer's key must encrypt the HMAC key, queue, claims, environments and logs."
  }

  assert {
    condition     = length(aws_kms_key.runtask) == 0 && length(aws_kms_alias.runtask) == 0
    error_message = "No key is made where there is one."
  }
}

run "a_key_to_make" {
  module {
    source = "./tests/without-key"
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
    target = aws_sqs_queue.failures
    values = { arn = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures" }
  }

  override_resource {
    target = aws_ssm_parameter.hmac_key
    values = { arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/hmac-key" }
  }

  variables {
    kms_key = "create"
  }

  assert {
    condition     = aws_kms_key.runtask[0].enable_key_rotation && aws_kms_alias.runtask[0].name == "alias/runtask"
    error_message = "The key must rotate and have a name."
  }

  assert {
    condition = alltrue(flatten([for policy in [aws_iam_role_policy.request_handler[0].policy, aws_iam_role_policy.callback_handler[0].policy, aws_iam_role_policy.failure_handler[0].policy] : [
      for statement in jsondecode(policy).Statement :
      statement.Resource == "arn:aws:kms:eu-central-1:123456789012:key/made" && length(statement.Condition.StringEquals) == 1
      if strcontains(jsonencode(statement.Action), "kms:")
    ]]))
    error_message = "Each use of the key must be limited to that key and to one encryption context."
  }

  assert {
    condition = toset([for statement in jsondecode(aws_iam_role_policy.request_handler[0].policy).Statement : statement.Condition.StringEquals if statement.Sid == "DecryptKey"]) == toset([
      { "kms:EncryptionContext:PARAMETER_ARN" = "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/hmac-key" },
    ])
    error_message = "The request handler may decrypt its one parameter."
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_kms_key.runtask[0].policy).Statement : jsonencode(statement.Principal)]) == toset([jsonencode({ AWS = "arn:aws:iam::123456789012:root" }), jsonencode({ Service = "logs.eu-central-1.amazonaws.com" })])
    error_message = "The key is for this account and for its CloudWatch Logs."
  }
}

run "whom_alarms_reach" {
  module {
    source = "./tests/without-key"
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
    target = aws_sqs_queue.failures
    values = { arn = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures" }
  }

  variables {
    alarm_topic_arns             = ["arn:aws:sns:eu-central-1:123456789012:pager"]
    alarm_email                  = "operations@example.com"
    tolerated_refused_signatures = 5
    runbook                      = "https://git.example.com/runtask/docs/operations.md"
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.function), [aws_cloudwatch_metric_alarm.results_missing, aws_cloudwatch_metric_alarm.jobs_without_end, aws_cloudwatch_metric_alarm.queue, aws_cloudwatch_metric_alarm.signatures_refused]) :
      alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:pager", "arn:aws:sns:eu-central-1:123456789012:made"])
      && alarm.ok_actions == alarm.alarm_actions
      && strcontains(alarm.alarm_description, " What to do: https://git.example.com/runtask/docs/operations.md#")
    ])
    error_message = "Every alarm must reach the topics that are given and the one that is made, when it begins and when it ends, and say where to read on."
  }

  assert {
    condition     = aws_sns_topic_subscription.alarms[0].endpoint == "operations@example.com" && aws_cloudwatch_metric_alarm.signatures_refused.threshold == 5
    error_message = "The address and the tolerance are not what was asked for."
  }
}

run "sizes" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    request_handler_reserved_concurrency  = 10
    callback_handler_reserved_concurrency = 20
    callback_handler_timeout_seconds      = 480
    callback_handler_tmp_mb               = 2048
    point_in_time_recovery                = true
    log_retention_days                    = 365
  }

  assert {
    condition = (
      aws_lambda_function.request_handler.reserved_concurrent_executions == 10
      && aws_lambda_function.callback_handler.reserved_concurrent_executions == 20
      && aws_lambda_function.callback_handler.ephemeral_storage[0].size == 2048
      && aws_cloudwatch_metric_alarm.function["callback-handler-duration"].threshold == 384000
      && aws_dynamodb_table.claims.point_in_time_recovery[0].enabled
      && aws_cloudwatch_log_group.function["failure-handler"].retention_in_days == 365
    )
    error_message = "The sizes are not what was asked for."
  }
}

run "a_timeout_beyond_the_life_of_a_token" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    callback_handler_timeout_seconds = 481
  }

  expect_failures = [check.callback_handler_timeout]
}

run "a_workspace_of_other_variables" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    workspace = "staging"
  }

  expect_failures = [var.workspace]
}

run "reports" {
  module {
    source = "./tests/without-key"
  }

  variables {
    reports = { days = 7, memory_mb = 128, reserved_concurrency = 5 }
    kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
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
      && aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_REPORTS == "s3://runtask-reports-123456789012"
      && aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_REPORT_DAYS == "7"
      && !contains(keys(aws_lambda_function.failure_handler.environment[0].variables), "RUNTASK_REPORTS")
    )
    error_message = "The callback handler must know where to keep pages and how people reach them; the failure handler makes none."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.report_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] if statement.Sid != "Logs" } == {
      ReadReports    = ["s3:GetObject", "arn:aws:s3:::runtask-reports-123456789012/reports/*"]
      DecryptReports = ["kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/theirs"]
    }
    error_message = "The report handler may read pages, and nothing else."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] if endswith(statement.Sid, "Reports") } == {
      KeepReports    = ["s3:PutObject", "arn:aws:s3:::runtask-reports-123456789012/reports/*"]
      EncryptReports = ["kms:GenerateDataKey", "arn:aws:kms:eu-central-1:123456789012:key/theirs"]
    }
    error_message = "The callback handler may write pages, and not read them."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.reports[0].rule).apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/theirs" && aws_s3_bucket_lifecycle_configuration.reports[0].rule[0].expiration[0].days == 7
    error_message = "Pages are encrypted with the key that there is, and deleted after the days that were asked for."
  }

  assert {
    condition     = aws_lambda_function.report_handler[0].memory_size == 128 && aws_lambda_function.report_handler[0].reserved_concurrent_executions == 5 && output.reports_url == "https://reports.lambda-url.eu-central-1.on.aws"
    error_message = "The report handler is as large as was asked for."
  }
}

run "no_reports" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  assert {
    condition     = length(aws_s3_bucket.reports) == 0 && length(aws_lambda_function.report_handler) == 0 && length(aws_iam_role.report_handler) == 0 && output.reports_url == null
    error_message = "Without the variable reports nothing of it exists."
  }
}

run "scanners" {
  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-scanners"
  }

  override_resource {
    target = aws_lambda_layer_version.scanners
    values = { arn = "arn:aws:lambda:eu-central-1:123456789012:layer:scanners:1" }
  }

  assert {
    condition = aws_lambda_function.callback_handler.layers == tolist([
      "arn:aws:lambda:eu-central-1:123456789012:layer:terraform:1", "arn:aws:lambda:eu-central-1:123456789012:layer:scanners:1",
    ]) && length(coalesce(aws_lambda_function.failure_handler.layers, [])) == 0
    error_message = "The callback handler alone runs scanners."
  }
}

run "scanners_and_too_many_layers" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-scanners"
    additional_layers = [for version in range(1, 5) : "arn:aws:lambda:eu-central-1:123456789012:layer:certificates:${version}"]
  }

  expect_failures = [
    aws_lambda_layer_version.scanners,
  ]
}
