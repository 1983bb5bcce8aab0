# Every validation of a variable refuses what it should, and accepts what lies just inside.
# Each run has many values that are wrong in the same way: `terraform init` lists every run.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package_directory = "../packages"
}

run "too_small" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name                                  = "r"
    hmac_key_version                      = 0
    checks                                = []
    request_handler_memory_mb             = 127
    request_handler_timeout_seconds       = 6
    callback_handler_memory_mb            = 255
    callback_handler_timeout_seconds      = 29
    callback_handler_tmp_mb               = 511
    failure_handler_memory_mb             = 127
    failure_handler_timeout_seconds       = 44
    request_handler_reserved_concurrency  = 0
    callback_handler_reserved_concurrency = 0
    log_retention_days                    = 0
    tolerated_refused_signatures          = -1
  }

  expect_failures = [
    var.name,
    var.hmac_key_version,
    var.checks,
    var.request_handler_memory_mb,
    var.request_handler_timeout_seconds,
    var.callback_handler_memory_mb,
    var.callback_handler_timeout_seconds,
    var.callback_handler_tmp_mb,
    var.failure_handler_memory_mb,
    var.failure_handler_timeout_seconds,
    var.request_handler_reserved_concurrency,
    var.callback_handler_reserved_concurrency,
    var.log_retention_days,
    var.tolerated_refused_signatures,
  ]
}

run "too_large" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name                             = "runtask-with-a-name-of-forty-letters-abcd"
    request_handler_memory_mb        = 10241
    request_handler_timeout_seconds  = 61
    callback_handler_memory_mb       = 10241
    callback_handler_timeout_seconds = 901
    callback_handler_tmp_mb          = 10241
    failure_handler_memory_mb        = 10241
    failure_handler_timeout_seconds  = 901
    additional_layers                = [for version in range(1, 6) : "arn:aws:lambda:eu-central-1:123456789012:layer:certificates:${version}"]
  }

  expect_failures = [
    var.name,
    var.request_handler_memory_mb,
    var.request_handler_timeout_seconds,
    var.callback_handler_memory_mb,
    var.callback_handler_timeout_seconds,
    var.callback_handler_tmp_mb,
    var.failure_handler_memory_mb,
    var.failure_handler_timeout_seconds,
    var.additional_layers,
  ]
}

run "not_whole" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    hmac_key_version                      = 1.5
    request_handler_memory_mb             = 128.5
    request_handler_timeout_seconds       = 7.5
    callback_handler_memory_mb            = 256.5
    callback_handler_timeout_seconds      = 30.5
    callback_handler_tmp_mb               = 512.5
    failure_handler_memory_mb             = 128.5
    failure_handler_timeout_seconds       = 45.5
    request_handler_reserved_concurrency  = 1.5
    callback_handler_reserved_concurrency = 1.5
    log_retention_days                    = 30.5
    tolerated_refused_signatures          = 0.5
  }

  expect_failures = [
    var.hmac_key_version,
    var.request_handler_memory_mb,
    var.request_handler_timeout_seconds,
    var.callback_handler_memory_mb,
    var.callback_handler_timeout_seconds,
    var.callback_handler_tmp_mb,
    var.failure_handler_memory_mb,
    var.failure_handler_timeout_seconds,
    var.request_handler_reserved_concurrency,
    var.callback_handler_reserved_concurrency,
    var.log_retention_days,
    var.tolerated_refused_signatures,
  ]
}

run "unknown_or_reserved" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name               = "aws-runtask"
    architecture       = "riscv64"
    checks             = ["fmt", "lint"]
    on_error           = "ignored"
    settings           = { PATH = "/tmp" }
    log_retention_days = 31
    log_level          = "WARN"
    system_log_level   = "ERROR"
  }

  expect_failures = [
    var.name,
    var.architecture,
    var.checks,
    var.on_error,
    var.settings,
    var.log_retention_days,
    var.log_level,
    var.system_log_level,
  ]
}

run "of_the_wrong_form" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name              = "runtask-"
    kms_key           = "alias/runtask"
    allowed_origins   = ["https://tfe.example.com/"]
    additional_layers = ["arn:aws:lambda:eu-central-1:123456789012:layer:certificates"]
    alarm_topic_arns  = ["pager"]
    alarm_email       = "operations"
  }

  expect_failures = [
    var.name,
    var.kms_key,
    var.allowed_origins,
    var.additional_layers,
    var.alarm_topic_arns,
    var.alarm_email,
  ]
}

