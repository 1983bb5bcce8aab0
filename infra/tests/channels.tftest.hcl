# Who may read the secrets of channels, and put events on a bus.

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

# Who may put events on a bus.
run "a_bus" {
  module {
    source = "./tests/without-key"
  }

  variables {
    channel_event_bus = "acme"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.callback_handler[0].policy).Statement : [statement.Action, statement.Resource] if statement.Sid == "ChannelEvents"] == [
      ["events:PutEvents", "arn:aws:events:eu-central-1:123456789012:event-bus/acme"]
    ]
    error_message = "The callback handler may put events on the bus, and on this alone."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.failure_handler[0].policy, "events:") && !strcontains(aws_iam_role_policy.request_handler[0].policy, "events:")
    error_message = "Nobody else may."
  }
}

run "a_bus_of_others" {
  module {
    source = "./tests/without-key"
  }

  variables {
    channel_event_bus = "arn:aws:events:eu-west-1:210987654321:event-bus/acme/runs"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.callback_handler[0].policy, "\"Resource\":\"arn:aws:events:eu-west-1:210987654321:event-bus/acme/runs\"")
    error_message = "An ARN is taken as it is."
  }
}

run "no_bus" {
  module {
    source = "./tests/without-key"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.callback_handler[0].policy, "events:")
    error_message = "Without a bus there is no right to any."
  }
}

run "every_bus" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    channel_event_bus = "*"
  }

  expect_failures = [var.channel_event_bus]
}
