# Who may read the secrets of scanners, and where nothing of them is.

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
  target = aws_sqs_queue.failures
  values = { arn = "arn:aws:sqs:eu-central-1:123456789012:runtask-failures" }
}

variables {
  package_directory = "../packages"
}

run "secrets" {
  module {
    source = "./tests/without-key"
  }

  variables {
    scanner_secrets         = { SNYK_TOKEN = "/acme/snyk", INFRACOST_API_KEY = "/acme/infracost" }
    scanner_secrets_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : statement.Sid => [statement.Action, jsonencode(statement.Resource), jsonencode(try(statement.Condition, null))] if endswith(statement.Sid, "ScannerSecrets") } == {
      ScannerSecrets = ["ssm:GetParameter", jsonencode(["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/infracost", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/snyk"]), "null"]
      DecryptScannerSecrets = [
        "kms:Decrypt", jsonencode("arn:aws:kms:eu-central-1:123456789012:key/theirs"),
        jsonencode({ StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/infracost", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/snyk"] } }),
      ]
    }
    error_message = "The callback handler may read the secrets of scanners, and these alone."
  }

  assert {
    condition     = aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_SCANNER_SECRETS == "INFRACOST_API_KEY=ssm:///acme/infracost,SNYK_TOKEN=ssm:///acme/snyk"
    error_message = "It is told where they are."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.failure_handler[0].policy, "/acme/snyk") && !strcontains(aws_iam_role_policy.request_handler[0].policy, "/acme/snyk")
    error_message = "Nobody else may."
  }
}

run "no_secrets" {
  module {
    source = "./tests/without-key"
  }

  assert {
    condition     = !contains(keys(aws_lambda_function.callback_handler.environment[0].variables), "RUNTASK_SCANNER_SECRETS") && !strcontains(aws_iam_role_policy.callback_handler[0].policy, "ScannerSecrets")
    error_message = "Without secrets there is neither a right nor a setting."
  }
}

run "no_parameters" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    scanner_secrets = { SNYK_TOKEN = "a-token-itself", OTHER = "/acme/*" }
  }

  expect_failures = [var.scanner_secrets]
}

run "no_variables_of_scanners" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    scanner_secrets = { RUNTASK_ON_ERROR = "/acme/snyk" }
  }

  expect_failures = [var.scanner_secrets]
}

run "a_key_for_nothing" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    scanner_secrets_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  expect_failures = [var.scanner_secrets_kms_key]
}