# Names that Parameter Store reserves, keys by alias, what infra/ sets itself.
run "of_other_wrong_forms" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name            = "ssm-runtask"
    kms_key         = "arn:aws:kms:eu-central-1:123456789012:alias/runtask"
    allowed_origins = ["tfe.example.com"]
    settings        = { RUNTASK_TABLE = "other" }
  }

  expect_failures = [
    var.name,
    var.kms_key,
    var.allowed_origins,
    var.settings,
  ]
}

# S-11: a typing error in a name, and a setting of another program.
run "a_setting_that_nobody_reads" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    settings = { RUNTASK_TERRAFROM_TIMEOUT_MS = "90000" }
  }

  expect_failures = [var.settings]
}

run "a_setting_that_only_serve_reads" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    settings = { RUNTASK_CONCURRENCY = "4" }
  }

  expect_failures = [var.settings]
}

# What depends on the file is looked at only once that has its form.
run "a_file_of_the_wrong_form" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "s3://acme-settings/*"
    tasks      = ["default"]
    settings   = { RUNTASK_CONFIG = "/opt/tasks.toml" }
  }

  expect_failures = [
    var.tasks_file,
    var.settings,
  ]
}

run "a_file_of_another_wrong_form" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm://acme/tasks"
    tasks      = ["default"]
    settings   = { RUNTASK_TASKS = "default" }
  }

  expect_failures = [
    var.tasks_file,
    var.settings,
  ]
}

run "tasks_of_the_wrong_form" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file         = "ssm:///acme/tasks"
    tasks              = ["default", "Policy"]
    tasks_file_kms_key = "alias/runtask"
  }

  expect_failures = [
    var.tasks,
    var.tasks_file_kms_key,
  ]
}

run "tasks_twice" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/tasks"
    tasks      = ["default", "default"]
  }

  expect_failures = [
    var.tasks,
  ]
}

run "tasks_of_no_file" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks              = ["healthz"]
    tasks_file_kms_key = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
  }

  expect_failures = [
    var.tasks,
    var.tasks_file_kms_key,
  ]
}

run "a_file_without_tasks" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    tasks_file = "ssm:///acme/tasks"
  }

  expect_failures = [
    var.tasks,
  ]
}

# Secrets have no place in variables.
run "secret_key" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    allowed_origins = ["https://user@tfe.example.com"]
    settings        = { HMAC_KEY = "example" }
  }

  expect_failures = [
    var.allowed_origins,
    var.settings,
  ]
}

run "secret_token" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    settings = { TF_TOKEN = "example" }
  }

  expect_failures = [
    var.settings,
  ]
}

run "secret_password" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    settings = { HTTPS_PROXY = "http://user:password@proxy.example.com:3128" }
  }

  expect_failures = [
    var.settings,
  ]
}

run "smallest" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name                                  = "rt"
    request_handler_memory_mb             = 128
    request_handler_timeout_seconds       = 7
    callback_handler_memory_mb            = 256
    callback_handler_timeout_seconds      = 30
    callback_handler_tmp_mb               = 512
    failure_handler_memory_mb             = 128
    failure_handler_timeout_seconds       = 45
    request_handler_reserved_concurrency  = 1
    callback_handler_reserved_concurrency = 1
    log_retention_days                    = 1
  }
}

run "largest" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    name                             = "runtask-with-a-name-of-forty-letters-abc"
    request_handler_memory_mb        = 10240
    request_handler_timeout_seconds  = 60
    callback_handler_memory_mb       = 10240
    callback_handler_timeout_seconds = 900
    callback_handler_tmp_mb          = 10240
    failure_handler_memory_mb        = 10240
    failure_handler_timeout_seconds  = 900
    log_retention_days               = 3653
    settings                         = { HTTPS_PROXY = "http://proxy.example.com:3128", RUNTASK_HTTP_TIMEOUT_MS = "5000" }
  }

  # It warns, and accepts.
  expect_failures = [check.callback_handler_timeout]
}

# The tests have no packages for arm64. What depends on these two is not looked at any more.
run "packages_that_are_not_there" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    architecture = "arm64"
  }

  expect_failures = [
    aws_lambda_function.failure_handler,
    aws_lambda_layer_version.terraform,
  ]
}

run "an_engine_that_there_is_not" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    fmt_engine = "tofu"
  }

  expect_failures = [var.fmt_engine]
}

run "too_little_memory_for_terraform" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    callback_handler_memory_mb = 128
  }

  expect_failures = [var.callback_handler_memory_mb]
}

run "reports" {
  command = plan

  module {
    source = "./tests/without-key"
  }

  variables {
    reports = { days = 366, public_url = "http://reports.example.com", memory_mb = 127, reserved_concurrency = 0 }
  }

  expect_failures = [var.reports]
}
