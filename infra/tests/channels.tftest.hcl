# Who may read the secrets of channels.

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

run "channels" {
  module {
    source = "./tests/without-key"
  }

  variables {
    channel_secrets         = ["/acme/teams", "/acme/slack"]
    channel_secrets_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : statement.Sid => [statement.Action, jsonencode(statement.Resource), jsonencode(try(statement.Condition, null))] if endswith(statement.Sid, "ChannelSecrets") } == {
      ChannelSecrets = ["ssm:GetParameter", jsonencode(["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/slack", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/teams"]), "null"]
      DecryptChannelSecrets = [
        "kms:Decrypt", jsonencode("arn:aws:kms:eu-central-1:123456789012:key/theirs"),
        jsonencode({ StringEquals = { "kms:EncryptionContext:PARAMETER_ARN" = ["arn:aws:ssm:eu-central-1:123456789012:parameter/acme/slack", "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/teams"] } }),
      ]
    }
    error_message = "The callback handler may read the secrets of channels, and these alone."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.failure_handler[0].policy, "/acme/slack") && !strcontains(aws_iam_role_policy.request_handler[0].policy, "/acme/slack")
    error_message = "Nobody else may."
  }
}

run "channels_refused" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    channel_secrets = ["ssm:///acme/slack", "/acme/*"]
  }

  expect_failures = [var.channel_secrets]
}

run "a_key_for_nothing" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    channel_secrets_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  expect_failures = [var.channel_secrets_kms_key]
}
