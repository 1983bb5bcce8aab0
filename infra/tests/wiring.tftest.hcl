# Who is connected with whom, and who may do what, with every variable at its default.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_lambda_function.request_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-request-handler" }
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
  target = aws_ssm_parameter.hmac_key
  values = { arn = "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/hmac-key" }
}

override_resource {
  target = aws_dynamodb_table.claims
  values = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-claims" }
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

run "defaults" {
  module {
    source = "./tests/without-key"
  }

  assert {
    condition = aws_lambda_function.request_handler.environment[0].variables == tomap({
      HMAC_SECRET_KEY_PARAM     = "/runtask/hmac-key"
      RUNTASK_CALLBACK_FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler"
      RUNTASK_METRICS_NAMESPACE = "runtask"
    })
    error_message = "The request handler must know its parameter, its function and its namespace, and nothing else."
  }

  assert {
    condition = aws_lambda_function.callback_handler.environment[0].variables == tomap({
      RUNTASK_CHECKS            = "fmt"
      RUNTASK_FMT_ENGINE        = "terraform"
      RUNTASK_METRICS_NAMESPACE = "runtask"
      RUNTASK_ON_ERROR          = "failed"
      RUNTASK_TABLE             = "runtask-claims"
      RUNTASK_TERRAFORM         = "/opt/bin/terraform"
    })
    error_message = "The callback handler's environment is not what the defaults make of it."
  }

  assert {
    condition = aws_lambda_function.failure_handler.environment[0].variables == tomap({
      RUNTASK_METRICS_NAMESPACE = "runtask"
      RUNTASK_ON_ERROR          = "failed"
      RUNTASK_TABLE             = "runtask-claims"
    })
    error_message = "The failure handler's environment is not what the defaults make of it."
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.request_handler, aws_lambda_function.callback_handler, aws_lambda_function.failure_handler] :
      function.runtime == "provided.al2023" && function.handler == "bootstrap" && function.architectures == tolist(["x86_64"])
      && function.logging_config[0].log_format == "JSON" && function.logging_config[0].log_group == "/aws/lambda/${function.function_name}"
      && function.reserved_concurrent_executions == (function.function_name == "runtask-failure-handler" ? null : -1)
    ])
    error_message = "The three functions have the same runtime, log JSON to log groups of their own, and reserve nothing."
  }

  assert {
    condition     = aws_lambda_function.callback_handler.layers == tolist(["arn:aws:lambda:eu-central-1:123456789012:layer:terraform:1"])
    error_message = "The callback handler needs terraform's layer."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.format_differences) == 0
    error_message = "Where terraform alone judges formatting there is nothing to differ."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.callback_handler["$LATEST"].destination_config[0].on_failure[0].destination == aws_lambda_function.failure_handler.arn
      && aws_lambda_function_event_invoke_config.callback_handler["$LATEST"].maximum_retry_attempts == 1
      && aws_lambda_function_event_invoke_config.callback_handler["$LATEST"].maximum_event_age_in_seconds + var.failure_handler_timeout_seconds <= 600
    )
    error_message = "A job that the callback handler gives up goes to the failure handler while HCP Terraform still waits, ten minutes."
  }

  assert {
    condition = (
      aws_lambda_function_event_invoke_config.failure_handler.destination_config[0].on_failure[0].destination == aws_sqs_queue.failures.arn
      && aws_lambda_function_event_invoke_config.failure_handler.maximum_retry_attempts == 2
    )
    error_message = "What the failure handler gives up goes to the queue."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.request_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Key      = ["ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/runtask/hmac-key"]
      HandOver = ["lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler"]
      Logs     = [["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:eu-central-1:123456789012:log-group:example:*"]
    }
    error_message = "The request handler may read its key, invoke its function and log, and nothing else."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Claims    = ["dynamodb:UpdateItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-claims"]
      OnFailure = ["lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:123456789012:function:runtask-failure-handler"]
      Logs      = [["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:eu-central-1:123456789012:log-group:example:*"]
    }
    error_message = "The callback handler may write claims, leave jobs to the failure handler and log, and nothing else."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.failure_handler[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      Claims    = ["dynamodb:UpdateItem", "arn:aws:dynamodb:eu-central-1:123456789012:table/runtask-claims"]
      OnFailure = ["sqs:SendMessage", "arn:aws:sqs:eu-central-1:123456789012:runtask-failures"]
      Logs      = [["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:eu-central-1:123456789012:log-group:example:*"]
    }
    error_message = "The failure handler may write claims, leave records in the queue and log, and nothing else."
  }

  assert {
    condition = length(distinct([
      aws_lambda_permission.function_url[0].statement_id, aws_lambda_permission.function_url_invoke[0].statement_id,
      "FunctionURLAllowPublicAccess", "FunctionURLAllowInvokeAction",
    ])) == 4
    error_message = "The two statements need other ids than those that the provider gives its own, or making the URL may fail."
  }

  assert {
    condition     = aws_lambda_function_url.request_handler.authorization_type == "NONE" && length(aws_lambda_function_url.request_handler.cors) == 0
    error_message = "The function URL is for HCP Terraform, which has no AWS credentials and is no browser."
  }

  assert {
    condition = (
      aws_dynamodb_table.claims.hash_key == "id" && aws_dynamodb_table.claims.billing_mode == "PAY_PER_REQUEST"
      && aws_dynamodb_table.claims.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.claims.ttl[0].enabled
    )
    error_message = "The table of claims does not have the key and the time to live that the functions count on."
  }

  assert {
    condition     = aws_sqs_queue.failures.sqs_managed_sse_enabled && aws_ssm_parameter.hmac_key.type == "SecureString"
    error_message = "The queue and the key must be encrypted."
  }

  assert {
    condition = aws_sqs_queue.failures.message_retention_seconds == 86400 && jsondecode(aws_sqs_queue.failures.policy).Statement == [{
      Sid       = "EncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "The queue keeps tokens for a day, and gives them to nobody over plain HTTP."
  }

  assert {
    condition     = length(aws_kms_key.runtask) == 0 && length(aws_sns_topic.alarms) == 0
    error_message = "Neither a key nor a topic is made unless asked for."
  }

  assert {
    condition = alltrue([for name, alarm in merge(aws_cloudwatch_metric_alarm.function, { results-missing = aws_cloudwatch_metric_alarm.results_missing, jobs-without-end = aws_cloudwatch_metric_alarm.jobs_without_end }) :
      length(alarm.alarm_actions) == 0 && alarm.treat_missing_data == "notBreaching"
      && endswith(alarm.alarm_description, " What to do: docs/operations.md#${name}")
    ])
    error_message = "Alarms tell nobody unless asked to, and each says where to read on."
  }

  assert {
    condition = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.function :
      endswith(name, "-throttles")
      ? alarm.evaluation_periods == 3 && alarm.datapoints_to_alarm == 2
      : alarm.evaluation_periods == 1 && alarm.threshold >= 0
    ])
    error_message = "One throttle raises no alarm, and one of anything else does."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.function["callback-handler-duration"].threshold == 240000
    error_message = "The alarm for the callback handler's duration is at 80 percent of its timeout, in milliseconds."
  }

  # A screen: four columns of widgets below the alarms.
  assert {
    condition = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.runtask.dashboard_body).widgets :
      widget.x + widget.width <= 24 && widget.y + widget.height <= 18
    ])
    error_message = "The dashboard does not fit on one screen."
  }

  assert {
    condition     = output.url == aws_lambda_function_url.request_handler.function_url && output.hmac_key_parameter == "/runtask/hmac-key" && output.region == "eu-central-1"
    error_message = "tfe.tf needs the URL, the parameter and the region."
  }
}
