# Where the tasks are: packed, in Parameter Store, in S3; and who may read them.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_lambda_function.failure_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-failure-handler" }
}

override_resource {
  target = aws_lambda_function.callback_handler
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler" }
}

override_resource {
  target = aws_sqs_queue.failures
  values = { arn = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures" }
}

override_resource {
  target = aws_lambda_function_url.request_handler
  values = { function_url = "https://example.lambda-url.eu-central-1.on.aws/" }
}

override_resource {
  target = aws_lambda_layer_version.policy
  values = { arn = "arn:aws:lambda:eu-central-1:123456789012:layer:policy:1" }
}

variables {
  package_directory = "../packages"
}

run "packed" {
  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-policy"
    additional_layers = ["arn:aws:lambda:eu-central-1:123456789012:layer:certificates:7"]
  }

  assert {
    condition = (
      aws_lambda_function.callback_handler.layers == tolist([
        "arn:aws:lambda:eu-central-1:123456789012:layer:terraform:1", "arn:aws:lambda:eu-central-1:123456789012:layer:policy:1",
        "arn:aws:lambda:eu-central-1:123456789012:layer:certificates:7",
      ])
      && aws_lambda_function.failure_handler.layers == tolist([
        "arn:aws:lambda:eu-central-1:123456789012:layer:policy:1", "arn:aws:lambda:eu-central-1:123456789012:layer:certificates:7",
      ])
    )
    error_message = "Both functions that report need the layer with the tasks."
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.callback_handler, aws_lambda_function.failure_handler] :
      function.environment[0].variables.RUNTASK_CONFIG == "/opt/runtask/runtask.toml"
      && !contains(keys(function.environment[0].variables), "RUNTASK_CHECKS")
    ])
    error_message = "Both functions that report must know where the tasks are; RUNTASK_CHECKS beside them is an error."
  }

  assert {
    condition     = aws_lambda_function.request_handler.environment[0].variables.RUNTASK_TASKS == "default,policy"
    error_message = "The request handler must know the tasks that are packed."
  }

  assert {
    condition = output.task_urls == {
      default = "https://example.lambda-url.eu-central-1.on.aws/"
      policy  = "https://example.lambda-url.eu-central-1.on.aws/policy"
    }
    error_message = "Each task has its URL."
  }

  assert {
    condition = alltrue([for policy in [aws_iam_role_policy.callback_handler[0].policy, aws_iam_role_policy.failure_handler[0].policy] :
      !contains([for statement in jsondecode(policy).Statement : statement.Sid], "TasksFile")
    ])
    error_message = "Tasks in a layer need no permission."
  }
}

run "in_parameter_store" {
  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file         = "ssm:///acme/runtask.toml"
    tasks              = ["policy", "format"]
    tasks_file_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  assert {
    condition = alltrue([for function in [aws_lambda_function.callback_handler, aws_lambda_function.failure_handler] :
      function.environment[0].variables.RUNTASK_CONFIG == "ssm:///acme/runtask.toml"
      && !contains(keys(function.environment[0].variables), "RUNTASK_CHECKS")
    ])
    error_message = "Both functions that report must know where the tasks are."
  }

  assert {
    condition     = aws_lambda_function.request_handler.environment[0].variables.RUNTASK_TASKS == "format,policy"
    error_message = "The request handler must know the tasks."
  }

  assert {
    condition = alltrue([for policy in [aws_iam_role_policy.callback_handler[0].policy, aws_iam_role_policy.failure_handler[0].policy] :
      { for statement in jsondecode(policy).Statement : statement.Sid => [statement.Action, statement.Resource, jsonencode(try(statement.Condition, null))] if endswith(statement.Sid, "TasksFile") } == {
        TasksFile = ["ssm:GetParameter", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/runtask.toml", "null"]
        DecryptTasksFile = [
          "kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/theirs",
          jsonencode({ StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/runtask.toml"] } }),
        ]
      }
    ])
    error_message = "Both functions that report may read this one parameter."
  }

  assert {
    condition     = keys(output.task_urls) == ["format", "policy"]
    error_message = "Without a task `default`, it has no URL."
  }

  assert {
    condition     = length(aws_lambda_layer_version.policy) == 0
    error_message = "No layer is made of what is not packed."
  }
}

run "in_s3" {
  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file         = "s3://acme-settings/run-tasks/runtask.toml"
    tasks              = ["default"]
    tasks_file_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  assert {
    condition = alltrue([for policy in [aws_iam_role_policy.callback_handler[0].policy, aws_iam_role_policy.failure_handler[0].policy] :
      { for statement in jsondecode(policy).Statement : statement.Sid => [statement.Action, statement.Resource, jsonencode(try(statement.Condition, null))] if endswith(statement.Sid, "TasksFile") } == {
        TasksFile = ["s3:GetObject", "arn:aws:s3:::acme-settings/run-tasks/runtask.toml", "null"]
        DecryptTasksFile = [
          "kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/theirs",
          jsonencode({ StringEquals = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::acme-settings/run-tasks/runtask.toml", "arn:aws:s3:::acme-settings"] } }),
        ]
      }
    ])
    error_message = "Both functions that report may read this one object."
  }
}

run "without_tasks" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  assert {
    condition     = local.config == null && local.tasks == tolist(["default"]) && length(local.tasks_file_statements) == 0
    error_message = "Without tasks there is the task default, and nothing to read."
  }
}

# Two places, or two answers to what is checked.
run "packed_and_elsewhere" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-policy"
    tasks_file        = "ssm:///acme/runtask.toml"
    tasks             = ["default"]
  }

  expect_failures = [
    aws_lambda_layer_version.policy,
  ]
}

run "packed_and_said_otherwise" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-policy"
    checks            = ["fmt"]
  }

  expect_failures = [
    aws_lambda_function.callback_handler,
  ]
}

run "packed_and_too_many_layers" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    package_directory = "../packages-with-policy"
    additional_layers = [for version in range(1, 5) : "arn:aws:lambda:eu-central-1:123456789012:layer:certificates:${version}"]
  }

  expect_failures = [
    aws_lambda_layer_version.policy,
  ]
}
