# I-05: what organizations want of a module: marks, packages of their own, bounds, roles, network, versions, who hears what.

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

run "marked" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name = "acme"
    tags = { team = "platform" }
  }

  assert {
    condition = alltrue([for tags in [
      aws_iam_role.request_handler[0].tags, aws_lambda_function.callback_handler.tags, aws_dynamodb_table.claims.tags,
      aws_sqs_queue.failures.tags, aws_cloudwatch_metric_alarm.queue.tags,
    ] : tags == tomap({ runtask = "acme", team = "platform" })])
    error_message = "Everything has our tag and yours."
  }
}

run "tags_of_ones_own_go_before_ours" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tags = { runtask = "gate" }
  }

  assert {
    condition     = aws_dynamodb_table.claims.tags == tomap({ runtask = "gate" })
    error_message = "The variable decides."
  }
}

run "packages_in_a_bucket" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    packages = {
      request-handler = { s3 = {
        bucket  = "acme-artifacts"
        key     = "runtask/request-handler.zip"
        version = "v1"
        sha256  = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
      } }
      terraform-layer = { s3 = {
        bucket = "acme-artifacts"
        key    = "runtask/terraform-layer.zip"
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
      } }
      policy = { s3 = {
        bucket = "acme-artifacts"
        key    = "runtask/policy.zip"
        sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
      } }
    }
    tasks_file = "/opt/runtask/runtask.toml"
    tasks      = ["default", "policy"]
  }

  assert {
    condition = (
      aws_lambda_function.request_handler.filename == null &&
      aws_lambda_function.request_handler.s3_bucket == "acme-artifacts" &&
      aws_lambda_function.request_handler.s3_key == "runtask/request-handler.zip" &&
      aws_lambda_function.request_handler.s3_object_version == "v1" &&
      # What base64 says of the checksum of nothing, and of abc.
      aws_lambda_function.request_handler.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" &&
      aws_lambda_layer_version.terraform[0].source_code_hash == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    )
    error_message = "Lambda fetches the object, and Terraform knows what is in it."
  }

  assert {
    condition     = endswith(aws_lambda_function.callback_handler.filename, "/packages/x86_64/callback-handler.zip")
    error_message = "What is not named is where it always was."
  }

  assert {
    condition = (
      length(aws_lambda_layer_version.policy) == 1 && length(local.tasks_file_statements) == 0 &&
      aws_lambda_function.callback_handler.environment[0].variables.RUNTASK_CONFIG == "/opt/runtask/runtask.toml" &&
      aws_lambda_function.request_handler.environment[0].variables.RUNTASK_TASKS == "default,policy"
    )
    error_message = "The tasks come out of the layer, which needs no permission."
  }
}

run "packages_in_images" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    packages = {
      callback-handler = { image = {
        uri     = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/runtask@sha256:0000000000000000000000000000000000000000000000000000000000000000"
        command = ["callback-handler"]
      } }
    }
  }

  assert {
    condition = (
      aws_lambda_function.callback_handler.package_type == "Image" &&
      startswith(aws_lambda_function.callback_handler.image_uri, "123456789012.dkr.ecr.") &&
      aws_lambda_function.callback_handler.image_config[0].command == tolist(["callback-handler"]) &&
      aws_lambda_function.callback_handler.runtime == null && aws_lambda_function.callback_handler.layers == null &&
      length(aws_lambda_layer_version.terraform) == 0
    )
    error_message = "An image says how it runs, and has no layers."
  }
}

run "packages_refused" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    packages = {
      callback = { path = "callback-handler.zip" }
      policy   = { image = { uri = "example" } }
      scanners = { path = "scanners.zip", s3 = { bucket = "b", key = "k", sha256 = "short" } }
    }
  }

  expect_failures = [var.packages]
}

run "bounded_roles" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
    role_path            = "/teams/platform/"
    approvals            = {}
    reports              = {}
    tasks_file           = "ssm:///acme/runtask.toml"
    tasks                = ["default"]
  }

  assert {
    condition = alltrue([for role in [
      aws_iam_role.request_handler[0], aws_iam_role.callback_handler[0], aws_iam_role.failure_handler[0],
      aws_iam_role.report_handler[0], aws_iam_role.approval_handler[0], aws_iam_role.approval_sweep[0],
      aws_iam_role.approval_schedule[0],
    ] : role.path == "/teams/platform/" && role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "Every role has the path and the boundary."
  }
}

run "roles_of_ones_own" {
  module {
    source = "./tests/without-key"
  }

  variables {
    roles = {
      request_handler  = "arn:aws:iam::123456789012:role/request"
      callback_handler = "arn:aws:iam::123456789012:role/callback"
      failure_handler  = "arn:aws:iam::123456789012:role/failure"
    }
  }

  assert {
    condition = (
      length(concat(aws_iam_role.request_handler, aws_iam_role.callback_handler, aws_iam_role.failure_handler)) == 0 &&
      length(concat(aws_iam_role_policy.request_handler, aws_iam_role_policy.callback_handler, aws_iam_role_policy.failure_handler)) == 0
    )
    error_message = "No role is made, and none is given a policy."
  }

  assert {
    condition     = aws_lambda_function.callback_handler.role == "arn:aws:iam::123456789012:role/callback" && aws_lambda_function.request_handler.function_name == "runtask-request-handler"
    error_message = "The function has the role that is given, and the name that it would have."
  }

  assert {
    condition     = join(" ", keys(output.role_policies)) == "callback-handler failure-handler request-handler" && jsondecode(output.role_policies["request-handler"]).Statement[1].Sid == "HandOver"
    error_message = "Whoever makes roles is told what they must allow."
  }
}

run "roles_that_lack_one" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    roles = {
      request_handler  = "arn:aws:iam::123456789012:role/request"
      callback_handler = "arn:aws:iam::123456789012:role/callback"
      failure_handler  = "failure"
    }
    reports = {}
  }

  expect_failures = [var.roles]
}

run "network" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    vpc = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition = (
      alltrue([for it in [aws_lambda_function.callback_handler, aws_lambda_function.failure_handler] :
        it.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && it.vpc_config[0].security_group_ids == toset(["sg-1"])
      ]) && length(aws_lambda_function.request_handler.vpc_config) == 0
    )
    error_message = "Those that talk to Terraform Enterprise are in the network, and the one that it talks to is not."
  }

  assert {
    condition = (
      local.network_statements["callback-handler"][0].Effect == "Allow" &&
      local.network_statements["callback-handler"][1].Effect == "Deny" &&
      local.network_statements["callback-handler"][1].Condition.ArnEquals["lambda:SourceFunctionArn"] == "arn:aws:lambda:eu-central-1:123456789012:function:runtask-callback-handler"
    )
    error_message = "Lambda may make network interfaces, and the function itself may not."
  }
}

run "newest_version" {
  module {
    source = "./tests/without-key"
  }

  variables {
    callback_handler_versions = {}
  }

  assert {
    condition = (
      aws_lambda_function.callback_handler.publish &&
      aws_lambda_alias.callback_handler[0].function_version == aws_lambda_function.callback_handler.version &&
      aws_lambda_function.request_handler.environment[0].variables.RUNTASK_CALLBACK_FUNCTION == aws_lambda_alias.callback_handler[0].arn &&
      jsondecode(aws_iam_role_policy.request_handler[0].policy).Statement[1].Resource == aws_lambda_alias.callback_handler[0].arn &&
      aws_lambda_function_event_invoke_config.callback_handler["live"].qualifier == "live"
    )
    error_message = "Jobs go to the alias, which is the newest version, and has somebody who reports for it."
  }
}

run "rolled_back" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    callback_handler_versions = { live = "41" }
  }

  assert {
    condition     = aws_lambda_alias.callback_handler[0].function_version == "41"
    error_message = "Jobs go to the version that is named."
  }
}

run "closed_to_the_public" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    url_authorization = "AWS_IAM"
  }

  assert {
    condition     = aws_lambda_function_url.request_handler.authorization_type == "AWS_IAM" && length(concat(aws_lambda_permission.function_url, aws_lambda_permission.function_url_invoke)) == 0
    error_message = "Nobody may call the URL but whom you let."
  }
}

run "who_hears_what" {
  module {
    source = "./tests/without-key"
  }

  variables {
    alarm_topic_arns  = ["arn:aws:sns:eu-central-1:123456789012:pager"]
    inform_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:mail"]
    fmt_engine        = "both"
  }

  assert {
    condition = alltrue([for alarm in [
      aws_cloudwatch_metric_alarm.queue, aws_cloudwatch_metric_alarm.results_missing,
      aws_cloudwatch_metric_alarm.jobs_without_end, aws_cloudwatch_metric_alarm.signatures_refused,
      aws_cloudwatch_metric_alarm.function["url-5xx"], aws_cloudwatch_metric_alarm.function["callback-handler-destination-failures"],
    ] : alarm.alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:pager"])])
    error_message = "Runs without a result, or without a gate, page."
  }

  assert {
    condition = alltrue([for alarm in [
      aws_cloudwatch_metric_alarm.format_differences[0], aws_cloudwatch_metric_alarm.function["failure-handler-invoked"],
      aws_cloudwatch_metric_alarm.function["callback-handler-duration"], aws_cloudwatch_metric_alarm.function["request-handler-throttles"],
    ] : join(" ", alarm.alarm_actions) == "arn:aws:sns:eu-central-1:123456789012:mail" && join(" ", alarm.ok_actions) == "arn:aws:sns:eu-central-1:123456789012:mail"])
    error_message = "The rest informs."
  }
}

run "one_who_hears_all" {
  module {
    source = "./tests/without-key"
  }

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:pager"]
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.function["failure-handler-invoked"].alarm_actions == toset(["arn:aws:sns:eu-central-1:123456789012:pager"])
    error_message = "Where nobody is named to be informed, nothing is lost."
  }
}

run "budget" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    monthly_budget_usd = 25
    inform_email       = "platform@example.com"
  }

  assert {
    condition = (
      aws_budgets_budget.runtask[0].limit_amount == "25" &&
      aws_budgets_budget.runtask[0].cost_filter == toset([{ name = "TagKeyValue", values = tolist(["user:runtask$runtask"]) }]) &&
      alltrue([for it in aws_budgets_budget.runtask[0].notification : it.subscriber_email_addresses == toset(["platform@example.com"])])
    )
    error_message = "The budget is of what has our tag, and those hear of it who are informed."
  }
}

run "budget_that_nobody_hears_of" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    monthly_budget_usd = 25
  }

  expect_failures = [var.monthly_budget_usd]
}

run "surroundings_refused" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    permissions_boundary      = "boundary"
    role_path                 = "teams"
    vpc                       = { subnet_ids = [], security_group_ids = ["sg-1"] }
    url_authorization         = "PUBLIC"
    callback_handler_versions = { live = "$LATEST" }
    inform_email              = "somebody"
    inform_topic_arns         = ["mail"]
  }

  expect_failures = [
    var.permissions_boundary, var.role_path, var.vpc, var.url_authorization, var.callback_handler_versions,
    var.inform_email, var.inform_topic_arns,
  ]
}
